/** A small world around a shard worker: a log in memory, a clock that is set, a link that writes down. */
import { createHash } from 'node:crypto';
import {
  createMemoryEventStore,
  type MemoryEventStoreOptions,
} from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import type {
  Clock,
  DownMessage,
  EventStore,
  FeedbackRecord,
  RecordedEvent,
} from '../../../src/app/ports.ts';
import {
  createShardWorker,
  type ShardWorker,
  type ShardWorkerDeps,
} from '../../../src/app/rollout/shard-worker.ts';
import { artifactDecider, manifestDigestOf } from '../../../src/domain/artifact/decide.ts';
import type { Artifact } from '../../../src/domain/artifact/state.ts';
import { type CampaignPolicy, campaignPolicy } from '../../../src/domain/campaign/policy.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { shardOf } from '../../../src/domain/shared/shard.ts';
import * as streams from '../../../src/domain/shared/streams.ts';
import { grants, receipt, update } from '../../../src/protocol/messages.ts';

export const SHARD = 7;
export const T0 = Date.parse('2030-01-01T12:00:00.000Z');
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const iso = (ms: number): string => new Date(ms).toISOString();

/** Vehicle ids of one shard. */
export function idsOf(count: number, shard: number = SHARD): string[] {
  const ids: string[] = [];
  for (let i = 0; ids.length < count; i++) {
    const id = `VEH${String(i).padStart(14, '0')}`;
    if (shardOf(id) === shard) ids.push(id);
  }
  return ids;
}

export class TestClock implements Clock {
  ms = T0;
  now(): number {
    return this.ms;
  }
  async sleep(): Promise<void> {}
}

let serial = 0;
export const uuid = (): string => `00000000-0000-4000-8000-${String(++serial).padStart(12, '0')}`;

export interface Said {
  readonly seq: number;
  readonly offer?: number;
  readonly attempt?: number;
  readonly tcu?: string;
  readonly reset?: number;
  readonly campaignId?: string;
}

const fields: Record<string, object> = {
  'precondition-unmet': { names: ['battery'] },
  failed: { code: 'E1' },
  reverted: { code: 'R1' },
};

export class World {
  readonly clock = new TestClock();
  readonly store: EventStore;
  readonly sent: DownMessage[] = [];
  readonly fenced: number[] = [];
  readonly errors: string[] = [];
  watermark_ms = Number.POSITIVE_INFINITY;
  linkFails = false;
  grantsFail = false;
  readonly worker: ShardWorker;

  constructor(options: MemoryEventStoreOptions = {}, from?: World) {
    this.store = from?.store ?? createMemoryEventStore(options);
    this.worker = this.newWorker();
  }

  newWorker(more: Partial<ShardWorkerDeps> = {}): ShardWorker {
    return createShardWorker({
      store: this.store,
      link: {
        send: async (messages) => {
          if (this.linkFails) throw new Error('the link is down');
          this.sent.push(...messages);
        },
      },
      grants: {
        build: async (requests) => {
          if (this.grantsFail) throw new Error('no key');
          return requests.map(({ vehicleId }) => ({
            token: `token-${vehicleId}`,
            expiresAt: iso(this.clock.ms + 3_600_000),
            contentBase: 'http://127.0.0.1:7400',
            files: [
              {
                artifactId: 'tcm@2.0.0',
                name: 'a.bin',
                fileId: '0b9ad9a4-3a08-4b1c-8a0b-111111111111',
                key: 'a2V5',
                ciphertext: { sha256: sha256('c'), size: 20 },
              },
            ],
          }));
        },
      },
      clock: this.clock,
      watermark: () => Math.min(this.clock.ms, this.watermark_ms),
      newId: uuid,
      digest: sha256,
      worker: 'test',
      timeoutGrace_ms: 0,
      onFenced: (shard) => this.fenced.push(shard),
      onError: (error, what) => this.errors.push(`${what}: ${String(error)}`),
      ...more,
    });
  }

  /** Appends as the API or a process manager would. @returns the id of the last event. */
  async append(stream: string, ...events: DomainEvent[]): Promise<string> {
    const revision = (await this.stream(stream)).at(-1)?.revision ?? -1;
    const made = events.map(({ type, data }) => ({ id: uuid(), type, schemaVersion: 1, data }));
    const metadata = {
      actor: { kind: 'person', id: 'ada' } as const,
      time: iso(this.clock.ms),
      correlationId: uuid(),
      causationId: null,
      source: 'http',
    };
    const [result] = await this.store.append([
      { stream, expectedRevision: revision, events: made, metadata },
    ]);
    if (result?.status !== 'appended') throw new Error(`append: ${JSON.stringify(result)}`);
    return made.at(-1)?.id ?? '';
  }

  async stream(name: string): Promise<readonly RecordedEvent[]> {
    return (await this.store.readStreams([name]))[0] ?? [];
  }

  rollout(campaignId = 'c1', shard = SHARD): Promise<readonly RecordedEvent[]> {
    return this.stream(streams.rolloutStream(campaignId, shard));
  }

  async types(campaignId = 'c1'): Promise<string[]> {
    return (await this.rollout(campaignId)).map((event) => event.type);
  }

  async artifact(id = 'tcm@2.0.0', ecuType = 'TCM', softwareBefore = '>=1.0.0'): Promise<void> {
    const [name = '', version = ''] = id.split('@');
    const by = 'ada';
    const registered = {
      artifactId: id,
      name,
      version,
      versionScheme: 'semver' as const,
      kind: 'firmware' as const,
      target: { ecuType, component: 'main' },
      releaseType: 'routine' as const,
      releaseNotes: '',
      supersedes: null,
      requirements: {
        hardware: [],
        previousSoftware: { range: softwareBefore },
        regions: [],
        models: [],
        variants: [],
        dependencies: [],
      },
      by,
    };
    const file = {
      artifactId: id,
      name: 'a.bin',
      size: 4,
      sha256: sha256('a'),
      ciphertext: { sha256: sha256('c'), size: 20 },
      fileId: '0b9ad9a4-3a08-4b1c-8a0b-111111111111',
      wrappedKey: { masterKeyId: 'm1', value: 'AAAA' },
      by,
    };
    const events: DomainEvent[] = [
      { type: 'ArtifactRegistered', data: registered },
      { type: 'FileStored', data: file },
    ];
    const state = events.reduce(
      (s, event) => artifactDecider.evolve(s, event as Parameters<typeof artifactDecider.evolve>[1]),
      artifactDecider.initialState,
    ) as Artifact;
    const manifestDigest = manifestDigestOf(state, sha256);
    const signatures = [{ keyId: 'k1', alg: 'ed25519' as const, value: 'AAAA' }];
    events.push({ type: 'ArtifactReleased', data: { artifactId: id, manifestDigest, signatures, by } });
    await this.append(streams.artifactStream(id), ...events);
  }

  async vehicle(vehicleId: string, software = '1.0.0'): Promise<void> {
    const component = { name: 'main', part: 'P', softwareVersion: software };
    const ecu = (type: string) => ({
      type,
      position: '',
      serial: `S-${type}`,
      hardware: { part: 'H', version: '1' },
      components: [component],
    });
    await this.append(
      streams.vehicleStream(vehicleId),
      { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
      {
        type: 'VehicleDescribed',
        data: {
          vehicleId,
          description: {
            brand: 'B',
            model: 'M',
            variant: '',
            region: 'DE',
            timeZone: 'Europe/Berlin',
            tags: [],
            buildDate: null,
          },
        },
      },
      {
        type: 'InventoryReported',
        data: { vehicleId, source: 'plant', ecus: [ecu('TCM'), ecu('ADAS')], report: null },
      },
    );
  }

  /** Creates, freezes and starts a campaign; waves by vehicle, wave 1 released. */
  async campaign(
    vehicleIds: readonly string[],
    policy: Partial<CampaignPolicy> = {},
    campaignId = 'c1',
    waveOf: (index: number) => number = () => 1,
  ): Promise<void> {
    const planId = uuid();
    const waves = Math.max(1, ...vehicleIds.map((_, i) => waveOf(i)));
    const gate = { successPercent: 90, failurePercent: 10, soak_s: 0, confirm: false };
    const full = campaignPolicy.parse({
      artifacts: ['tcm@2.0.0'],
      waves: Array.from({ length: waves }, (_, i) => ({ name: `w${i + 1}`, size: { vehicles: 1 }, gate })),
      ...policy,
    });
    const shards = Array.from({ length: 64 }, () => 0);
    const by = 'ada';
    for (const id of vehicleIds) shards[shardOf(id)] = (shards[shardOf(id)] ?? 0) + 1;
    for (const [shard, count] of shards.entries()) {
      if (count === 0) continue;
      const mine = vehicleIds
        .map((id, i) => [id, waveOf(i), i, 2, 0] as [string, number, number, number, number])
        .filter(([id]) => shardOf(id) === shard);
      const slice = {
        brand: 'B',
        model: 'M',
        variant: '',
        region: 'DE',
        timeZone: 'Europe/Berlin',
        hardware: 'H',
        software: '1.0.0',
      };
      await this.append(
        streams.targetsStream(campaignId, shard),
        { type: 'TargetsOpened', data: { campaignId, shard, planId, lastEventId: null } },
        { type: 'TargetsListed', data: { campaignId, shard, planId, slices: [slice], targets: mine } },
        { type: 'TargetsClosed', data: { campaignId, shard, planId, targets: count, digest: sha256('t') } },
      );
    }
    const frozen = {
      campaignId,
      planId,
      query: 'model==M',
      targets: vehicleIds.length,
      incompatible: 0,
      reasons: [],
      waves: Array.from({ length: waves }, () => 0),
      shards,
      digest: sha256('t'),
      lastEventId: null,
    };
    await this.append(
      streams.campaignStream(campaignId),
      { type: 'CampaignCreated', data: { campaignId, title: 'T', purpose: '', policy: full, by } },
      { type: 'TargetingDefined', data: { campaignId, planId, query: 'model==M', by } },
      { type: 'TargetsFrozen', data: frozen },
      { type: 'CampaignApproved', data: { campaignId, planDigest: sha256('p'), note: '', by: 'bob' } },
      { type: 'CampaignStarted', data: { campaignId, planDigest: sha256('p'), cause: null } },
      { type: 'WaveReleased', data: { campaignId, wave: 1, cause: null } },
    );
  }

  toCampaign(event: DomainEvent, campaignId = 'c1'): Promise<string> {
    return this.append(streams.campaignStream(campaignId), event);
  }

  pause = (): Promise<string> =>
    this.toCampaign({
      type: 'CampaignPaused',
      data: { campaignId: 'c1', reason: 'r', code: 'operator', cause: null },
    });
  resume = (): Promise<string> =>
    this.toCampaign({ type: 'CampaignResumed', data: { campaignId: 'c1', reason: 'r', by: 'ada' } });
  abort = (): Promise<string> =>
    this.toCampaign({ type: 'AbortRequested', data: { campaignId: 'c1', reason: 'r', by: 'ada' } });

  /** Lets the subscription deliver what was appended. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  message(vehicleId: string, kind: string, said: Said): FeedbackRecord {
    const { seq, offer = 1, attempt = 1, tcu = 'T1', reset = 0, campaignId = 'c1' } = said;
    const body = { v: 1, epoch: { tcu, reset }, seq, kind, campaignId, offer, attempt, ...fields[kind] };
    return this.raw(vehicleId, JSON.stringify(body));
  }

  raw(vehicleId: string, text: string, channel: 'feedback' | 'inventory' = 'feedback'): FeedbackRecord {
    return {
      vehicleId,
      shard: SHARD,
      channel,
      payload: new TextEncoder().encode(text),
      receivedAt: this.clock.ms,
    };
  }

  inventory(vehicleId: string, seq: number, software: string, tcu = 'T1'): FeedbackRecord {
    const ecus = [
      {
        type: 'TCM',
        serial: 'S-TCM',
        hardware: { part: 'H', version: '1' },
        components: [{ softwareVersion: software }],
      },
    ];
    return this.raw(vehicleId, JSON.stringify({ v: 1, epoch: { tcu, reset: 0 }, seq, ecus }), 'inventory');
  }

  says(vehicleId: string, kind: string, said: Said): Promise<void> {
    return this.worker.process(SHARD, [this.message(vehicleId, kind, said)]);
  }

  /** What was sent on a topic, decoded and checked against the protocol, oldest first. */
  on(topic: 'update' | 'grant' | 'receipt', vehicleId?: string) {
    const schema = { update, grant: grants, receipt }[topic];
    return this.sent
      .filter((message) => message.topic === topic)
      .filter((message) => vehicleId === undefined || message.vehicleId === vehicleId)
      .map((message) => schema.parse(JSON.parse(new TextDecoder().decode(message.payload))));
  }

  /** Offer numbers of the last update message of a vehicle. */
  open(vehicleId: string): number[] {
    const last = update.parse(this.on('update', vehicleId).at(-1) ?? { v: 1, offers: [] });
    return last.offers.map((offer) => offer.offer);
  }

  receipted(vehicleId: string): number[] {
    return this.on('receipt', vehicleId).flatMap((message) =>
      receipt
        .parse(message)
        .seqs.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
    );
  }
}

/** The store of a worker that is cut off from news about shards: it learns of a takeover only when it appends. */
export const deafStore = (store: EventStore): EventStore => ({
  append: (requests) => store.append(requests),
  readStream: (stream, options) => store.readStream(stream, options),
  readStreams: (names) => store.readStreams(names),
  readAll: (options) => store.readAll(options),
  appends: (after) => store.appends(after),
  streamAppends: (stream, from) => store.streamAppends(stream, from),
  subscribe: (options) =>
    store.subscribe({
      ...options,
      prefixes: (options.prefixes ?? []).filter((prefix) => prefix !== 'shard-'),
    }),
  head: () => store.head(),
  verify: (stream) => store.verify(stream),
  close: () => store.close(),
});

/** A running campaign over these vehicles with its first offers made. */
export async function started(
  count: number,
  policy: Partial<CampaignPolicy> = {},
  options: MemoryEventStoreOptions = {},
): Promise<{ world: World; ids: string[] }> {
  const world = new World(options);
  const ids = idsOf(count);
  await world.artifact();
  for (const id of ids) await world.vehicle(id);
  await world.campaign(ids, policy);
  await world.worker.assign([SHARD]);
  await world.worker.tick();
  return { world, ids };
}
