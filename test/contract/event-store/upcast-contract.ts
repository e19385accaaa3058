import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvent, readAs } from '../../../src/domain/shared/event.ts';
import { append, event, readStream } from './samples.ts';
import type { OpenSubject } from './subject.ts';

/**
 * Three versions of one event as they grow in practice: first a model and a market in one text, then the market
 * by itself, then units in the name. Old appends stay as they are; readers only know the newest.
 */
const v1 = defineEvent('DoorOpened', z.object({ vehicle: z.string(), after: z.number() }));
const splitVehicle = (data: Readonly<Record<string, unknown>>) => {
  const [model, market] = String(data['vehicle']).split('/');
  return { model, market: market ?? 'unknown', after: data['after'] };
};
const v2 = defineEvent('DoorOpened', z.object({ model: z.string(), market: z.string(), after: z.number() }), [
  splitVehicle,
]);
const v3 = defineEvent(
  'DoorOpened',
  z.object({ model: z.string(), market: z.string(), after_ms: z.number() }),
  [splitVehicle, ({ after, ...rest }) => ({ ...rest, after_ms: Number(after) * 1000 })],
);

export function upcastContract(open: OpenSubject): void {
  describe('upcasting on read', () => {
    it('brings every stored version to the newest one and leaves the log as it was', async () => {
      await using subject = await open();
      const { store } = subject;
      const written = [
        event({ vehicle: 'X/DE', after: 2 }, v1.type, v1.schemaVersion),
        event({ vehicle: 'Y', after: 3 }, v1.type, v1.schemaVersion),
        event({ model: 'X', market: 'FR', after: 4 }, v2.type, v2.schemaVersion),
        event({ model: 'Z', market: 'IT', after_ms: 5000 }, v3.type, v3.schemaVersion),
      ];
      await append(store, 'door-1', -1, written);
      const recorded = await readStream(store, 'door-1');
      expect(recorded.map(({ schemaVersion, data }) => ({ schemaVersion, data }))).toEqual(
        written.map(({ schemaVersion, data }) => ({ schemaVersion, data })),
      );
      expect(recorded.map(({ schemaVersion, data }) => readAs(v3, schemaVersion, data))).toEqual([
        { model: 'X', market: 'DE', after_ms: 2000 },
        { model: 'Y', market: 'unknown', after_ms: 3000 },
        { model: 'X', market: 'FR', after_ms: 4000 },
        { model: 'Z', market: 'IT', after_ms: 5000 },
      ]);
    });

    it('refuses stored data that does not match, instead of guessing', async () => {
      await using subject = await open();
      await append(subject.store, 'door-1', -1, [event({ vehicle: 'X/DE', after: 'soon' }, v1.type)]);
      const [recorded] = await readStream(subject.store, 'door-1');
      expect(() => readAs(v3, recorded?.schemaVersion ?? 0, recorded?.data)).toThrow(
        /stored DoorOpened v1 does not match/,
      );
    });
  });
}
