/** What every way of feedback must do. Adapters call this with a fresh one of 8 shards. */
import { describe, expect, it } from 'vitest';
import type {
  FeedbackRecord,
  FeedbackSink,
  FeedbackSource,
  ShardOwner,
} from '../../../src/app/ports/feedback.ts';
import { shardOf } from '../../../src/domain/shared/shard.ts';

export interface FeedbackFixture {
  readonly feedback: FeedbackSink & FeedbackSource;
  dispose(): Promise<void>;
}

export const SHARDS = 8;

/** A vehicle of that shard. */
export function vehicleOf(shard: number): string {
  for (let n = 0; ; n++) if (shardOf(`V${n}`, SHARDS) === shard % SHARDS) return `V${n}`;
}

export const record = (shard: number, n: number, receivedAt = Date.now()): FeedbackRecord => ({
  vehicleId: vehicleOf(shard),
  shard,
  channel: n % 2 === 0 ? 'feedback' : 'inventory',
  payload: Buffer.from(String(n)),
  receivedAt,
});

/** Remembers what it is given. `hold` makes `process` wait. */
export function recordingOwner(): ShardOwner & {
  readonly seen: Map<number, number[]>;
  readonly batches: number[];
  /** Calls of `process` that have begun. */
  readonly begun: () => number;
  readonly assigned: Set<number>;
  readonly greeted: string[];
  hold(): () => void;
  failNext(): void;
} {
  const seen = new Map<number, number[]>();
  const batches: number[] = [];
  const assigned = new Set<number>();
  const greeted: string[] = [];
  let held: Promise<void> = Promise.resolve();
  let fail = false;
  let begun = 0;
  return {
    seen,
    batches,
    begun: () => begun,
    assigned,
    greeted,
    async assign(shards) {
      for (const shard of shards) assigned.add(shard);
    },
    async revoke(shards) {
      for (const shard of shards) assigned.delete(shard);
    },
    async greet(_shard, vehicleIds) {
      greeted.push(...vehicleIds);
    },
    async process(shard, records) {
      begun += 1;
      await held;
      if (fail) {
        fail = false;
        throw new Error('append failed');
      }
      batches.push(records.length);
      const numbers = records.map(({ payload }) => Number(Buffer.from(payload).toString()));
      seen.set(shard, [...(seen.get(shard) ?? []), ...numbers]);
    },
    hold() {
      let release = (): void => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    failNext() {
      fail = true;
    },
  };
}

export async function eventually(check: () => void): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      check();
      return;
    } catch (error) {
      if (attempt >= 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

export function feedbackContract(name: string, open: () => Promise<FeedbackFixture>): void {
  const scenario = (
    what: string,
    body: (fixture: FeedbackFixture, owner: ReturnType<typeof recordingOwner>) => Promise<void>,
  ): void =>
    it(what, async () => {
      const fixture = await open();
      const owner = recordingOwner();
      await fixture.feedback.start(owner);
      try {
        await body(fixture, owner);
      } finally {
        await fixture.feedback.stop();
        await fixture.dispose();
      }
    });

  describe(`feedback: ${name}`, () => {
    scenario('assigns every shard, and revokes them at the end', async ({ feedback }, owner) => {
      expect([...owner.assigned].sort()).toEqual(Array.from({ length: SHARDS }, (_, i) => i));
      await feedback.stop();
      expect([...owner.assigned]).toEqual([]);
    });

    scenario('gives each shard its records, all of them, in their order', async ({ feedback }, owner) => {
      const published: Promise<void>[] = [];
      for (let n = 0; n < 400; n++) published.push(feedback.publish([record(n % SHARDS, n)]));
      published.push(feedback.publish([record(1, 1000), record(2, 1001), record(1, 1002)]));
      await Promise.all(published);
      await eventually(() => expect([...owner.seen.values()].flat()).toHaveLength(403));
      for (const numbers of owner.seen.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(owner.seen.get(1)?.slice(-2)).toEqual([1000, 1002]);
    });

    scenario('gives a record on as it was', async ({ feedback }, owner) => {
      const got: FeedbackRecord[] = [];
      owner.process = async (_shard, records) => {
        got.push(...records);
      };
      const sent = { ...record(4, 1), payload: Buffer.from([0, 255, 128, 10, 13]) };
      await feedback.publish([]);
      await feedback.publish([sent]);
      await eventually(() => expect(got).toHaveLength(1));
      expect({ ...got[0], payload: Buffer.from(got[0]?.payload ?? []) }).toEqual(sent);
    });

    scenario('has vehicles that arrive greeted by the owner of their shard', async ({ feedback }, owner) => {
      await feedback.arrived([
        { vehicleId: vehicleOf(1), shard: 1 },
        { vehicleId: vehicleOf(2), shard: 2 },
      ]);
      const expected = [vehicleOf(1), vehicleOf(2)].toSorted();
      await eventually(() => expect(owner.greeted.toSorted()).toEqual(expected));
    });

    scenario('processes what gathers meanwhile in one batch', async ({ feedback }, owner) => {
      const release = owner.hold();
      const published = Array.from({ length: 300 }, (_, n) => feedback.publish([record(3, n)]));
      release();
      await Promise.all(published);
      await eventually(() => expect(owner.seen.get(3)).toHaveLength(300));
      expect(owner.batches.length).toBeLessThan(150);
    });

    scenario('the watermark stays before what is not processed yet', async ({ feedback }, owner) => {
      const release = owner.hold();
      const at = Date.now() - 60_000;
      const published = feedback.publish([record(5, 1, at)]);
      await eventually(() => expect(feedback.watermark(5)).toBeLessThan(at));
      release();
      await published;
      await eventually(() => expect(feedback.watermark(5)).toBeGreaterThanOrEqual(at));
    });

    scenario('the watermark stays where vehicles could not be heard any more', async ({ feedback }) => {
      const begun = Date.now();
      await eventually(() => expect(feedback.watermark(5)).toBeGreaterThanOrEqual(begun));
      feedback.unheard();
      const since = Date.now();
      // As long as took it above, and more.
      await new Promise((resolve) => setTimeout(resolve, 400));
      feedback.unheard();
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(feedback.watermark(5)).toBeLessThan(since);
    });

    scenario('one slow shard does not hold up the others', async ({ feedback }, owner) => {
      const process = owner.process.bind(owner);
      let release = (): void => undefined;
      const stuck = new Promise<void>((resolve) => {
        release = resolve;
      });
      owner.process = async (shard, records) => {
        if (shard === 0) await stuck;
        return process(shard, records);
      };
      const slow = feedback.publish([record(0, 1)]);
      await feedback.publish([record(1, 2)]);
      await eventually(() => expect(owner.seen.get(1)).toEqual([2]));
      expect(owner.seen.get(0)).toBeUndefined();
      release();
      await slow;
    });

    scenario('stop waits until what is being processed has been', async ({ feedback }, owner) => {
      const release = owner.hold();
      const published = feedback.publish([record(2, 7)]);
      await eventually(() => expect(owner.begun()).toBe(1));
      let stopped = false;
      const stopping = feedback.stop().then(() => {
        stopped = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(stopped).toBe(false);
      release();
      await Promise.all([published, stopping]);
      expect(owner.seen.get(2)).toEqual([7]);
    });

    scenario(
      'what failed is not skipped: it comes again before what is behind it',
      async (fixture, owner) => {
        owner.failNext();
        const again = async (n: number): Promise<void> => {
          // Where the sender is told of the failure, it sends again.
          await fixture.feedback.publish([record(6, n)]).catch(() => again(n));
        };
        await again(1);
        await again(2);
        await eventually(() => expect(owner.seen.get(6)).toEqual([1, 2]));
      },
    );
  });
}
