import { describe, expect, it } from 'vitest';
import { openSqliteEventStore } from '../../../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import {
  append,
  bigEvent,
  Collector,
  event,
  events,
  readAll,
  readStream,
  request,
  verify,
} from '../../../contract/event-store/samples.ts';
import { temporaryDirectory } from './temporary.ts';

const KIB = 1024;

describe('a full disk', () => {
  it('rejects every append of the commit, records nothing of it, and goes on when there is room', async () => {
    await using place = await temporaryDirectory();
    // 60 pages of 4 KiB: a few are in use from the beginning.
    const store = await openSqliteEventStore({ path: place.path, maxPages: 60 });
    const small = event();
    await append(store, 'a-1', -1, [small]);
    const before = await readAll(store);
    const together = [
      store.append([request('a-1', 0), request('b-1', -1)]),
      store.append([request('c-1', -1, [bigEvent(500 * KIB)])]),
      store.append([request('d-1', -1)]),
    ];
    for (const one of await Promise.allSettled(together)) {
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'commit-failed' } });
      expect(String(one.status === 'rejected' && one.reason)).toMatch(/nothing was recorded: .*full/);
    }
    expect(await readAll(store)).toEqual(before);
    expect(await readStream(store, 'b-1')).toEqual([]);
    expect(await store.head()).toBe(before[0]?.position);
    // What still fits is taken, under the revisions and positions that the failed commit had tried to use.
    expect(await store.append([request('a-1', 0), request('b-1', -1)])).toMatchObject([
      { status: 'appended', revision: 1, repeated: false },
      { status: 'appended', revision: 0, repeated: false },
    ]);
    expect(await verify(store)).toMatchObject({ appends: 3, streams: 2, problems: [] });
    await store.close();
    const reopened = await openSqliteEventStore({ path: place.path });
    await append(reopened, 'c-1', -1, [bigEvent(500 * KIB)]);
    expect(await verify(reopened)).toMatchObject({ appends: 4, streams: 3, problems: [] });
    await reopened.close();
  });

  it('tells subscribers nothing of a failed commit', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path, maxPages: 60 });
    const collector = new Collector();
    store.subscribe({ ...collector });
    await expect(store.append([request('a-1', -1, [bigEvent(500 * KIB)])])).rejects.toThrow(/full/);
    await append(store, 'b-1', -1);
    await collector.until(({ events: seen }) => seen.length > 0);
    expect(collector.events.map(({ stream }) => stream)).toEqual(['b-1']);
    await store.close();
  });
});

describe('a writer thread that dies', () => {
  const writerScript = new URL('./failing-writer.ts', import.meta.url);

  it('rejects all that waits, fails later calls clearly, and can be opened again', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path, writerScript });
    await append(store, 'a-1', -1);
    const collector = new Collector();
    store.subscribe({ ...collector });
    const waiting = [
      store.append([request('poison', -1)]),
      store.append([request('b-1', -1)]),
      store.append([request('c-1', -1)]),
    ];
    const dead = { status: 'rejected', reason: { code: 'closed' } };
    expect(await Promise.allSettled(waiting)).toMatchObject([dead, dead, dead]);
    await collector.until(({ errors }) => errors.length === 1);
    expect(collector.errors[0]).toMatchObject({ code: 'closed' });
    await expect(store.append([request('d-1', -1)])).rejects.toThrow(/event-log writer thread has died/);
    await expect(readStream(store, 'a-1')).rejects.toThrow(/has died/);
    await expect(store.head()).rejects.toThrow(/has died/);
    await store.close();
    const reopened = await openSqliteEventStore({ path: place.path });
    expect(await readAll(reopened)).toHaveLength(1);
    await append(reopened, 'a-1', 0);
    await reopened.close();
  });

  it('fails to open when the thread can not start', async () => {
    await using place = await temporaryDirectory();
    const missing = new URL('./no-such-thread.ts', import.meta.url);
    await expect(openSqliteEventStore({ path: place.path, writerScript: missing })).rejects.toMatchObject({
      code: 'closed',
    });
  });
});

describe('more appends than the disk takes', () => {
  it('refuses further ones instead of holding them in memory, and takes them later', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path, maxWaitingBytes: 100 * KIB });
    const taken = store.append([request('a-1', -1, [bigEvent(200 * KIB)])]);
    await expect(store.append([request('b-1', -1)])).rejects.toMatchObject({ code: 'overloaded' });
    expect(await taken).toMatchObject([{ status: 'appended' }]);
    await append(store, 'b-1', -1);
    expect(await readAll(store)).toHaveLength(2);
    await store.close();
  });
});

describe('closing', () => {
  it('answers everything that was asked before, and every call of close', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    await append(store, 'a-1', -1, events(10));
    const reading = readAll(store);
    const appending = store.append([request('a-1', 9, events(3))]);
    const verifying = verify(store);
    const closing = [store.close(), store.close()];
    expect(await appending).toMatchObject([{ status: 'appended', revision: 12 }]);
    expect(await reading).toHaveLength(10);
    expect(await verifying).toMatchObject({ problems: [] });
    await Promise.all(closing);
    await expect(readStream(store, 'a-1')).rejects.toThrow(/closed/);
  });
});
