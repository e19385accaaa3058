/** A log in memory, a clock that is moved by hand, and shard workers that only write events. */
import { createHash, randomUUID } from 'node:crypto';
import {
  createMemoryEventStore,
  type MemoryEventStoreOptions,
} from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { runCampaignCommand } from '../../../src/app/campaigns/lookups.ts';
import { type Runtime, toNewEvents } from '../../../src/app/handle-command.ts';
import type { Clock, Log, RecordedEvent } from '../../../src/app/ports.ts';
import type { CampaignCommand } from '../../../src/domain/campaign/commands.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import type { Phase } from '../../../src/domain/rollout/events.ts';
import {
  artifactStream,
  campaignStream,
  FLEET_STREAM,
  rolloutStream,
} from '../../../src/domain/shared/streams.ts';
import { ID, policyOf, shards } from '../../domain/campaign/samples.ts';

export class HandClock implements Clock {
  #now = Date.UTC(2027, 2, 1, 12);
  readonly #sleepers = new Set<{ at: number; wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { at: this.#now + ms, wake: () => {} };
      sleeper.wake = () => {
        this.#sleepers.delete(sleeper);
        resolve();
      };
      signal?.addEventListener('abort', sleeper.wake, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** Lets everything settle, then moves on and wakes whoever's time has come. */
  async advance(ms: number): Promise<void> {
    await settle();
    this.#now += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#now) sleeper.wake();
    await settle();
  }
}

/** Everything here is in memory: some turns of the event loop are enough for all of it to come to rest. */
export async function settle(turns = 60): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function createWorld(options: MemoryEventStoreOptions = {}) {
  const store = createMemoryEventStore(options);
  const clock = new HandClock();
  const problems: string[] = [];
  const log: Log = (level, message) => {
    if (level !== 'info') problems.push(message);
  };
  const runtime: Runtime = {
    store,
    now: () => clock.now(),
    newId: () => randomUUID(),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  };
  const eventsOf = async (stream: string): Promise<readonly RecordedEvent[]> =>
    (await store.readStreams([stream]))[0] ?? [];

  const write = async (stream: string, ...events: DomainEvent[]): Promise<string> => {
    const revision = (await eventsOf(stream)).at(-1)?.revision ?? -1;
    const wrapped = toNewEvents(events, runtime.newId);
    const time = new Date(clock.now()).toISOString();
    const metadata = {
      actor: { kind: 'system', id: 'test' } as const,
      time,
      correlationId: 'c',
      causationId: null,
      source: 'worker',
    };
    const [result] = await store.append([{ stream, expectedRevision: revision, events: wrapped, metadata }]);
    if (result?.status !== 'appended') throw new Error(`not appended: ${result?.status}`);
    return wrapped.at(-1)?.id ?? '';
  };

  const command = async (by: string, issued: CampaignCommand, campaignId = ID): Promise<void> => {
    const outcome = await runCampaignCommand(runtime, campaignId, issued, {
      actor: { kind: 'person', id: by },
      source: 'http',
    });
    if (!outcome.ok) throw new Error(`${issued.type}: ${outcome.rejection.code}`);
  };

  const artifact = (artifactId: string, ...more: DomainEvent[]): Promise<string> =>
    write(artifactStream(artifactId), ...released(artifactId), ...more);

  /** A vehicle of a shard moves. */
  const move = (
    shard: number,
    wave: number,
    from: Phase,
    to: Phase,
    vehicleId = 'V1',
    campaignId = ID,
  ): Promise<string> => {
    const base = { vehicleId, wave, slice: 0, attempt: 1, offer: 1, from, to };
    const at = new Date(clock.now()).toISOString();
    const event: DomainEvent =
      to === 'offered'
        ? { type: 'UpdateOffered', data: { ...base, at, validUntil: at, vehicleRevision: 0 } }
        : { type: 'UpdateTimedOut', data: { ...base, stage: 'attempt', deadline: at, notBefore: null } };
    return write(rolloutStream(campaignId, shard), event);
  };

  /** Types of a campaign's events, waves and outcomes behind them. */
  const story = async (campaignId = ID): Promise<string[]> =>
    (await eventsOf(campaignStream(campaignId))).map(({ type, data }) => {
      const { wave, outcome } = data as { wave?: number; outcome?: string };
      return [type, wave, outcome].filter((part) => part !== undefined).join(' ');
    });

  return { store, clock, log, problems, runtime, eventsOf, write, command, artifact, move, story };
}
export type World = ReturnType<typeof createWorld>;

const released = (artifactId: string): DomainEvent[] => {
  const [name = '', version = ''] = artifactId.split('@');
  const requirements = {
    hardware: [],
    previousSoftware: null,
    regions: [],
    models: [],
    variants: [],
    dependencies: [],
  };
  const target = { ecuType: 'TCM', component: 'main' };
  const digest = 'a'.repeat(64);
  return [
    {
      type: 'ArtifactRegistered',
      data: {
        artifactId,
        name,
        version,
        versionScheme: 'semver',
        kind: 'firmware',
        target,
        releaseType: 'routine',
        releaseNotes: '',
        supersedes: null,
        requirements,
        by: 'dev',
      },
    },
    {
      type: 'ArtifactReleased',
      data: {
        artifactId,
        manifestDigest: digest,
        signatures: [{ keyId: 'k', alg: 'ed25519', value: 'AAAA' }],
        by: 'val',
      },
    },
  ];
};

export const withdrawnArtifact = (artifactId: string): DomainEvent => ({
  type: 'ArtifactWithdrawn',
  data: { artifactId, reason: 'bricks', by: 'val' },
});
export const emergency = (world: World): Promise<string> =>
  world.write(FLEET_STREAM, { type: 'EmergencyStopped', data: { reason: 'fire', by: 'op' } });

/** Created, targets frozen (waves 2 + 8, shards 3 and 7) and approved. */
export async function approvedCampaign(
  world: World,
  change: Parameters<typeof policyOf>[0] = {},
  campaignId = ID,
): Promise<void> {
  const { command, runtime } = world;
  await command(
    'ada',
    { type: 'CreateCampaign', campaignId, title: 'T', purpose: '', policy: policyOf(change) },
    campaignId,
  );
  await command('ada', { type: 'DefineTargeting', query: 'model==A' }, campaignId);
  const [, defined] = await world.eventsOf(campaignStream(campaignId));
  const { planId } = (defined?.data ?? { planId: '' }) as { planId: string };
  await runCampaignCommand(
    runtime,
    campaignId,
    {
      type: 'RecordTargets',
      planId,
      targets: 10,
      incompatible: 0,
      reasons: [],
      waves: [2, 8],
      shards: shards({ 3: 4, 7: 6 }),
      digest: 'd'.repeat(64),
      lastEventId: null,
    },
    { actor: { kind: 'system', id: 'planner' }, source: 'planner' },
  );
  await command('bob', { type: 'ApproveCampaign', planDigest: null, note: '' }, campaignId);
}

export async function runningCampaign(
  world: World,
  change: Parameters<typeof policyOf>[0] = {},
  campaignId = ID,
): Promise<void> {
  await approvedCampaign(world, change, campaignId);
  await world.command('ada', { type: 'StartCampaign', cause: null }, campaignId);
}
