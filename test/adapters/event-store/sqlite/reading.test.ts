import { DatabaseSync } from 'node:sqlite';
import { BroadcastChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { growthChannel } from '../../../../src/adapters/event-store/sqlite/growth.ts';
import { LogReader } from '../../../../src/adapters/event-store/sqlite/log-reader.ts';
import { openSqliteEventReader } from '../../../../src/adapters/event-store/sqlite/sqlite-event-reader.ts';
import { openSqliteEventStore } from '../../../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import {
  append,
  bigEvent,
  Collector,
  events,
  ids,
  readAll,
  readBatches,
  readStream,
} from '../../../contract/event-store/samples.ts';
import { temporaryDirectory } from './temporary.ts';

describe('a reader of its own', () => {
  it('reads what the store reads', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    for (let n = 0; n < 12; n++) await append(store, `a-${n}`, -1, events(n + 1));
    const reader = openSqliteEventReader({ path: place.path });
    expect(await reader.head()).toBe(await store.head());
    expect(await readAll(reader)).toEqual(await readAll(store));
    expect(await readAll(reader, { prefixes: ['a-1'] })).toEqual(await readAll(store, { prefixes: ['a-1'] }));
    expect(await readStream(reader, 'a-7')).toEqual(await readStream(store, 'a-7'));
    expect(await reader.readStreams(['a-3', 'a-99'])).toEqual(await store.readStreams(['a-3', 'a-99']));
    await store.close();
    expect(await readAll(reader)).toHaveLength(78);
    await reader.close();
    await expect(reader.head()).rejects.toThrow(/closed/);
  });

  it('follows the store live without a gap', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    await append(store, 'a-1', -1, events(20));
    const reader = openSqliteEventReader({ path: place.path });
    const collector = new Collector();
    reader.subscribe({ ...collector, batchSize: 7 });
    for (let n = 0; n < 40; n++) await append(store, `b-${n}`, -1);
    await collector.until(({ events: seen }) => seen.length === 60);
    expect(ids(collector.events)).toEqual(ids(await readAll(store)));
    expect(collector.batches.at(-1)?.live).toBe(true);
    await reader.close();
    expect(collector.errors).toEqual([]);
    await store.close();
  });
});

describe('group commit', () => {
  it('commits together what arrives together', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    const channel = new BroadcastChannel(growthChannel(place.path));
    const commits: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      channel.onmessage = (message) => {
        commits.push((message as MessageEvent).data);
        if (commits.at(-1) === 200) resolve();
      };
    });
    await Promise.all(Array.from({ length: 200 }, (_, n) => append(store, `a-${n}`, -1)));
    await all;
    channel.close();
    expect(commits).toEqual([200]);
    await store.close();
  });
});

describe('the steps of a reader', () => {
  it('are bounded by events, by text and by what a filter looks at', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    for (let n = 0; n < 30; n++) await append(store, `a-${n}`, -1, [bigEvent(1000)]);
    for (let n = 0; n < 10; n++) await append(store, 'b-1', n * 2 - 1, events(2));
    const db = new DatabaseSync(place.path, { readOnly: true });
    const request = { after: 0, until: 50, prefixes: null, maxEvents: 1000 };
    const reader = new LogReader(db, { characters: 5000, scannedEvents: 8, fewStreams: 3 });
    const [byText, byEvents] = [reader.scan(request), reader.scan({ ...request, maxEvents: 2 })];
    expect(byText.rows.length).toBeLessThan(6);
    expect(byText.reached).toBe(byText.rows.length);
    expect(byEvents).toMatchObject({ reached: 2 });
    // Many streams match: a scan of a few events at a time. Few match: the index leads to all of them at once.
    expect(reader.scan({ ...request, prefixes: ['a-', 'c-'], maxEvents: 2 })).toMatchObject({ reached: 2 });
    const skipped = reader.scan({ ...request, after: 20, prefixes: ['a-1', 'c-'] });
    expect(skipped).toMatchObject({ rows: [], reached: 28 });
    const few = reader.scan({ ...request, prefixes: ['b-', 'c-'] });
    expect(few.reached).toBe(50);
    expect(few.rows).toHaveLength(10);
    expect(reader.scan({ ...request, after: 31, prefixes: ['b-'], maxEvents: 3 })).toMatchObject({
      reached: 34,
    });
    db.close();
    await store.close();
  });

  it('never hold more than one step of a long history in memory', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    for (let n = 0; n < 12; n++) await append(store, 'a-1', n - 1, [bigEvent(1_000_000)]);
    const batches = await readBatches(store);
    expect(batches.map((batch) => batch.events.length)).toEqual([5, 5, 2]);
    expect(await readStream(store, 'a-1', { direction: 'backward' })).toHaveLength(12);
    await store.close();
  });
});
