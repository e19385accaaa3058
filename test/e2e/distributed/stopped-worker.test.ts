/** A worker that stands still past its session is fenced when it wakes up: it appends nothing to what it lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorld, type Proof, type World } from '../../../scripts/chaos/world.ts';
import { openEventStoreDb } from '../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import type { RecordedEvent } from '../../../src/app/ports.ts';
import { freeze } from '../../support/freeze.ts';
import { untilTrue } from '../support/wait.ts';

const STORY_MS = 600_000;
const TAKEN_OVER_MS = 60_000;
const AWAKE_MS = 5000;

let world: World;
let proof: Proof;
let taken: readonly RecordedEvent[] = [];
/** Streams of the log whose only writer is the owner of a shard, each from its beginning. */
const owned = new Map<string, RecordedEvent[]>();

/** What ids of events have of the epoch that made them. */
const epochMark = (id: string): string => id.split('-').slice(0, 3).join('-');
const workerOf = (event: RecordedEvent): string => (event.data as { worker: string }).worker;

async function readOwned(): Promise<void> {
  owned.clear();
  const store = await openEventStoreDb({
    connectionString: world.engines.get('eventstore-double').url,
    log: () => undefined,
  });
  try {
    for await (const { events } of store.readAll({ prefixes: ['shard-', 'rollout-'] }))
      for (const event of events) owned.set(event.stream, [...(owned.get(event.stream) ?? []), event]);
  } finally {
    await store.close();
  }
  taken = [...owned.values()].flat().filter(({ type }) => type === 'ShardTaken');
}

beforeAll(async () => {
  world = await openWorld({ vehicles: 600, seed: 40_001, campaign_s: 75, say: () => undefined });
  const sleeper = world.cluster.processes.get('rollout-1')?.process;
  const pid = sleeper?.pid;
  if (sleeper === undefined || pid === undefined) throw new Error('rollout-1 does not run');
  await readOwned();
  const held = new Set(
    taken.filter((event) => workerOf(event).endsWith(`:${pid}`)).map(({ stream }) => stream),
  );
  expect(held.size).toBeGreaterThan(0);
  await freeze(sleeper);
  await untilTrue(
    'the other worker to take every shard over',
    async () => {
      await readOwned();
      const last = new Map(taken.map((event) => [event.stream, workerOf(event)]));
      return [...held].every((stream) => last.get(stream)?.endsWith(`:${pid}`) === false);
    },
    TAKEN_OVER_MS,
  );
  sleeper.kill('SIGCONT');
  await sleep(AWAKE_MS);
  proof = await world.prove();
  await readOwned();
}, STORY_MS);

afterAll(() => world?.close(), 60_000);

describe('a worker that was stopped through its session and wakes up', () => {
  it('appends nothing to what another one has taken: epochs never come back in a stream', () => {
    let takeovers = 0;
    for (const [stream, events] of owned) {
      const seen = new Set<string>();
      let current = '';
      for (const { type, data } of events) {
        if (type !== 'ShardTaken' && type !== 'RolloutTaken') continue;
        const { epoch } = data as { epoch: string };
        expect(seen.has(epoch), `${stream}: ${epoch} again`).toBe(false);
        seen.add(epoch);
        if (current !== '') takeovers += 1;
        current = epoch;
      }
    }
    expect(takeovers).toBeGreaterThan(0);
  });

  it('leaves no event of an epoch behind the taking of the next: ids carry the epoch', () => {
    for (const [stream, events] of owned) {
      let current = '';
      const before = new Set<string>();
      for (const { id, type, data } of events) {
        if (type === 'ShardTaken' || type === 'RolloutTaken') {
          if (current !== '') before.add(current);
          current = epochMark(id);
          expect((data as { epoch: string }).epoch).not.toBe('');
        }
        expect(before.has(epochMark(id)), `${stream}: ${id}`).toBe(false);
      }
    }
  });

  it('and the campaign is completed: all accounts agree', () => {
    expect(proof).toEqual({ state: 'completed', lost: 0, countedTwice: 0, complaints: [] });
  });
});
