/** Subscriptions that are dropped, cut off, slow or idle: nothing is lost, nothing comes twice. */
import { describe, expect, it } from 'vitest';
import { openEventStoreDb } from '../../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import { append, Collector, event, events, ids, readAll } from '../../../contract/event-store/samples.ts';
import { openStorage, startNode } from '../../../doubles/eventstoredb/double.ts';
import { statistics } from '../../../doubles/eventstoredb/system-events.ts';
import { bench } from './support.ts';

const VERSIONS = ['23.10', '24.10', '25.1'] as const;

describe.each(VERSIONS)('a subscription to a server of %s', (version) => {
  it.each(['unavailable', 'cancelled', 'cut'] as const)('goes on after it ended: %s', async (how) => {
    await using on = await bench({}, { version });
    const { store, double } = on;
    for (let n = 0; n < 20; n++) await append(store, `a-${n}`, -1, events(5));
    const collector = new Collector();
    double.faults.dropSubscriptions(30, how, 4);
    const subscription = store.subscribe({ ...collector, batchSize: 7 });
    await collector.until(({ batches }) => batches.at(-1)?.live === true);
    double.faults.dropSubscriptions(1, how, 5);
    for (let n = 0; n < 20; n++) await append(store, `b-${n}`, -1, events(3));
    await collector.until(({ events: seen }) => seen.length >= 160);
    await subscription.stop();
    expect(ids(collector.events)).toEqual(ids(await readAll(store)));
    expect(collector.errors).toEqual([]);
    expect(store.stats()['subscriptionsResumed']).toBeGreaterThan(0);
  });

  it('passes every foreign event of an idle system', async () => {
    await using on = await bench({}, { version });
    const { store } = on;
    await append(store, 'a-1', -1, events(3));
    const collector = new Collector();
    const subscription = store.subscribe({ ...collector, prefixes: ['b-', 'c-'] });
    await collector.until(({ batches }) => batches.at(-1)?.live === true);
    for (let n = 0; n < 5; n++) {
      const position = await append(store, `a-${n + 2}`, -1, events(2));
      await collector.until(({ batches }) => (batches.at(-1)?.position ?? '') >= position);
    }
    await subscription.stop();
    expect(collector.events).toEqual([]);
  });

  it('starts at any position that it has given, also over foreign events', async () => {
    await using on = await bench({}, { version });
    const { store } = on;
    const wanted: string[] = [];
    for (let n = 0; n < 30; n++) {
      await append(store, `a-${n}`, -1, events(40));
      const one = event();
      wanted.push(one.id);
      await append(store, `b-${n}`, -1, [one]);
    }
    let after = '';
    const seen: string[] = [];
    for (let turn = 0; seen.length < wanted.length && turn < 200; turn++) {
      const collector = new Collector();
      const subscription = store.subscribe({ ...collector, after, prefixes: ['b-'], batchSize: 1 });
      await collector.until(({ batches }) => batches.length >= 2);
      await subscription.stop();
      seen.push(...ids(collector.events));
      after = collector.batches.at(-1)?.position ?? after;
    }
    expect(seen).toEqual(wanted);
  });
});

describe('a slow consumer', () => {
  it('holds the server up instead of filling memory, and gets everything', async () => {
    await using on = await bench();
    const { store } = on;
    const text = 'x'.repeat(20_000);
    for (let n = 0; n < 50; n++)
      await append(
        store,
        `a-${n}`,
        -1,
        Array.from({ length: 20 }, () => event({ text })),
      );
    const held = Promise.withResolvers<void>();
    const collector = new Collector();
    const subscription = store.subscribe({
      batchSize: 5,
      onBatch: async (batch) => {
        await held.promise;
        await collector.onBatch(batch);
      },
      onError: collector.onError,
    });
    await append(store, 'b-1', -1);
    // All of it is 20 MB; in between are the windows of HTTP/2 and of both ends' streams.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(on.double.stats().bytesSent).toBeLessThan(8_000_000);
    held.resolve();
    await collector.until(({ events: seen }) => seen.length === 1001);
    await subscription.stop();
    expect(ids(collector.events)).toEqual(ids(await readAll(store)));
  });
});

describe('a consumer that fails', () => {
  it('leaves no call behind, before it is live and after', async () => {
    await using on = await bench();
    const { store, double } = on;
    await append(store, 'a-1', -1, events(50));
    const failing = async (isLive: boolean): Promise<void> => {
      const ended = Promise.withResolvers<unknown>();
      const subscription = store.subscribe({
        batchSize: 10,
        onBatch: async ({ live, events: { length } }) => {
          if (live === isLive && length > 0) throw new Error('no room');
          if (live && length === 0) await append(store, 'b-1', -1);
        },
        onError: ended.resolve,
      });
      expect(await ended.promise).toEqual(new Error('no room'));
      await subscription.stop();
      await expect.poll(() => double.stats().subscriptions).toBe(0);
      expect(store.stats()['subscriptions']).toBe(0);
    };
    await failing(false);
    await failing(true);
  });
});

describe('a position', () => {
  it('is never later than the head for who sees all, however much the server writes of its own', async () => {
    const storage = await openStorage({});
    const double = await startNode(storage, {}, () => ({ members: () => [], leader: () => undefined }));
    const store = await openEventStoreDb({ connectionString: double.url, log: () => undefined });
    await append(store, 'a-1', -1);
    const collector = new Collector();
    const subscription = store.subscribe(collector);
    await collector.until(({ batches }) => batches.at(-1)?.live === true);
    const many = Array.from({ length: 12_000 }, () => storage.commits.append(statistics()));
    await Promise.all(many);
    await append(store, 'a-2', -1);
    await collector.until(({ events: seen }) => seen.length === 2);
    const places = (await readAll(store)).map(({ position }) => position);
    expect(new Set(collector.batches.map(({ position }) => position))).toEqual(new Set(places));
    await subscription.stop();
    await store.close();
    await double.stop();
    storage.close();
  });

  it('of another kind of log is refused', async () => {
    await using on = await bench();
    const { store } = on;
    const after = '000000000000002a';
    const collector = new Collector();
    expect(() => store.subscribe({ ...collector, after })).toThrow(/not a position of this log/);
    await expect(readAll(store, { after })).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(store.appends(after)[Symbol.asyncIterator]().next()).rejects.toThrow(/not a position/);
  });

  it('is looked up where reads of a stream do not carry it', async () => {
    await using on = await bench({}, { streamReadsCarryPosition: false });
    const { store } = on;
    await append(store, 'a-1', -1, events(2));
    await append(store, 'a-10', -1, events(2));
    await append(store, 'a-1', 1, events(1));
    const [streams] = await store.readStreams(['a-1']);
    expect(streams).toEqual((await readAll(store)).filter(({ stream }) => stream === 'a-1'));
    expect(store.stats()['positionsLookedUp']).toBe(3);
    expect(on.lines.map(({ level }) => level)).toContain('warn');
  });
});
