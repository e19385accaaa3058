/** Telling vehicles what is open for them, outside of decisions: they came, or the broker's copy may be wrong. */
import { shardOf } from '../../domain/shared/shard.ts';
import { FencedError, NotOwnedError } from './deps.ts';
import type { Shard } from './shard.ts';

export interface Telling {
  greet(shard: number, vehicleIds: readonly string[]): Promise<void>;
  repeatEverything(): Promise<void>;
  correct(vehicleIds: readonly string[]): Promise<void>;
}

export function createTelling(
  shards: ReadonlyMap<number, Shard>,
  onError: (error: unknown, what: string) => void,
): Telling {
  /** What a vehicle is told is told again when it comes back: a failure here is reported and forgotten. */
  const told = async (number: number, tell: () => Promise<void> | undefined): Promise<void> => {
    try {
      await tell();
    } catch (error) {
      if (!(error instanceof NotOwnedError || error instanceof FencedError))
        onError(error, `shard ${number} telling vehicles what is open`);
    }
  };
  return {
    async greet(number, vehicleIds) {
      await told(number, () => shards.get(number)?.tell(vehicleIds, 'only what is open'));
    },
    async repeatEverything() {
      for (const [number, shard] of shards) await told(number, () => shard.oweEverything());
    },
    async correct(vehicleIds) {
      for (const [number, ids] of Map.groupBy(vehicleIds, (vehicleId) => shardOf(vehicleId)))
        await told(number, () => shards.get(number)?.tell(ids, 'that nothing is open'));
    },
  };
}
