/** Writes a frozen list of targets to the `targets-` streams of a campaign, shard by shard. */

import type { TargetSlice, TargetsEvent } from '../../domain/campaign/events.ts';
import { planWaves } from '../../domain/campaign/plan.ts';
import type { WavePlan } from '../../domain/campaign/policy.ts';
import { digestTextOf, type TargetTuple } from '../../domain/campaign/targets.ts';
import { SHARD_COUNT, shardOf } from '../../domain/shared/shard.ts';
import { targetsStream } from '../../domain/shared/streams.ts';
import { type Runtime, toNewEvents } from '../handle-command.ts';
import type { AppendMetadata, AppendRequest } from '../ports.ts';

/** Largest TargetsListed, bytes of JSON (DESIGN §3). */
export const CHUNK_BYTES = 512 * 1024;
/** Shards written at a time: bounds what is held in memory and sent to the store at once. */
const SHARDS_AT_ONCE = 8;

/** Selected vehicles, in columns. */
export interface SelectedVehicles {
  readonly vehicleIds: readonly string[];
  readonly revisions: readonly number[];
  /** Index into `slices`. */
  readonly sliceOf: readonly number[];
  readonly slices: readonly TargetSlice[];
  readonly lastEventId: string | null;
}

export interface WrittenTargets {
  readonly waves: readonly number[];
  readonly shards: readonly number[];
  readonly digest: string;
}

export interface WriteOptions {
  readonly campaignId: string;
  readonly planId: string;
  readonly waves: readonly Pick<WavePlan, 'size'>[];
  readonly metadata: AppendMetadata;
  /** Asked between appends: a list that nobody waits for any more is not finished. */
  readonly isWanted: () => boolean;
}

/**
 * @returns null when the list stopped being wanted.
 * @throws when another writer is on the same streams, or whatever the store throws; the run stays open then, and
 * readers leave it out.
 */
export async function writeTargets(
  runtime: Runtime,
  selected: SelectedVehicles,
  options: WriteOptions,
): Promise<WrittenTargets | null> {
  const { vehicleIds } = selected;
  const { order, waves } = planWaves(options.campaignId, vehicleIds, options.waves);
  const ranks: number[][] = Array.from({ length: SHARD_COUNT }, () => []);
  for (let rank = 0; rank < order.length; rank++)
    ranks[shardOf(vehicleIds[order[rank] ?? 0] ?? '')]?.push(rank);
  const waveOf = waveLookup(waves);
  const digests: string[] = [];
  for (let first = 0; first < SHARD_COUNT; first += SHARDS_AT_ONCE) {
    if (!options.isWanted()) return null;
    const lists = ranks.slice(first, first + SHARDS_AT_ONCE).map((own, offset) => {
      const list = shardList(selected, order, waveOf, own);
      const digest = runtime.digest(digestTextOf(list.slices, list.lines));
      digests.push(digest);
      return { shard: first + offset, list, digest };
    });
    const wanted = lists.filter(({ list }) => list.targets.length > 0);
    await appendLists(runtime, selected.lastEventId, wanted, options);
  }
  return {
    waves,
    shards: ranks.map((own) => own.length),
    digest: runtime.digest(digests.join('\n')),
  };
}

/** Ranks are given in ascending order, so that the wave only ever goes forward. */
function waveLookup(waves: readonly number[]): (rank: number) => number {
  const ends: number[] = [];
  waves.reduce((taken, count, index) => {
    ends[index] = taken + count;
    return taken + count;
  }, 0);
  return (rank) => ends.findIndex((end) => rank < end) + 1;
}

interface ShardList {
  readonly targets: readonly TargetTuple[];
  readonly slices: readonly TargetSlice[];
  /** Each target as JSON (ASCII), made once: for the digest and to measure chunks. */
  readonly lines: readonly string[];
}

function shardList(
  selected: SelectedVehicles,
  order: Uint32Array,
  waveOf: (rank: number) => number,
  ranks: readonly number[],
): ShardList {
  const numbers = new Map<number, number>();
  const slices: TargetSlice[] = [];
  const targets = ranks.map((rank): TargetTuple => {
    const index = order[rank] ?? 0;
    const global = selected.sliceOf[index] ?? 0;
    let number = numbers.get(global);
    if (number === undefined) {
      const slice = selected.slices[global];
      if (slice === undefined) throw new Error(`the selection has no slice ${global}`);
      number = slices.push(slice) - 1;
      numbers.set(global, number);
    }
    return [selected.vehicleIds[index] ?? '', waveOf(rank), rank, selected.revisions[index] ?? 0, number];
  });
  return { targets, slices, lines: targets.map((target) => JSON.stringify(target)) };
}

/** Cuts a list into chunks, each with the slices that it is the first to use. */
function chunksOf({
  targets,
  slices,
  lines,
}: ShardList): { slices: TargetSlice[]; targets: TargetTuple[] }[] {
  const chunks: { slices: TargetSlice[]; targets: TargetTuple[] }[] = [];
  let known = 0;
  let bytes = Number.POSITIVE_INFINITY;
  for (const [at, target] of targets.entries()) {
    const slice = target[4] === known ? slices[known] : undefined;
    const size =
      (lines[at]?.length ?? 0) + 1 + (slice === undefined ? 0 : Buffer.byteLength(JSON.stringify(slice)) + 1);
    if (bytes + size > CHUNK_BYTES) {
      chunks.push({ slices: [], targets: [] });
      bytes = 300;
    }
    bytes += size;
    const chunk = chunks.at(-1);
    chunk?.targets.push(target);
    if (slice !== undefined) {
      chunk?.slices.push(slice);
      known += 1;
    }
  }
  return chunks;
}

async function appendLists(
  runtime: Runtime,
  lastEventId: string | null,
  lists: readonly { readonly shard: number; readonly list: ShardList; readonly digest: string }[],
  options: WriteOptions,
): Promise<void> {
  const queues = await Promise.all(
    lists.map(async ({ shard, list, digest }) => {
      const base = { campaignId: options.campaignId, shard, planId: options.planId };
      const events = chunksOf(list).map((chunk): TargetsEvent[] => [
        { type: 'TargetsListed', data: { ...base, ...chunk } },
      ]);
      events[0]?.unshift({ type: 'TargetsOpened', data: { ...base, lastEventId } });
      const closed = { ...base, targets: list.targets.length, digest };
      events.at(-1)?.push({ type: 'TargetsClosed', data: closed });
      return requestsOf(runtime, targetsStream(options.campaignId, shard), events, options.metadata);
    }),
  );
  const rounds = Math.max(0, ...queues.map((queue) => queue.length));
  for (let round = 0; round < rounds; round++) {
    const requests = queues.flatMap((queue) => queue.slice(round, round + 1));
    const results = await runtime.store.append(requests);
    results.forEach((result, index) => {
      if (result.status !== 'appended')
        throw new Error(`${requests[index]?.stream} could not be written: ${result.status}`);
    });
  }
}

async function requestsOf(
  runtime: Runtime,
  stream: string,
  appends: readonly (readonly TargetsEvent[])[],
  metadata: AppendMetadata,
): Promise<AppendRequest[]> {
  let revision = -1;
  for await (const batch of runtime.store.readStream(stream, { direction: 'backward', limit: 1 }))
    revision = batch[0]?.revision ?? revision;
  return appends.map((events) => {
    const request = {
      stream,
      expectedRevision: revision,
      events: toNewEvents(events, runtime.newId),
      metadata,
    };
    revision += events.length;
    return request;
  });
}
