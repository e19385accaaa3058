import { describe, expect, it } from 'vitest';
import { MAX_APPEND_BYTES, START } from '../../../src/app/ports.ts';
import {
  append,
  bigEvent,
  event,
  events,
  ids,
  metadata,
  readAll,
  readStream,
  request,
  verify,
} from './samples.ts';
import type { OpenSubject } from './subject.ts';

export function appendContract(open: OpenSubject): void {
  describe('append', () => {
    it('numbers a stream from 0 and gives back revision and position of the last event', async () => {
      await using subject = await open();
      const { store } = subject;
      expect(await store.head()).toBe(START);
      const [result] = await store.append([request('a-1', -1, events(3))]);
      expect(result).toMatchObject({ status: 'appended', revision: 2, repeated: false });
      const recorded = await readStream(store, 'a-1');
      expect(recorded.map(({ revision }) => revision)).toEqual([0, 1, 2]);
      expect(result).toHaveProperty('position', recorded[2]?.position);
      expect(await store.head()).toBe(recorded[2]?.position);
    });

    it('keeps type, schema version, data, metadata and id as they were given', async () => {
      await using subject = await open();
      const data = { text: 'Grüße \u{1F697} "\\\n\u0000 \ud800', list: [1, null, { deep: true }], half: 0.5 };
      const added = event(data, 'Sampled', 3);
      await append(subject.store, 'a-1', -1, [added]);
      const [recorded] = await readStream(subject.store, 'a-1');
      expect(recorded).toEqual({
        ...added,
        stream: 'a-1',
        revision: 0,
        position: recorded?.position,
        metadata,
      });
    });

    it('refuses a revision that is not the expected one, and records nothing', async () => {
      await using subject = await open();
      const { store } = subject;
      await append(store, 'a-1', -1, events(2));
      expect(await store.append([request('a-1', 0)])).toEqual([{ status: 'conflict', actualRevision: 1 }]);
      expect(await store.append([request('a-1', 7)])).toEqual([{ status: 'conflict', actualRevision: 1 }]);
      expect(await store.append([request('a-1', -1)])).toEqual([{ status: 'conflict', actualRevision: 1 }]);
      expect(await store.append([request('a-2', 0)])).toEqual([{ status: 'conflict', actualRevision: -1 }]);
      expect(await readAll(store)).toHaveLength(2);
    });

    it('answers a repeated append with what was recorded the first time', async () => {
      await using subject = await open();
      const { store } = subject;
      const first = request('a-1', -1, events(2));
      const second = request('a-1', 1, events(3));
      const [original] = await store.append([first]);
      await store.append([second]);
      await append(store, 'a-1', 4);
      expect(await store.append([first])).toEqual([{ ...original, repeated: true }]);
      const [again] = await store.append([second]);
      expect(again).toMatchObject({ status: 'appended', revision: 4, repeated: true });
      expect(await readStream(store, 'a-1')).toHaveLength(6);
    });

    it('does not take other events at the same place for a repetition', async () => {
      await using subject = await open();
      const { store } = subject;
      const [one, two] = [event(), event()];
      await append(store, 'a-1', -1, [one, two]);
      const conflict = [{ status: 'conflict', actualRevision: 1 }];
      expect(await store.append([request('a-1', -1, [one, event()])])).toEqual(conflict);
      expect(await store.append([request('a-1', -1, [two, one])])).toEqual(conflict);
      expect(await store.append([request('a-1', -1, [one, two, event()])])).toEqual(conflict);
    });

    it('lets each request of a batch stand or fall alone, in their order', async () => {
      await using subject = await open();
      const { store } = subject;
      const results = await store.append([
        request('a-1', -1, events(2)),
        request('a-2', 5),
        request('a-1', 1),
        request('a-1', 1),
        request('a-3', -1, [bigEvent(MAX_APPEND_BYTES)]),
        request('a-4', -1),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'appended',
        'conflict',
        'appended',
        'conflict',
        'too-large',
        'appended',
      ]);
      // Appends to one stream keep their order; between streams there is none that a store has to keep.
      const all = (await readAll(store)).map(({ stream, revision }) => `${stream}@${revision}`);
      expect(all.filter((one) => one.startsWith('a-1'))).toEqual(['a-1@0', 'a-1@1', 'a-1@2']);
      expect(all.toSorted()).toEqual(['a-1@0', 'a-1@1', 'a-1@2', 'a-4@0']);
    });

    it('takes an append just below 1 MiB and refuses one above with its size', async () => {
      await using subject = await open();
      const { store } = subject;
      await append(store, 'a-1', -1, [bigEvent(MAX_APPEND_BYTES - 1000)]);
      const [refused] = await store.append([request('a-1', 0, [bigEvent(MAX_APPEND_BYTES)])]);
      expect(refused).toMatchObject({ status: 'too-large', limit: MAX_APPEND_BYTES });
      expect(refused?.status === 'too-large' && refused.bytes > MAX_APPEND_BYTES).toBe(true);
      // Counted in bytes, not in characters.
      const wide = event({ text: 'ü'.repeat(MAX_APPEND_BYTES / 2) });
      expect(await store.append([request('a-1', 0, [wide])])).toMatchObject([{ status: 'too-large' }]);
      await append(store, 'a-1', 0);
    });

    it('lets exactly one of many racing writers win, and orders the rest', async () => {
      await using subject = await open();
      const { store } = subject;
      const race = await Promise.all(Array.from({ length: 20 }, () => store.append([request('a-1', -1)])));
      expect(race.flat().filter(({ status }) => status === 'appended')).toHaveLength(1);
      await Promise.all(Array.from({ length: 50 }, (_, n) => append(store, `b-${n}`, -1, events(2))));
      const positions = (await readAll(store)).map(({ position }) => position);
      expect(positions).toHaveLength(101);
      expect(positions).toEqual([...new Set(positions)].sort());
    });

    it('refuses what no log can hold, before anything is recorded', async () => {
      await using subject = await open();
      const { store } = subject;
      await expect(store.append([request('a-1', -1), request('', -1)])).rejects.toThrow();
      await expect(store.append([request('a-1', -1, [])])).rejects.toThrow();
      await expect(store.append([request('a-1', -2)])).rejects.toThrow();
      await expect(store.append([request('a-1', -1, [event({ big: 1n })])])).rejects.toThrow();
      expect(await store.append([])).toEqual([]);
      expect(await store.head()).toBe(START);
    });

    it('commits what was handed over before close, and refuses what comes after', async () => {
      await using subject = await open();
      const { store } = subject;
      const added = events(30);
      const pending = added.map((one, n) => store.append([request(`a-${n}`, -1, [one])]));
      await store.close();
      expect((await Promise.all(pending)).flat().every(({ status }) => status === 'appended')).toBe(true);
      await expect(store.append([request('b-1', -1)])).rejects.toThrow(/closed/);
      await expect(store.head()).rejects.toThrow(/closed/);
      if (!subject.durable) return;
      const reopened = await subject.reopen();
      expect(ids(await readAll(reopened))).toEqual(ids(added));
      expect(await verify(reopened)).toMatchObject({ appends: 30, streams: 30, problems: [] });
    });

    it('goes on after it is opened again', async () => {
      await using subject = await open();
      if (!subject.durable) return;
      const first = request('a-1', -1, events(2));
      await subject.store.append([first]);
      const before = await readAll(subject.store);
      const store = await subject.reopen();
      expect(await readAll(store)).toEqual(before);
      expect(await store.append([first])).toMatchObject([{ status: 'appended', repeated: true }]);
      expect(await append(store, 'a-1', 1)).toBe(await store.head());
      expect(await verify(store)).toMatchObject({ appends: 2, streams: 1, problems: [] });
    });
  });
}
