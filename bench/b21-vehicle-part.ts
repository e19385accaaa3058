/** B21: what one vehicle said and did in a large campaign, out of the log of all: evidence and messages. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteEventStore } from '../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { openSqliteReader } from '../src/adapters/read-model/sqlite/sqlite-reader.ts';
import { openSqliteReadModel } from '../src/adapters/read-model/sqlite/sqlite-writer.ts';
import { createEd25519Signer } from '../src/adapters/signing/ed25519/signer.ts';
import { createEvidenceService } from '../src/app/evidence/evidence-service.ts';
import type { VehiclePart } from '../src/app/evidence/vehicle-items.ts';
import type { Document, EventStore } from '../src/app/ports.ts';
import { rebuildProjection } from '../src/app/projector.ts';
import { messagePage } from '../src/app/vehicles/messages/history.ts';
import { campaignPolicy } from '../src/domain/campaign/policy.ts';
import type { DomainEvent } from '../src/domain/events.ts';
import type { Phase } from '../src/domain/rollout/events.ts';
import { SHARD_COUNT, shardOf } from '../src/domain/shared/shard.ts';
import { campaignStream, rolloutStream, targetsStream, vehicleStream } from '../src/domain/shared/streams.ts';
import { assignments } from '../src/projections/assignments.ts';
import { setAside } from '../src/projections/set-aside.ts';
import { defineBenchmark, median } from './benchmark.ts';

const campaignId = 'bench';
const planId = '00000000-0000-4000-8000-000000000001';
const SHARD = 0;
const AT = '2026-01-01T00:00:00.000Z';
/** Events that one decision of a shard appends together. */
const APPEND = 20;
/** Vehicles of the shard that are under way together, and of these every so many is away until the end. */
const BLOCK = 300;
const AWAY = 20;
const PAGE = 50;
/** Evidence and messages have to feel immediate. */
const GOAL_MS = 100;

const PATH: readonly [DomainEvent['type'], Phase, Phase][] = [
  ['UpdateOffered', 'waiting', 'offered'],
  ['UpdateAccepted', 'offered', 'accepted'],
  ['DownloadStarted', 'accepted', 'downloading'],
  ['DownloadCompleted', 'downloading', 'downloaded'],
  ['InstallStarted', 'downloaded', 'installing'],
  ['UpdateSucceeded', 'installing', 'succeeded'],
  ['UpdateHealthy', 'succeeded', 'succeeded'],
];

function stepOf(vehicleId: string, step: number): DomainEvent {
  const [type, from, to] = PATH[step] as (typeof PATH)[number];
  const base = { vehicleId, wave: 1, slice: 0, attempt: 1, offer: 1, from, to };
  if (type === 'UpdateOffered')
    return { type, data: { ...base, at: AT, validUntil: AT, vehicleRevision: 1 } };
  const report = { epoch: { tcu: 'T', reset: 0 }, seq: step, sentAt: AT };
  return {
    type,
    data: { ...base, report, receivedAt: AT, deadline: AT, ecus: [] },
  } as unknown as DomainEvent;
}

/** Vehicles of one shard, as many as it has of the whole campaign. */
function vehiclesOf(total: number): string[] {
  const found: string[] = [];
  for (let n = 0; found.length < Math.ceil(total / SHARD_COUNT); n++) {
    const id = `WFW${String(n).padStart(14, '0')}`;
    if (shardOf(id) === SHARD) found.push(id);
  }
  return found;
}

function* rolloutEvents(ids: readonly string[]): Generator<DomainEvent> {
  const away = ids.filter((_, n) => n % AWAY === 0);
  for (let first = 0; first < ids.length; first += BLOCK)
    for (let step = 0; step < PATH.length; step++)
      for (let n = first; n < Math.min(ids.length, first + BLOCK); n++)
        if (step === 0 || n % AWAY !== 0) yield stepOf(ids[n] ?? '', step);
  for (let step = 1; step < PATH.length; step++) for (const id of away) yield stepOf(id, step);
}

class Writer {
  readonly #store: EventStore;
  readonly #revisions = new Map<string, number>();
  #ids = 0;

  constructor(store: EventStore) {
    this.#store = store;
  }

  async append(stream: string, events: readonly DomainEvent[]): Promise<void> {
    const expectedRevision = this.#revisions.get(stream) ?? -1;
    const made = events.map(({ type, data }) => ({
      id: `event-${++this.#ids}`,
      type,
      schemaVersion: 1,
      data,
    }));
    const metadata = {
      actor: { kind: 'system' as const, id: 'bench' },
      time: AT,
      correlationId: 'bench',
      causationId: null,
      source: 'worker',
    };
    const [result] = await this.#store.append([{ stream, expectedRevision, events: made, metadata }]);
    if (result?.status !== 'appended') throw new Error(`not appended to ${stream}`);
    this.#revisions.set(stream, result.revision);
  }

  events(stream: string): number {
    return (this.#revisions.get(stream) ?? -1) + 1;
  }
}

async function fill(store: EventStore, ids: readonly string[], say: (line: string) => void): Promise<number> {
  const writer = new Writer(store);
  const gate = { successPercent: 90, failurePercent: 5, soak_s: 0, confirm: false };
  const policy = campaignPolicy.parse({
    artifacts: ['tcm@2.0.0'],
    waves: [{ name: 'all', size: { rest: true }, gate }],
  });
  await writer.append(campaignStream(campaignId), [
    { type: 'CampaignCreated', data: { campaignId, title: 'Bench', purpose: '', policy, by: 'ada' } },
    { type: 'TargetingDefined', data: { campaignId, planId, query: 'model==*', by: 'ada' } },
  ]);
  const at = { campaignId, shard: SHARD, planId };
  for (let from = 0; from < ids.length; from += 5000)
    await writer.append(targetsStream(campaignId, SHARD), [
      ...(from === 0 ? [{ type: 'TargetsOpened' as const, data: { ...at, lastEventId: null } }] : []),
      {
        type: 'TargetsListed',
        data: {
          ...at,
          slices: [],
          targets: ids.slice(from, from + 5000).map((id, n) => [id, 1, from + n, 0, 0]),
        },
      },
    ]);
  for (const vehicleId of ids)
    await writer.append(vehicleStream(vehicleId), [
      { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
    ]);
  let batch: DomainEvent[] = [];
  const stream = rolloutStream(campaignId, SHARD);
  for (const event of rolloutEvents(ids)) {
    batch.push(event);
    if (batch.length < APPEND) continue;
    await writer.append(stream, batch);
    batch = [];
    if (writer.events(stream) % 20_000 === 0) say(`${writer.events(stream)} events`);
  }
  if (batch.length > 0) await writer.append(stream, batch);
  return writer.events(stream);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export const benchmark = defineBenchmark({
  title: 'evidence and messages of one vehicle of a large campaign',
  options: {
    vehicles: {
      description: 'vehicles of the campaign; one of its 64 shards is written',
      default: 1_000_000,
    },
    samples: { description: 'vehicles asked for', default: 40 },
    whole: { description: 'vehicles for which the whole stream is read instead', default: 5 },
  },
  async run({ vehicles, samples, whole }, say) {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-b21-'));
    const store = await openSqliteEventStore({ path: join(directory, 'log.db') });
    const models = join(directory, 'read-models.db');
    try {
      const ids = vehiclesOf(vehicles);
      const events = await fill(store, ids, say);
      const writer = openSqliteReadModel(models);
      for (const projection of [assignments, setAside])
        await rebuildProjection({ log: store, writer }, projection);
      await writer.close();
      const reader = openSqliteReader(models);
      const { privateKey } = generateKeyPairSync('ed25519');
      const signer = createEd25519Signer(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
      const clock = { now: () => Date.parse(AT), sleep: async () => undefined };
      const evidence = createEvidenceService({ store, signer, clock });
      const all: VehiclePart = { campaignId, spans: [[0, events - 1]] };
      const took = {
        whole: [] as number[],
        near: [] as number[],
        away: [] as number[],
        messages: [] as number[],
      };
      for (let n = 0; n < samples; n++) {
        // Every other one was away until the end.
        const index = Math.floor((n / samples) * (ids.length / AWAY)) * AWAY + (n % 2);
        const id = ids[index] ?? '';
        const part = await reader.get<Document & VehiclePart>('assignments', `${campaignId}/${id}`);
        if (part === null) throw new Error(`${id} has no assignment`);
        took[n % 2 === 0 ? 'away' : 'near'].push(await timed(() => evidence.ofVehicle(id, id, [part])));
        const query = { direction: null, after: null };
        took.messages.push(await timed(() => messagePage({ log: store, reader }, id, query, PAGE)));
        if (n < whole) took.whole.push(await timed(() => evidence.ofVehicle(id, id, [all])));
      }
      reader.close();
      const slowest = Math.max(...took.near, ...took.away, ...took.messages);
      return {
        figures: [
          { name: 'events in the stream of the shard', value: events, unit: '' },
          { name: 'evidence, whole stream, median', value: median(took.whole), unit: 'ms' },
          { name: 'evidence, where its events are, median', value: median(took.near), unit: 'ms' },
          { name: 'the same, away from offer to the end', value: median(took.away), unit: 'ms' },
          { name: `newest ${PAGE} messages, median`, value: median(took.messages), unit: 'ms' },
          { name: 'slowest of all but the whole stream', value: slowest, unit: 'ms' },
        ],
        ratios: [
          {
            name: 'whole stream / where its events are',
            value: median(took.whole) / median(took.near),
            goal: 10,
          },
          { name: `${GOAL_MS} ms / the slowest`, value: GOAL_MS / slowest, goal: 1 },
        ],
        notes: [`Without HTTP. Appends of ${APPEND} events; the list of the shard is read whole in both.`],
      };
    } finally {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
});
