import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FeedbackRecord } from '../../../src/app/ports.ts';
import { SHARD, started } from './world.ts';

interface Moved {
  readonly vehicleId: string;
  readonly from: string;
  readonly to: string;
  readonly report?: { readonly seq: number };
}

const KINDS = ['accepted', 'download-started', 'install-started', 'succeeded', 'healthy'] as const;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      pick: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'disk-full' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'lost-answer' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'takeover' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'link-down' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'tick' as const }) },
);

it('whatever fails, is repeated, reordered or taken over: every receipted message is counted once, none is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const faults = { before: false, after: false };
      const { world, ids } = await started(
        3,
        {},
        {
          beforeAppend: () => {
            if (!faults.before) return;
            faults.before = false;
            throw new Error('disk full');
          },
          afterAppend: () => {
            if (!faults.after) return;
            faults.after = false;
            throw new Error('answer lost');
          },
        },
      );
      let { worker } = world;
      const outbox: FeedbackRecord[] = ids.flatMap((id) =>
        KINDS.map((kind, index) => world.message(id, kind, { seq: index + 1 })),
      );
      const seqOf = (record: FeedbackRecord): number =>
        (JSON.parse(new TextDecoder().decode(record.payload)) as { seq: number }).seq;
      const isSafe = (record: FeedbackRecord): boolean =>
        world.receipted(record.vehicleId).includes(seqOf(record));
      const deliver = async (records: readonly FeedbackRecord[]): Promise<void> => {
        await worker.process(SHARD, records).catch(() => undefined);
      };
      for (const one of steps) {
        if (one.do === 'deliver')
          await deliver(one.pick.flatMap((pick) => outbox[pick % outbox.length] ?? []));
        else if (one.do === 'disk-full') faults.before = true;
        else if (one.do === 'lost-answer') faults.after = true;
        else if (one.do === 'link-down') world.linkFails = !world.linkFails;
        else if (one.do === 'tick') await worker.tick();
        else {
          const next = world.newWorker();
          const take = (): Promise<void> => next.assign([SHARD]);
          // Both faults may be waiting for it.
          await take().catch(take).catch(take);
          worker = next;
        }
        // What was receipted is on record, or something later of the same vehicle is, at that very moment.
        const recorded = (await world.rollout()).map((event) => event.data as Moved);
        for (const record of outbox.filter(isSafe))
          expect(
            recorded.some(
              (move) => move.vehicleId === record.vehicleId && (move.report?.seq ?? 0) >= seqOf(record),
            ),
          ).toBe(true);
      }
      world.linkFails = false;
      // What failed again and again has to wait.
      world.clock.ms += 60_000;
      for (let round = 0; round < 5; round++) await deliver(outbox.filter((record) => !isSafe(record)));
      expect(outbox.every(isSafe)).toBe(true);
      const phase = new Map(ids.map((id) => [id, 'waiting']));
      const counted = new Set<string>();
      for (const event of await world.rollout()) {
        const move = event.data as Moved;
        if (move.from === undefined) continue;
        expect(move.from).toBe(phase.get(move.vehicleId));
        phase.set(move.vehicleId, move.to);
        if (move.report === undefined) continue;
        const key = `${move.vehicleId} ${move.report.seq}`;
        expect(counted.has(key)).toBe(false);
        counted.add(key);
      }
      expect([...phase.values()]).toEqual(['succeeded', 'succeeded', 'succeeded']);
      await worker.stop();
    }),
    { numRuns: 40 },
  );
});
