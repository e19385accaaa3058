import { describe, expect, it } from 'vitest';
import { START } from '../../../src/app/ports.ts';
import { append, events, ids, readAll, readBatches, readStream, verify } from './samples.ts';
import { type OpenSubject, shared } from './subject.ts';

/** `long-1` has appends of 1, 2, … 70 events (2485), between them those of 70 `short-` streams. */
const APPENDS = 70;
const LONG = (APPENDS * (APPENDS + 1)) / 2;

export function readContract(open: OpenSubject): void {
  describe('read', () => {
    const store = shared(open, async (filled) => {
      let revision = -1;
      for (let size = 1; size <= APPENDS; size++) {
        await append(filled, 'long-1', revision, events(size));
        revision += size;
        await append(filled, `short-${size}`, -1, events(2));
      }
    });

    it('reads a stream forward in order and in batches', async () => {
      const all = await readStream(store(), 'long-1');
      expect(all.map(({ revision }) => revision)).toEqual(Array.from({ length: LONG }, (_, n) => n));
      for await (const batch of store().readStream('long-1')) expect(batch.length).toBeLessThanOrEqual(1000);
    });

    it('reads from any revision, forward and backward, up to a limit', async () => {
      const revisions = async (options: Parameters<typeof readStream>[2]) =>
        (await readStream(store(), 'long-1', options)).map(({ revision }) => revision);
      expect(await revisions({ from: 4, limit: 5 })).toEqual([4, 5, 6, 7, 8]);
      expect(await revisions({ from: LONG - 2 })).toEqual([LONG - 2, LONG - 1]);
      expect(await revisions({ from: LONG })).toEqual([]);
      expect(await revisions({ limit: 0 })).toEqual([]);
      expect(await revisions({ direction: 'backward', limit: 3 })).toEqual([LONG - 1, LONG - 2, LONG - 3]);
      expect(await revisions({ direction: 'backward', from: 4 })).toEqual([4, 3, 2, 1, 0]);
      expect(await revisions({ direction: 'backward', from: LONG + 9, limit: 1 })).toEqual([LONG - 1]);
      expect((await revisions({ direction: 'backward' })).reverse()).toEqual(await revisions({}));
      expect((await revisions({ from: 3, limit: 1500 })).length).toBe(1500);
    });

    it('finds nothing in a stream that does not exist', async () => {
      expect(await readStream(store(), 'long')).toEqual([]);
      expect(await readStream(store(), 'long-2', { direction: 'backward' })).toEqual([]);
    });

    it('reads thousands of streams in one call, in the order of the names', async () => {
      const names = Array.from({ length: 5000 }, (_, n) => `short-${n}`).reverse();
      const found = await store().readStreams(names);
      expect(found).toHaveLength(5000);
      const existing = found.flatMap((stream) =>
        stream.map(({ stream: name, revision }) => `${name}@${revision}`),
      );
      expect(existing.slice(0, 2)).toEqual(['short-70@0', 'short-70@1']);
      expect(existing).toHaveLength(2 * APPENDS);
      expect(await store().readStreams([])).toEqual([]);
      const twice = await store().readStreams(['short-1', 'short-1']);
      expect(twice[0]).toEqual(twice[1]);
      expect(twice[0]).toEqual(await readStream(store(), 'short-1'));
    });

    it('reads all in the order of positions, in batches of the size asked for', async () => {
      const batches = await readBatches(store(), { batchSize: 100 });
      const all = batches.flatMap((batch) => batch.events);
      expect(all).toHaveLength(LONG + 2 * APPENDS);
      const positions = all.map(({ position }) => position);
      expect(positions).toEqual([...positions].sort());
      expect(new Set(positions.map((position) => position.length)).size).toBe(1);
      expect(Math.max(...batches.map((batch) => batch.events.length))).toBe(100);
      for (const batch of batches) expect(batch.position).toBe(batch.events.at(-1)?.position);
      expect(batches.at(-1)?.position).toBe(await store().head());
    });

    it('reads on after any position, also inside an append, and stops at another', async () => {
      const all = await readAll(store());
      for (const at of [0, 1, 57, 1000, LONG]) {
        const after = all[at]?.position ?? START;
        const until = all[at + 30]?.position ?? START;
        expect(ids(await readAll(store(), { after }))).toEqual(ids(all.slice(at + 1)));
        const batches = await readBatches(store(), { after, until, batchSize: 7 });
        expect(ids(batches.flatMap((batch) => batch.events))).toEqual(ids(all.slice(at + 1, at + 31)));
        expect(batches.at(-1)?.position).toBe(until);
      }
      const head = await store().head();
      expect(await readBatches(store(), { after: head })).toEqual([]);
      expect(await readBatches(store(), { until: START })).toEqual([]);
    });

    it('filters by prefixes of the name and moves the position over the rest', async () => {
      const all = await readAll(store());
      const filtered = async (prefixes: readonly string[]) => {
        const batches = await readBatches(store(), { prefixes, batchSize: 50 });
        expect(batches.at(-1)?.position).toBe(await store().head());
        const found = batches.flatMap((batch) => batch.events);
        expect(ids(found)).toEqual(
          ids(all.filter(({ stream }) => prefixes.some((prefix) => stream.startsWith(prefix)))),
        );
        return found.length;
      };
      expect(await filtered(['short-'])).toBe(2 * APPENDS);
      expect(await filtered(['short-7'])).toBe(4);
      expect(await filtered(['short-1', 'short-10', 'long-'])).toBe(LONG + 22);
      expect(await filtered([''])).toBe(all.length);
      expect(await filtered(['nothing-', '%', 'shor_'])).toBe(0);
      expect(await filtered([])).toBe(0);
    });

    it('ends also while others write', async () => {
      await using subject = await open();
      await append(subject.store, 'a-1', -1, events(10));
      let seen = 0;
      for await (const batch of subject.store.readAll({ batchSize: 1 })) {
        seen += batch.events.length;
        await append(subject.store, `b-${seen}`, -1);
      }
      expect(seen).toBe(10);
    });

    it('may be left in the middle', async () => {
      for await (const batch of store().readAll({ batchSize: 10 })) {
        expect(batch.events).toHaveLength(10);
        break;
      }
      for await (const batch of store().readStream('long-1')) {
        expect(batch.length).toBeGreaterThan(0);
        break;
      }
      expect(await readAll(store(), { prefixes: ['short-3'] })).toHaveLength(22);
    });

    it('verifies its chain, of all streams or of one', async () => {
      expect(await verify(store())).toEqual({ appends: 2 * APPENDS, streams: APPENDS + 1, problems: [] });
      expect(await verify(store(), 'long-1')).toEqual({ appends: APPENDS, streams: 1, problems: [] });
      expect(await verify(store(), 'nothing')).toEqual({ appends: 0, streams: 0, problems: [] });
    });
  });
}
