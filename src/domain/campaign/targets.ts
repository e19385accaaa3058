/** Reading a frozen list of targets back from a `targets-{campaignId}-{shard}` stream. */
import { canonicalJson } from '../shared/canonical.ts';
import type { TargetSlice, TargetsEvent } from './events.ts';

export interface Target {
  readonly vehicleId: string;
  /** From 1. */
  readonly wave: number;
  /** Global place in the campaign's order, from 0; lower is offered first. */
  readonly rank: number;
  /** Stream revision of the vehicle that was judged. */
  readonly revision: number;
  /** Index into `slices`; the number that rollout events carry. */
  readonly slice: number;
}

export interface ShardTargets {
  readonly targets: readonly Target[];
  readonly slices: readonly TargetSlice[];
  /** SHA-256 that TargetsClosed gave for the list as it was frozen. */
  readonly digest: string;
}

interface Run {
  readonly targets: Map<string, Target>;
  readonly slices: TargetSlice[];
}

/**
 * The targets of one shard under one plan. A planner that died writes its run again from TargetsOpened on, so
 * only the last run that was closed counts. Vehicles that joined or left an open campaign later are applied to it.
 * @returns null when no run of the plan was closed.
 */
export function foldTargets(events: Iterable<TargetsEvent>, planId: string): ShardTargets | null {
  let open: Run | null = null;
  let closed: (Run & { readonly digest: string }) | null = null;
  for (const event of events) {
    switch (event.type) {
      case 'TargetsOpened':
        if (event.data.planId === planId) open = { targets: new Map(), slices: [] };
        break;
      case 'TargetsListed':
        if (open === null || event.data.planId !== planId) break;
        open.slices.push(...event.data.slices);
        for (const [vehicleId, wave, rank, revision, slice] of event.data.targets)
          open.targets.set(vehicleId, { vehicleId, wave, rank, revision, slice });
        break;
      case 'TargetsClosed':
        if (open === null || event.data.planId !== planId) break;
        closed = { ...open, digest: event.data.digest };
        open = null;
        break;
      case 'TargetJoined': {
        if (closed === null) break;
        const { vehicleId, wave, rank, vehicleRevision: revision, slice } = event.data;
        closed.targets.set(vehicleId, { vehicleId, wave, rank, revision, slice: closed.slices.length });
        closed.slices.push(slice);
        break;
      }
      case 'TargetLeft':
        closed?.targets.delete(event.data.vehicleId);
        break;
    }
  }
  if (closed === null) return null;
  return { targets: [...closed.targets.values()], slices: closed.slices, digest: closed.digest };
}

/** One row of TargetsListed. */
export type TargetTuple = Extract<TargetsEvent, { type: 'TargetsListed' }>['data']['targets'][number];

/**
 * What the digest of a shard's list is made over: its slices, an empty line, and its targets in rank order,
 * each a line of JSON. The digest of all targets is over the shards' digests, one a line, shard 0 first.
 */
export const shardDigestText = (slices: readonly TargetSlice[], targets: readonly TargetTuple[]): string =>
  digestTextOf(
    slices,
    targets.map((target) => JSON.stringify(target)),
  );

/** The same, of lines that were made before. */
export const digestTextOf = (slices: readonly TargetSlice[], lines: readonly string[]): string =>
  `${slices.map(canonicalJson).join('\n')}\n\n${lines.join('\n')}`;
