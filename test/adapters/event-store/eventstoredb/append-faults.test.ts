/** Appends when answers get lost, the leader moves and others write: nothing doubles, and the chain stays whole. */
import { describe, expect, it } from 'vitest';
import { openEventStoreDb } from '../../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import {
  append,
  event,
  events,
  ids,
  readAll,
  readStream,
  request,
  verify,
} from '../../../contract/event-store/samples.ts';
import { startClusterDouble } from '../../../doubles/eventstoredb/cluster.ts';
import { startEventStoreDouble } from '../../../doubles/eventstoredb/double.ts';
import { bench } from './support.ts';

const SOON = { deadline_ms: 300, retryFor_ms: 5000 };

describe('an append whose answer is lost', () => {
  it.each(['timeout', 'cut', 'silence'] as const)('by %s is recorded once', async (how) => {
    await using on = await bench(SOON);
    const { store, double } = on;
    await append(store, 'a-1', -1, events(2));
    double.faults.loseAnswers(how);
    const added = events(3);
    const [result] = await store.append([request('a-1', 1, added)]);
    expect(result).toMatchObject({ status: 'appended', revision: 4, repeated: false });
    await append(store, 'a-1', 4);
    expect(ids(await readStream(store, 'a-1')).slice(2, 5)).toEqual(ids(added));
    expect(await readAll(store)).toHaveLength(6);
    expect(await verify(store)).toEqual({ appends: 3, streams: 1, problems: [] });
    expect(store.stats()).toMatchObject({ appends: 3, appendsRepeated: 0 });
    expect(store.stats()['retries']).toBeGreaterThan(0);
  });

  it('is recorded once also when the very first append of a stream is meant', async () => {
    await using on = await bench(SOON);
    on.double.faults.loseAnswers('timeout', 2);
    const results = await on.store.append([request('a-1', -1, events(2)), request('b-1', -1)]);
    expect(results).toMatchObject([
      { status: 'appended', revision: 1, repeated: false },
      { status: 'appended', revision: 0, repeated: false },
    ]);
    expect(await readAll(on.store)).toHaveLength(3);
    expect((await verify(on.store)).problems).toEqual([]);
  });

  it('fails when the answers stay away, and is found again when the caller repeats it', async () => {
    await using on = await bench({ deadline_ms: 200, retryFor_ms: 300 });
    const { store, double } = on;
    double.faults.loseAnswers('timeout', 50);
    const wanted = request('a-1', -1, events(2));
    await expect(store.append([wanted])).rejects.toMatchObject({ code: 'unavailable' });
    double.faults.clear();
    expect(await store.append([wanted])).toMatchObject([{ status: 'appended', revision: 1 }]);
    expect(await append(store, 'a-1', 1)).toBe(await store.head());
    expect(await verify(store)).toMatchObject({ appends: 2, problems: [] });
  });

  it('is tried again when it took no effect', async () => {
    await using on = await bench(SOON);
    on.double.faults.loseAppends(2);
    await append(on.store, 'a-1', -1);
    expect(await readAll(on.store)).toHaveLength(1);
  });
});

describe('several writers', () => {
  it('chain to each other: what one remembers is checked by the server', async () => {
    await using on = await bench();
    const [one, two] = [on.store, await on.another()];
    await append(one, 'a-1', -1, events(2));
    await append(two, 'a-1', 1);
    expect(await one.append([request('a-1', 1)])).toEqual([{ status: 'conflict', actualRevision: 2 }]);
    await append(one, 'a-1', 2, events(2));
    await append(two, 'a-1', 4);
    expect(await verify(one)).toEqual({ appends: 4, streams: 1, problems: [] });
    expect(one.stats()).toMatchObject({ appendConflicts: 1 });
  });

  it('see each other’s appends as repetitions of the same events', async () => {
    await using on = await bench();
    const [one, two] = [on.store, await on.another()];
    const [first, second] = [request('a-1', -1, events(2)), request('a-1', 1, events(2))];
    const results = await one.append([first, second]);
    const repeated = results.map((result) => ({ ...result, repeated: true }));
    // Two knows the stream only by asking: by nothing for a new stream, by its end for another.
    await two.head();
    expect(await two.append([first])).toEqual(repeated.slice(0, 1));
    expect(await two.append([second])).toEqual(repeated.slice(1));
    const otherwise = { ...second, metadata: { ...second.metadata, time: '2026-03-02T00:00:00.000Z' } };
    expect(await two.append([otherwise])).toEqual(repeated.slice(1));
    await append(two, 'a-1', 3);
    await append(one, 'a-1', 4);
    expect(await verify(two)).toEqual({ appends: 4, streams: 1, problems: [] });
  });

  it('remember few streams and read the ends of the others', async () => {
    await using on = await bench({ maxStreamEnds: 2 });
    const { store } = on;
    for (let round = 0; round < 3; round++)
      for (const stream of ['a-1', 'a-2', 'a-3']) await append(store, stream, round - 1);
    expect(store.stats()).toMatchObject({ streamEnds: 2, streamEndsRead: 6 });
    expect(await verify(store)).toEqual({ appends: 9, streams: 3, problems: [] });
  });
});

describe('bounds', () => {
  it('refuse appends when too many bytes wait, and take them again later', async () => {
    await using on = await bench({ maxWaitingBytes: 10_000, maxInFlight: 1 });
    const { store, double } = on;
    double.faults.delayAnswers(100);
    const big = () => [event({ text: 'x'.repeat(6000) })];
    const waiting = ['a-1', 'a-2'].map((stream) => append(store, stream, -1, big()));
    await expect(store.append([request('a-3', -1)])).rejects.toMatchObject({ code: 'overloaded' });
    await Promise.all(waiting);
    double.faults.clear();
    await append(store, 'a-3', -1);
    expect(store.stats()).toMatchObject({ appendBytesWaiting: 0, appendsInFlight: 0 });
  });

  it('keep only so many appends on their way', async () => {
    await using on = await bench({ maxInFlight: 3 });
    const all = Promise.all(Array.from({ length: 40 }, (_, n) => append(on.store, `a-${n}`, -1)));
    expect(on.store.stats()['appendsInFlight']).toBeLessThanOrEqual(3);
    await all;
    expect(on.double.stats().connections).toBeLessThanOrEqual(1);
    expect(await readAll(on.store)).toHaveLength(40);
  });

  it('hold a long append whose metadata would not fit on every event, and read it from anywhere', async () => {
    await using on = await bench({}, { version: '25.1' });
    const { store } = on;
    const many = Array.from({ length: 3000 }, (_, n) => event({ n, text: 'x'.repeat(150) }));
    await append(store, 'a-1', -1, many);
    const all = await readAll(store);
    expect(all).toHaveLength(3000);
    expect(all.every((one) => one.metadata.actor.id === 'ada')).toBe(true);
    expect(await readStream(store, 'a-1', { from: 700, limit: 2 })).toEqual(all.slice(700, 702));
    expect(await readStream(store, 'a-1', { direction: 'backward', from: 9, limit: 2 })).toEqual([
      all[9],
      all[8],
    ]);
    expect(await readAll(store, { after: all[1500]?.position ?? '' })).toEqual(all.slice(1501));
    await append(store, 'a-1', 2999);
    expect(await verify(store)).toEqual({ appends: 2, streams: 1, problems: [] });
  });
});

describe('the leader', () => {
  it('is followed where a node names it', async () => {
    await using leader = await bench();
    const follower = await startEventStoreDouble();
    follower.faults.answerNotLeader({ host: '127.0.0.1', port: leader.double.port });
    const store = await openEventStoreDb({ connectionString: follower.url, log: () => {} });
    await append(store, 'a-1', -1, events(2));
    expect(await readAll(leader.store)).toHaveLength(2);
    expect(store.stats()['redirects']).toBeGreaterThanOrEqual(1);
    await store.close();
    await follower.stop();
  });

  it('is followed when it moves, by appends and subscriptions alike', async () => {
    const cluster = await startClusterDouble(3);
    const lines: string[] = [];
    const store = await openEventStoreDb({
      connectionString: cluster.url,
      log: (_, message) => lines.push(message),
    });
    const seen: string[] = [];
    const subscription = store.subscribe({
      onBatch: async (batch) => void seen.push(...ids(batch.events)),
      onError: (error) => void seen.push(String(error)),
    });
    const added = events(6);
    for (const [n, one] of added.entries()) {
      cluster.lead(n % 3);
      await append(store, 'a-1', n - 1, [one]);
    }
    await expect.poll(() => seen).toEqual(ids(added));
    expect(lines).toContain('the leader of the event store moved');
    await cluster.stopNode(2);
    cluster.lead(0);
    await append(store, 'a-1', 5);
    await expect.poll(() => seen.length).toBe(7);
    expect((await verify(store)).problems).toEqual([]);
    await subscription.stop();
    await store.close();
    await cluster.stop();
  });
});
