/**
 * Owns shards: takes them over in the log, decides what vehicles report, offers, grants, halts, and gives them up
 * when another worker has taken them (DESIGN §3 to §5). Shards run side by side, each in its own order.
 */
import { shardOf } from '../../domain/shared/shard.ts';
import type { ShardOwner } from '../ports.ts';
import { CampaignWatch } from './campaign-watch.ts';
import { NotOwnedError, newMetrics, type ShardWorkerDeps, type WorkerMetrics } from './deps.ts';
import { OfferContents } from './offer-content.ts';
import { Pulse } from './pulse.ts';
import { runRounds } from './rounds.ts';
import { Shard } from './shard.ts';
import { createTelling } from './telling.ts';

export type { ShardWorkerDeps, WorkerMetrics } from './deps.ts';
export { ClockBehindError, FencedError, NotOwnedError } from './deps.ts';

export interface ShardWorker extends ShardOwner {
  /** Follows the log and begins its rounds of offers and timeouts. */
  start(): void;
  /** Finishes what was begun and gives all shards up. Stop the feedback source first. */
  stop(): Promise<void>;
  /** One round over all owned shards, at once. Failures go to `onError`. */
  tick(): Promise<void>;
  /**
   * What a vehicle that subscribes now should see; null = nothing. Waits until its shard is loaded.
   * @throws NotOwnedError when the shard is not owned here.
   */
  render(vehicleId: string, topic: 'update' | 'grant'): Promise<Uint8Array | null>;
  /** The broker may have lost what it was given: owned shards send everything that is open again. */
  repeatEverything(): Promise<void>;
  /** The broker holds offers for these vehicles: those of owned shards are told what is open now, also that nothing is. */
  correct(vehicleIds: readonly string[]): Promise<void>;
  readonly metrics: Readonly<WorkerMetrics>;
  /** Shards that are owned here. */
  owned(): readonly number[];
  /** Campaigns that offer nothing in a shard, and why. */
  holds(): readonly { readonly shard: number; readonly campaignId: string; readonly reason: string }[];
}

const DEFAULT_TICK_MS = 250;

export function createShardWorker(deps: ShardWorkerDeps): ShardWorker {
  const metrics = newMetrics();
  const shards = new Map<number, Shard>();
  const stopping = new AbortController();
  const pulse = new Pulse(deps.clock.now());
  let loop: Promise<unknown> | null = null;

  const watch = new CampaignWatch(deps.store, {
    onChange: () => {
      for (const shard of shards.values()) shard.poke();
    },
    onTaken: (shard, epoch, revision) => shards.get(shard)?.takenBy(epoch, revision),
    onError: (error) => deps.onError(error, 'following the campaigns'),
  });
  const contents = new OfferContents(deps.store, watch, deps.digest);
  const fencedToo = (shard: number): void => {
    shards.delete(shard);
    deps.onFenced(shard);
  };
  const worker = { deps: { ...deps, onFenced: fencedToo }, watch, contents, metrics, pulse };

  const tick = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.tick()));
  };
  const shardFor = (number: number): Shard => {
    const shard = shards.get(number);
    if (shard === undefined) throw new NotOwnedError(`shard ${number} is not owned here`);
    return shard;
  };
  const revoke = async (numbers: readonly number[]): Promise<void> => {
    const released = numbers.flatMap((number) => shards.get(number) ?? []);
    await Promise.all(released.map((shard) => shard.release()));
    for (const shard of released) if (shards.get(shard.number) === shard) shards.delete(shard.number);
  };

  return {
    ...createTelling(shards, deps.onError),
    metrics,
    tick,
    revoke,
    start() {
      watch.start();
      loop ??= runRounds(deps.clock, pulse, deps.tick_ms ?? DEFAULT_TICK_MS, tick, stopping.signal);
    },
    async stop() {
      stopping.abort();
      await loop;
      await revoke([...shards.keys()]);
      await watch.stop();
    },
    /** @throws AggregateError naming what went wrong in each shard that could not be taken; the others are owned. */
    async assign(numbers) {
      watch.start();
      const fresh = numbers
        .filter((number) => !shards.has(number))
        .map((number) => new Shard(worker, number));
      for (const shard of fresh) shards.set(shard.number, shard);
      const results = await Promise.allSettled(fresh.map((shard) => shard.take()));
      const errors: unknown[] = [];
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        errors.push(result.reason);
        const shard = fresh[index];
        if (shard !== undefined) shards.delete(shard.number);
      }
      if (errors.length > 0)
        throw new AggregateError(errors, `${errors.length} shards could not be taken: ${String(errors[0])}`);
    },
    async process(number, records) {
      if (records.length > 0) await shardFor(number).process(records);
    },
    async render(vehicleId, topic) {
      return shardFor(shardOf(vehicleId)).render(vehicleId, topic);
    },
    owned: () => [...shards.keys()],
    holds: () =>
      [...shards.values()].flatMap((shard) =>
        [...shard.holds].map(([campaignId, reason]) => ({ shard: shard.number, campaignId, reason })),
      ),
  };
}
