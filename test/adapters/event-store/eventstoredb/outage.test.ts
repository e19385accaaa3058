/** A server that is away for a while: clear errors, one line in the log each way, recovery by itself. */
import { describe, expect, it } from 'vitest';
import { openEventStoreDb } from '../../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import {
  append,
  Collector,
  events,
  ids,
  readAll,
  request,
  verify,
} from '../../../contract/event-store/samples.ts';
import { startEventStoreDouble } from '../../../doubles/eventstoredb/double.ts';
import { bench, tempDirectory } from './support.ts';

describe('a server that can not be reached for a while', () => {
  it('fails appends and reads clearly, and is found again without help', async () => {
    await using on = await bench({ deadline_ms: 300, retryFor_ms: 200 });
    const { store, double, lines } = on;
    await append(store, 'a-1', -1);
    const collector = new Collector();
    const subscription = store.subscribe({ ...collector });
    await collector.until(({ batches }) => batches.at(-1)?.live === true);
    const back = double.faults.refuseConnections(1500);
    await expect(store.append([request('a-1', 0)])).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('can not be reached'),
    });
    await expect(store.head()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.readStreams(['a-1'])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(readAll(store)).rejects.toMatchObject({ code: 'unavailable' });
    expect(store.connected()).toBe(false);
    await back;
    await collector.until(({ events: seen }) => seen.length === 1);
    await expect.poll(() => store.connected(), { timeout: 10_000 }).toBe(true);
    await append(store, 'a-1', 0);
    await collector.until(({ events: seen }) => seen.length === 2);
    await subscription.stop();
    expect(collector.errors).toEqual([]);
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: the event store can not be reached',
      'info: the event store is reached again',
    ]);
    expect(store.stats()).toMatchObject({ connectionsLost: 1 });
  });

  it('is waited for by appends and reads that have the patience', async () => {
    await using on = await bench({ retryFor_ms: 10_000 });
    const { store, double } = on;
    await append(store, 'b-1', -1);
    const back = double.faults.refuseConnections(800);
    const appended = store.append(Array.from({ length: 30 }, (_, n) => request(`a-${n}`, -1, events(2))));
    const head = store.head();
    await back;
    expect((await appended).every(({ status }) => status === 'appended')).toBe(true);
    expect((await head).length).toBeGreaterThan(0);
    expect(await verify(store)).toEqual({ appends: 31, streams: 31, problems: [] });
  });

  it('may break connections in the middle of everything, and nothing is lost or doubled', async () => {
    await using on = await bench();
    const { store, double } = on;
    const collector = new Collector();
    const subscription = store.subscribe({ ...collector, batchSize: 10 });
    const cutting = setInterval(() => double.faults.cutConnections(), 60);
    const written: string[] = [];
    const writers = Array.from({ length: 8 }, async (_, n) => {
      for (let round = 0; round < 25; round++) {
        const added = events(2);
        await append(store, `a-${n}`, round * 2 - 1, added);
        written.push(...ids(added));
      }
    });
    const reading = (async () => {
      for (let n = 0; n < 5; n++) await readAll(store, { batchSize: 20 });
    })();
    await Promise.all([...writers, reading]);
    clearInterval(cutting);
    await collector.until(({ events: seen }) => seen.length >= 400);
    await subscription.stop();
    const all = ids(await readAll(store));
    expect(all.toSorted()).toEqual(written.toSorted());
    expect(ids(collector.events)).toEqual(all);
    expect(await verify(store)).toEqual({ appends: 200, streams: 8, problems: [] });
  });

  it('fails a call of many appends or reads as a whole, without trying each of them for as long', async () => {
    await using on = await bench({ deadline_ms: 300, retryFor_ms: 300, maxInFlight: 2 });
    const { store, double } = on;
    const back = double.faults.refuseConnections(1500);
    const names = Array.from({ length: 500 }, (_, n) => `a-${n}`);
    const appending = store.append(names.map((name) => request(name, -1)));
    await expect(appending).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.readStreams(names)).rejects.toMatchObject({ code: 'unavailable' });
    const { retries } = store.stats();
    expect(retries).toBeLessThan(400);
    await back;
    expect(store.stats()).toMatchObject({ appendsInFlight: 0, appendBytesWaiting: 0 });
    expect((await store.readStreams(names)).flat()).toEqual([]);
  });

  it('does not keep a store from closing', async () => {
    const double = await startEventStoreDouble();
    const store = await openEventStoreDb({ connectionString: double.url, log: () => {} });
    const collector = new Collector();
    store.subscribe({ ...collector });
    await double.stop();
    const pending = store.append([request('a-1', -1)]);
    await Promise.all([expect(pending).rejects.toMatchObject({ code: 'unavailable' }), store.close()]);
    await expect(store.head()).rejects.toMatchObject({ code: 'closed' });
    expect(collector.errors).toEqual([]);
  });

  it('that is only silence keeps no subscription from stopping, neither before it is live nor after', async () => {
    const hours = 3_600_000;
    await using on = await bench({ deadline_ms: hours });
    const { store, double } = on;
    const live = new Collector();
    const quiet = store.subscribe({ ...live, prefixes: ['b-'] });
    await live.until(({ batches }) => batches.at(-1)?.live === true);
    double.faults.delayAnswers(hours);
    const beginning = store.subscribe(new Collector());
    // Long enough for both to have asked where the head is.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await Promise.all([quiet.stop(), beginning.stop()]);
    expect(store.stats()).toMatchObject({ subscriptions: 0, connectionsLost: 0 });
  });

  it('is an error when the store is opened', async () => {
    const double = await startEventStoreDouble();
    await double.stop();
    const opening = openEventStoreDb({ connectionString: double.url, log: () => {}, retryFor_ms: 100 });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a server that restarts', () => {
  it('has everything, and the store goes on at the same place', async () => {
    const { directory, remove } = await tempDirectory();
    let double = await startEventStoreDouble({ directory });
    const store = await openEventStoreDb({ connectionString: double.url, log: () => {} });
    const collector = new Collector();
    const subscription = store.subscribe({ ...collector });
    await append(store, 'a-1', -1, events(3));
    await double.stop();
    double = await startEventStoreDouble({ directory, port: double.port });
    await append(store, 'a-1', 2, events(2));
    await collector.until(({ events: seen }) => seen.length === 5);
    expect(await verify(store)).toEqual({ appends: 2, streams: 1, problems: [] });
    await subscription.stop();
    await store.close();
    await double.stop();
    await remove();
  });
});
