/** What copying a log rests on: whole appends, as they are stored, with the same hashes in every kind of log. */
import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import type { EventStore, Position, StoredAppend } from '../../../src/app/ports.ts';
import { append, event, events, ids, readAll, request } from './samples.ts';
import type { OpenSubject } from './subject.ts';

const collect = async (store: EventStore, after?: Position): Promise<StoredAppend[]> => {
  const all: StoredAppend[] = [];
  for await (const batch of store.appends(after)) all.push(...batch);
  return all;
};

const AWKWARD = {
  text: 'Grüße \u{1F697} "\\\n\u0000 \ud800',
  numbers: [0, -1.5e-7, 1e21, 2 ** 53],
  nested: { b: 1, a: { 10: 'x', 9: 'y' }, empty: {}, none: null },
};

export function copyContract(open: OpenSubject): void {
  describe('whole appends', () => {
    it('come in the global order, each with all of its events and the position of the last', async () => {
      await using subject = await open();
      const { store } = subject;
      expect(await collect(store)).toEqual([]);
      const requests = [
        request('a-1', -1, events(3)),
        request('b-1', -1, [event(AWKWARD)]),
        request('a-1', 2, events(2)),
      ];
      const positions: string[] = [];
      for (const one of requests)
        positions.push(await append(store, one.stream, one.expectedRevision, one.events));
      const found = await collect(store);
      expect(
        found.map(({ stream, firstRevision, metadata, events: held, position }) => ({
          stream,
          expectedRevision: firstRevision - 1,
          metadata,
          events: held,
          position,
        })),
      ).toEqual(requests.map((one, n) => ({ ...one, position: positions[n] })));
    });

    it('begin behind a position, and end at what was the head', async () => {
      await using subject = await open();
      const { store } = subject;
      for (let n = 0; n < 5; n++)
        await append(store, `a-${n % 2}`, n < 2 ? -1 : Math.floor(n / 2) * 2 - 1, events(2));
      const all = await collect(store);
      expect(all).toHaveLength(5);
      for (const [n, { position }] of all.entries())
        expect(await collect(store, position)).toEqual(all.slice(n + 1));
      const reading = store.appends()[Symbol.asyncIterator]();
      const first = await reading.next();
      await append(store, 'late-1', -1);
      const rest: StoredAppend[] = [...(first.value ?? [])];
      for (let next = await reading.next(); next.done !== true; next = await reading.next())
        rest.push(...next.value);
      expect(rest).toEqual(all);
      expect(await collect(store, await store.head())).toEqual([]);
    });

    it('give the same hashes when they are appended to another log', async () => {
      await using subject = await open();
      const { store } = subject;
      const other = createMemoryEventStore();
      for (let n = 0; n < 40; n++) {
        const stream = `a-${n % 7}`;
        const added = [event({ ...AWKWARD, n }), ...events(n % 3)];
        const expected = (await readAll(store, { prefixes: [stream] })).length - 1;
        await append(store, stream, expected, added);
      }
      for (const { stream, firstRevision, events: held, metadata } of await collect(store))
        await other.append([
          { stream: subject.storedName(stream), expectedRevision: firstRevision - 1, events: held, metadata },
        ]);
      const [mine, theirs] = [await collect(store), await collect(other)];
      expect(theirs.map(({ hash }) => hash)).toEqual(mine.map(({ hash }) => hash));
      expect(new Set(mine.map(({ hash }) => hash)).size).toBe(40);
      expect(mine.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
      expect(ids(await readAll(other))).toEqual(ids(await readAll(store)));
    });

    it('are the same ones of one stream, from the append on that a revision is in', async () => {
      await using subject = await open();
      const { store } = subject;
      for (const stream of ['a-1', 'a-10', 'b-1']) {
        await append(store, stream, -1, events(3));
        await append(store, stream, 2, [event(AWKWARD)]);
        await append(store, stream, 3, events(2));
      }
      const all = (await collect(store)).filter(({ stream }) => stream === 'a-1');
      const of = async (stream: string, from?: number, until?: number): Promise<StoredAppend[]> => {
        const found: StoredAppend[] = [];
        for await (const batch of store.streamAppends(stream, from, until)) found.push(...batch);
        return found;
      };
      expect(all).toHaveLength(3);
      expect(await of('a-1')).toEqual(all);
      expect(await of('a-1', 1)).toEqual(all);
      expect(await of('a-1', 3)).toEqual(all.slice(1));
      expect(await of('a-1', 5)).toEqual(all.slice(2));
      expect(await of('a-1', 6)).toEqual([]);
      expect(await of('a-1', 0, 0)).toEqual(all.slice(0, 1));
      expect(await of('a-1', 3, 3)).toEqual(all.slice(1, 2));
      expect(await of('a-1', 1, 4)).toEqual(all);
      expect(await of('a-1', 3, 99)).toEqual(all.slice(1));
      expect(await of('none-1')).toEqual([]);
    });

    it('are read in bounded steps, however many there are', async () => {
      await using subject = await open();
      const { store } = subject;
      const text = 'x'.repeat(100_000);
      await store.append(Array.from({ length: 120 }, (_, n) => request(`a-${n}`, -1, [event({ text })])));
      const batches: number[] = [];
      for await (const batch of store.appends()) batches.push(batch.length);
      expect(batches.reduce((sum, length) => sum + length, 0)).toBe(120);
      expect(batches.every((length) => length > 0)).toBe(true);
    });

    it('can not be read of a closed log', async () => {
      await using subject = await open();
      await append(subject.store, 'a-1', -1);
      await subject.store.close();
      await expect(collect(subject.store)).rejects.toThrow(/closed/);
    });
  });
}
