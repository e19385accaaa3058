/** B13: any past instant of a large campaign, from the history that its projection keeps in SQLite. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteReader } from '../src/adapters/read-model/sqlite/sqlite-reader.ts';
import { openSqliteReadModel } from '../src/adapters/read-model/sqlite/sqlite-writer.ts';
import { campaignStateAt } from '../src/api/history/campaign-state.ts';
import { campaignSeries, inBuckets } from '../src/api/history/series.ts';
import type { EventBatch, ReadModelReader, RecordedEvent } from '../src/app/ports.ts';
import { rebuildProjection } from '../src/app/projector.ts';
import type { DomainEvent } from '../src/domain/events.ts';
import type { Phase } from '../src/domain/rollout/events.ts';
import { campaignStream, rolloutStream, targetsStream } from '../src/domain/shared/streams.ts';
import { historySpan } from '../src/projections/history/read.ts';
import { progress } from '../src/projections/progress.ts';
import { defineBenchmark, median } from './benchmark.ts';

const GOAL_MS = 100;
const SHARDS = 64;
const MODELS = 12;
const REGIONS = ['DE', 'FR', 'GB', 'IT', 'ES', 'SE', 'NL', 'PL'];
const BATCH = 1000;
const LISTED_AT_ONCE = 5000;
const START_MS = Date.UTC(2026, 0, 1);
const campaignId = 'bench';
const planId = '00000000-0000-4000-8000-000000000001';
const WAVES = 4;

const gate = { successPercent: 90, failurePercent: 5, soak_s: 0, confirm: false };
const opening: readonly DomainEvent[] = [
  {
    type: 'CampaignCreated',
    data: {
      campaignId,
      title: 'Bench',
      purpose: '',
      by: 'ada',
      policy: {
        artifacts: ['tcm@2.0.0'],
        waves: Array.from({ length: WAVES }, (_, n) => ({
          name: `wave ${n + 1}`,
          size: n === WAVES - 1 ? { rest: true } : { percent: 25 },
          gate,
        })),
        maxAttempts: 3,
        attemptTimeout_s: 3600,
        offerValid_s: 3600,
        retryDelay_s: 60,
        window: null,
        startAt: null,
        endAt: null,
        offersPerMinute: null,
        maxInFlight: null,
        preconditions: [],
        consentTextKey: null,
      },
    },
  },
  { type: 'TargetingDefined', data: { campaignId, planId, query: 'model==*', by: 'ada' } },
];

/** The steps of one vehicle; every 25th fails and is offered again. */
const PATH: readonly [DomainEvent['type'], Phase, Phase][] = [
  ['UpdateOffered', 'waiting', 'offered'],
  ['UpdateAccepted', 'offered', 'accepted'],
  ['DownloadStarted', 'accepted', 'downloading'],
  ['DownloadCompleted', 'downloading', 'downloaded'],
  ['InstallStarted', 'downloaded', 'installing'],
  ['UpdateSucceeded', 'installing', 'succeeded'],
  ['UpdateHealthy', 'succeeded', 'succeeded'],
];

const AT = new Date(START_MS).toISOString();
const vehicleId = (n: number): string => `WFW${String(n).padStart(14, '0')}`;

function stepOf(n: number, step: number): DomainEvent {
  const [type, from, to] = PATH[step] as (typeof PATH)[number];
  const base = {
    vehicleId: vehicleId(n),
    wave: 1 + (n % WAVES),
    slice: n % 96,
    attempt: 1,
    offer: 1,
    from,
    to,
  };
  if (type === 'UpdateOffered')
    return { type, data: { ...base, at: AT, validUntil: AT, vehicleRevision: 1 } };
  const data = {
    ...base,
    report: { epoch: { tcu: 'T', reset: 0 }, seq: step, sentAt: null },
    receivedAt: AT,
  };
  if (type === 'UpdateSucceeded' && n % 25 === 0)
    return {
      type: 'UpdateFailed',
      data: { ...data, to: 'failed', code: `code-${n % 7}`, message: '', ecus: [], notBefore: null },
    };
  return { type, data: { ...data, deadline: AT, ecus: [] } } as unknown as DomainEvent;
}

/** Lists, then vehicles in blocks that are under way together, as a rate limit makes them. */
function* eventsOf(vehicles: number): Generator<[stream: string, event: DomainEvent]> {
  for (const event of opening) yield [campaignStream(campaignId), event];
  const slices = Array.from({ length: MODELS * REGIONS.length }, (_, n) => ({
    brand: 'B',
    model: `M${n % MODELS}`,
    variant: '',
    region: REGIONS[Math.floor(n / MODELS)] ?? '',
    timeZone: 'UTC',
    hardware: `H${n % 4}`,
    software: `1.${n % 9}.0`,
  }));
  for (let shard = 0; shard < SHARDS; shard++) {
    const at = { campaignId, shard, planId };
    const stream = targetsStream(campaignId, shard);
    yield [stream, { type: 'TargetsOpened', data: { ...at, lastEventId: null } }];
    const mine = Math.ceil((vehicles - shard) / SHARDS);
    for (let i = 0; i < mine; i += LISTED_AT_ONCE) {
      const targets = Array.from({ length: Math.min(LISTED_AT_ONCE, mine - i) }, (_, k) => {
        const n = (i + k) * SHARDS + shard;
        return [vehicleId(n), 1 + (n % WAVES), n, 1, n % 96] as [string, number, number, number, number];
      });
      yield [stream, { type: 'TargetsListed', data: { ...at, slices: i === 0 ? slices : [], targets } }];
    }
    yield [stream, { type: 'TargetsClosed', data: { ...at, targets: mine, digest: 'a'.repeat(64) } }];
  }
  const block = 20_000;
  for (let first = 0; first < vehicles; first += block)
    for (let step = 0; step < PATH.length; step++)
      for (let n = first; n < Math.min(vehicles, first + block); n++)
        if (!(n % 25 === 0 && step === PATH.length - 1))
          yield [rolloutStream(campaignId, n % SHARDS), stepOf(n, step)];
}

async function* logOf(vehicles: number): AsyncGenerator<EventBatch> {
  let events: RecordedEvent[] = [];
  let sequence = 0;
  for (const [stream, event] of eventsOf(vehicles)) {
    const position = (++sequence).toString(16).padStart(16, '0');
    // About 1,000 events a second.
    const time = new Date(START_MS + sequence).toISOString();
    const metadata = {
      actor: { kind: 'system', id: 'b' },
      time,
      correlationId: 'b',
      causationId: null,
      source: 'b',
    };
    const { type, data } = event;
    events.push({
      id: position,
      type,
      schemaVersion: 1,
      data,
      stream,
      revision: 0,
      position,
      metadata,
    } as RecordedEvent);
    if (events.length < BATCH) continue;
    yield { events, position };
    events = [];
  }
  yield { events, position: sequence.toString(16).padStart(16, '0') };
}

const campaignLog = {
  async *readStream(): AsyncGenerator<readonly RecordedEvent[]> {
    for await (const { events } of logOf(1))
      yield events.filter(({ stream }) => stream === campaignStream(campaignId));
  },
};

async function instants(reader: ReadModelReader, samples: number): Promise<number[]> {
  const span = await historySpan(reader, campaignId);
  if (span === null) throw new Error('there is no history');
  const took: number[] = [];
  for (let n = 0; n < samples; n++) {
    // A golden step visits the whole time without order, so that nothing is read twice in a row.
    const share = (n * 0.6180339887) % 1;
    const instant_ms = Math.round(span.from_ms + (span.to_ms - span.from_ms) * share);
    const started = performance.now();
    await campaignStateAt(reader, campaignLog, campaignId, { instant_ms });
    took.push(performance.now() - started);
  }
  return took.sort((a, b) => a - b);
}

export const benchmark = defineBenchmark({
  title: 'any past instant of a large campaign',
  options: {
    vehicles: { description: 'vehicles of the campaign', default: 1_000_000 },
    samples: { description: 'instants asked for', default: 500 },
  },
  async run({ vehicles, samples }, say) {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-b13-'));
    const path = join(directory, 'read-models.db');
    try {
      const writer = openSqliteReadModel(path);
      let events = 0;
      const started = performance.now();
      await rebuildProjection({ log: { readAll: () => logOf(vehicles) }, writer }, progress, (_, seen) => {
        if (seen % 500_000 === 0) say(`${seen} events`);
        events = seen;
      });
      const fold_ms = performance.now() - started;
      await writer.close();
      const reader = openSqliteReader(path);
      const took = await instants(reader, samples);
      const began = performance.now();
      await campaignSeries(reader, campaignId, {}, (span) => inBuckets(span, 100));
      const series_ms = performance.now() - began;
      reader.close();
      const slowest = took.at(-1) ?? 0;
      const bytes = (await stat(path)).size;
      return {
        figures: [
          { name: 'events', value: events, unit: '' },
          { name: 'state at an instant, median', value: median(took), unit: 'ms' },
          {
            name: 'state at an instant, p99',
            value: took[Math.floor(took.length * 0.99)] ?? slowest,
            unit: 'ms',
          },
          { name: 'state at an instant, slowest', value: slowest, unit: 'ms' },
          { name: 'series of 100 steps', value: series_ms, unit: 'ms' },
          { name: 'folding and recording all of it', value: fold_ms / 1000, unit: 's' },
          { name: 'kept per event', value: bytes / events, unit: 'bytes' },
        ],
        ratios: [
          { name: `${GOAL_MS} ms / the slowest instant`, value: GOAL_MS / slowest, goal: 1 },
          { name: 'folding from zero / the slowest instant', value: fold_ms / slowest, goal: 1 },
        ],
        notes: ['A made-up log straight into the projection; without HTTP, which adds about a millisecond.'],
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
});
