import { describe, expect, it } from 'vitest';
import type { EventBatch } from '../../../src/app/ports.ts';
import { append, Collector, event, events, ids, readAll } from './samples.ts';
import type { OpenSubject } from './subject.ts';

export function subscribeContract(open: OpenSubject): void {
  describe('subscribe', () => {
    it('catches up in batches, then turns live without a gap or a repetition', async () => {
      await using subject = await open();
      const { store } = subject;
      for (let n = 0; n < 30; n++) await append(store, `a-${n}`, -1, events(10));
      const collector = new Collector();
      const subscription = store.subscribe({ ...collector, batchSize: 25 });
      const writing = Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          for (let round = 0; round < 5; round++) await append(store, `b-${n}`, round - 1);
        }),
      );
      await writing;
      await collector.until(({ events: seen }) => seen.length >= 500);
      await subscription.stop();
      expect(ids(collector.events)).toEqual(ids(await readAll(store)));
      expect(Math.max(...collector.batches.map((batch) => batch.events.length))).toBeLessThanOrEqual(25);
      expect(collector.batches[0]?.live).toBe(false);
      expect(collector.batches.at(-1)?.live).toBe(true);
      const turns = collector.batches.filter(
        (batch, n) => n > 0 && batch.live !== collector.batches[n - 1]?.live,
      );
      expect(turns).toHaveLength(1);
    });

    it('says that it is live also where nothing was left to read', async () => {
      await using subject = await open();
      const { store } = subject;
      const empty = new Collector();
      const first = store.subscribe({ ...empty });
      await empty.until(({ batches }) => batches.length === 1);
      expect(empty.batches).toEqual([{ events: [], position: '', live: true }]);
      await append(store, 'a-1', -1);
      await empty.until(({ events: seen }) => seen.length === 1);
      await first.stop();
      const after = await store.head();
      const current = new Collector();
      const second = store.subscribe({ ...current, after });
      await current.until(({ batches }) => batches.length === 1);
      await second.stop();
      expect(current.batches).toEqual([{ events: [], position: after, live: true }]);
    });

    it('moves the position over events that the filter leaves out', async () => {
      await using subject = await open();
      const { store } = subject;
      const collector = new Collector();
      const subscription = store.subscribe({ ...collector, prefixes: ['b-'] });
      await append(store, 'a-1', -1, events(5));
      const head = await append(store, 'a-2', -1, events(5));
      await collector.until(({ batches }) => batches.at(-1)?.position === head);
      expect(collector.events).toEqual([]);
      const wanted = event();
      await append(store, 'b-1', -1, [wanted]);
      await collector.until(({ events: seen }) => seen.length === 1);
      await subscription.stop();
      expect(ids(collector.events)).toEqual([wanted.id]);
    });

    it('handles one batch at a time and misses nothing behind a slow one', async () => {
      await using subject = await open();
      const { store } = subject;
      const seen: string[] = [];
      let running = 0;
      let most = 0;
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const collector = new Collector();
      const onBatch = async (batch: EventBatch & { live: boolean }): Promise<void> => {
        running += 1;
        most = Math.max(most, running);
        if (batch.events.length > 0) await held;
        seen.push(...ids(batch.events));
        running -= 1;
        await collector.onBatch(batch);
      };
      const subscription = store.subscribe({ onBatch, onError: collector.onError, batchSize: 10 });
      for (let n = 0; n < 60; n++) await append(store, `a-${n}`, -1);
      expect(seen).toEqual([]);
      release();
      await collector.until(({ events: delivered }) => delivered.length === 60);
      await subscription.stop();
      expect(most).toBe(1);
      expect(seen).toEqual(ids(await readAll(store)));
    });

    it('ends through onError when a batch can not be handled', async () => {
      await using subject = await open();
      const { store } = subject;
      await append(store, 'a-1', -1, events(30));
      const collector = new Collector();
      let calls = 0;
      const subscription = store.subscribe({
        batchSize: 10,
        onBatch: async () => {
          calls += 1;
          if (calls === 2) throw new Error('no room');
        },
        onError: collector.onError,
      });
      await collector.until(({ errors }) => errors.length > 0);
      await append(store, 'a-2', -1);
      await subscription.stop();
      expect(collector.errors).toEqual([new Error('no room')]);
      expect(calls).toBe(2);
    });

    it('stops only when no batch is being handled, and delivers nothing afterwards', async () => {
      await using subject = await open();
      const { store } = subject;
      await append(store, 'a-1', -1, events(50));
      let finish: () => void = () => {};
      const order: string[] = [];
      let started: () => void = () => {};
      const begun = new Promise<void>((resolve) => {
        started = resolve;
      });
      const subscription = store.subscribe({
        batchSize: 10,
        onBatch: async () => {
          order.push('batch');
          started();
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          order.push('handled');
        },
        onError: () => order.push('error'),
      });
      await begun;
      const stopped = subscription.stop().then(() => order.push('stopped'));
      await append(store, 'a-2', -1);
      finish();
      await stopped;
      await append(store, 'a-3', -1);
      expect(order).toEqual(['batch', 'handled', 'stopped']);
      await subscription.stop();
    });

    it('ends quietly when the store is closed', async () => {
      await using subject = await open();
      const { store } = subject;
      const collector = new Collector();
      store.subscribe({ ...collector });
      await append(store, 'a-1', -1);
      await collector.until(({ events: seen }) => seen.length === 1);
      await store.close();
      expect(collector.errors).toEqual([]);
      expect(() => store.subscribe({ ...collector })).toThrow(/closed/);
    });

    it('serves many subscribers at their own pace', async () => {
      await using subject = await open();
      const { store } = subject;
      const collectors = Array.from({ length: 8 }, () => new Collector());
      const subscriptions = collectors.map((collector, n) =>
        store.subscribe({ ...collector, batchSize: n + 1 }),
      );
      for (let n = 0; n < 20; n++) await append(store, `a-${n}`, -1, events(2));
      for (const collector of collectors) await collector.until(({ events: seen }) => seen.length === 40);
      await Promise.all(subscriptions.map((subscription) => subscription.stop()));
      const all = ids(await readAll(store));
      for (const collector of collectors) expect(ids(collector.events)).toEqual(all);
    });
  });
}
