/** Another plan over the record of a large campaign, from assignments in SQLite: how long, and how long others wait. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openSqliteReader } from '../src/adapters/read-model/sqlite/sqlite-reader.ts';
import { openSqliteReadModel } from '../src/adapters/read-model/sqlite/sqlite-writer.ts';
import type { RecordedEvent } from '../src/app/ports.ts';
import { AS_RECORDED, type Change } from '../src/app/what-if/change.ts';
import { createWhatIf, type WhatIfService } from '../src/app/what-if/what-if-service.ts';
import type { CampaignEvent } from '../src/domain/campaign/events.ts';
import { campaignPolicy } from '../src/domain/campaign/policy.ts';
import { campaignStream } from '../src/domain/shared/streams.ts';
import { assignments } from '../src/projections/assignments.ts';
import { campaigns } from '../src/projections/campaigns.ts';
import { progress } from '../src/projections/progress.ts';
import { defineBenchmark, type Figure, median } from './benchmark.ts';

const campaignId = 'bench';
const planId = '00000000-0000-4000-8000-000000000001';
const DIGEST = 'd'.repeat(64);
const START_MS = Date.UTC(2026, 0, 1);
const WRITTEN_AT_ONCE = 5000;
const MODELS = 12;
const REGIONS = ['DE', 'FR', 'GB', 'IT', 'ES', 'SE', 'NL', 'PL'];
const OFFERS_A_SECOND = 1000;

const gate = { successPercent: 80, failurePercent: 10, soak_s: 600, confirm: false };
const policy = campaignPolicy.parse({
  artifacts: ['tcm@2.0.0'],
  waves: [
    { name: 'pilot', size: { percent: 5 }, gate },
    { name: 'early', size: { percent: 25 }, gate },
    { name: 'rest', size: { rest: true }, gate },
  ],
});

function historyOf(targets: number, endedAt: number): RecordedEvent[] {
  const of = { campaignId, planId, query: 'model==*' };
  const frozen = { ...of, targets, incompatible: 0, reasons: [], waves: [targets], shards: [targets] };
  const events: readonly (readonly [number, CampaignEvent])[] = [
    [0, { type: 'CampaignCreated', data: { campaignId, title: 'Bench', purpose: '', policy, by: 'ada' } }],
    [0, { type: 'TargetingDefined', data: { ...of, by: 'ada' } }],
    [0, { type: 'TargetsFrozen', data: { ...frozen, digest: DIGEST, lastEventId: null } }],
    [0, { type: 'CampaignApproved', data: { campaignId, planDigest: DIGEST, note: '', by: 'bob' } }],
    [0, { type: 'CampaignStarted', data: { campaignId, planDigest: DIGEST, cause: null } }],
    [0, { type: 'WaveReleased', data: { campaignId, wave: 1, cause: null } }],
    [endedAt - START_MS, { type: 'CampaignCompleted', data: { campaignId, cause: null } }],
  ];
  return events.map(([after_ms, { type, data }], revision) => ({
    id: `e${revision}`,
    type,
    schemaVersion: 1,
    data,
    stream: campaignStream(campaignId),
    revision,
    position: String(revision).padStart(16, '0'),
    metadata: {
      actor: { kind: 'person', id: 'ada' },
      time: new Date(START_MS + after_ms).toISOString(),
      correlationId: 'c',
      causationId: null,
      source: 'bench',
    },
  }));
}

/** Every 25th fails; from three minutes to three hours. */
function assignment(n: number): { readonly document: Record<string, unknown>; readonly endedAt: number } {
  const offeredAt_ms = START_MS + Math.floor((n / OFFERS_A_SECOND) * 1000);
  const endedAt = offeredAt_ms + 180_000 + ((n * 7919) % 10_000_000);
  const phase = n % 25 === 0 ? 'failed' : 'succeeded';
  const last = { phase, at_ms: endedAt };
  const document = {
    campaignId,
    vehicleId: `WFW${String(n).padStart(14, '0')}`,
    planId,
    wave: 1,
    rank: n,
    vehicleRevision: 3,
    model: `M${n % MODELS}`,
    region: REGIONS[n % REGIONS.length],
    timeZone: 'Europe/Berlin',
    phase,
    attempt: 1,
    offer: 1,
    outcome: null,
    course: {
      offeredAt_ms,
      openedAt_ms: offeredAt_ms,
      unanswered_ms: null,
      acceptedAt_ms: offeredAt_ms + 60_000,
      waits: [],
      first: last,
      last,
    },
    updatedAt: new Date(endedAt).toISOString(),
  };
  return { document, endedAt };
}

async function fill(path: string, vehicles: number, progressed: (line: string) => void): Promise<number> {
  const writer = openSqliteReadModel(path);
  for (const { name, collections } of [assignments, campaigns, progress])
    await writer.prepare(name, collections);
  await writer.write('campaigns', {
    puts: [{ id: campaignId, collection: 'campaigns', position: '1', eventId: 'e', state: 'completed' }],
    deletes: [],
    checkpoint: '1',
  });
  let endedAt = START_MS;
  for (let from = 0; from < vehicles; from += WRITTEN_AT_ONCE) {
    const puts = Array.from({ length: Math.min(WRITTEN_AT_ONCE, vehicles - from) }, (_, k) => {
      const one = assignment(from + k);
      endedAt = Math.max(endedAt, one.endedAt);
      const id = `${campaignId}/${String(one.document['vehicleId'])}`;
      return { ...one.document, id, collection: 'assignments', position: '1', eventId: 'e' };
    });
    await writer.write('assignments', { puts, deletes: [], checkpoint: '1' });
    if (from % 100_000 === 0) progressed(`${from} assignments written`);
  }
  await writer.close();
  return endedAt;
}

/** How long it took, and the longest that anything else in the process had to wait. */
async function timed(name: string, service: WhatIfService, change: Partial<Change>): Promise<Figure[]> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = process.cpuUsage();
  const question = { campaignId, change: { ...AS_RECORDED, ...change }, points: 120 };
  const asked = await service.ask(question, new AbortController().signal);
  const { user, system } = process.cpuUsage(started);
  delay.disable();
  if (!asked.ok) throw new Error(`it was refused: ${asked.why}`);
  return [
    { name: `${name}: CPU`, value: (user + system) / 1e6, unit: 's' },
    { name: `${name}: others waited at the median`, value: delay.percentile(50) / 1e6, unit: 'ms' },
    { name: `${name}: others waited, p99`, value: delay.percentile(99) / 1e6, unit: 'ms' },
  ];
}

export const benchmark = defineBenchmark({
  title: 'What-if over the record of a large campaign',
  options: {
    vehicles: { description: 'vehicles of the campaign', default: 1_000_000 },
    again: { description: 'questions after the first', default: 5 },
  },
  async run({ vehicles, again }, progressed) {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-bench-'));
    try {
      const path = join(directory, 'read-models.sqlite');
      const endedAt = await fill(path, vehicles, progressed);
      const reader = openSqliteReader(path);
      const history = historyOf(vehicles, endedAt);
      const log = {
        async *readStream() {
          yield history;
        },
      };
      const service = createWhatIf(reader, log, { now: () => Date.now() }, async () => true);
      const before = process.memoryUsage().rss;
      const first = await timed('first question', service, { plan: { maxInFlight: 50_000 } });
      const rounds: Figure[][] = [];
      for (let n = 0; n < again; n++)
        rounds.push(await timed('further question', service, { plan: { offersPerMinute: 30_000 + n } }));
      const further = (rounds[0] ?? []).map(({ name, unit }, index) => ({
        name,
        unit,
        value: median(rounds.map((round) => round[index]?.value ?? 0)),
      }));
      const grown = {
        name: 'memory more than before',
        value: (process.memoryUsage().rss - before) / 2 ** 20,
        unit: 'MiB',
      };
      reader.close();
      return {
        figures: [...first, ...further, grown],
        ratios: [],
        notes: ['The first question reads the record; further ones find it kept.'],
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
});
