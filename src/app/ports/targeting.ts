import type { TargetSlice } from '../../domain/campaign/events.ts';
import type { Position } from './event-store.ts';

export interface TargetingCount {
  readonly matched: number;
  readonly compatible: number;
  /** Why matched vehicles can't take the artifacts: reason code and how many vehicles have it. */
  readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
  /** Matched and compatible vehicles by value, per attribute. */
  readonly facets: Readonly<Record<string, readonly { readonly value: string; readonly vehicles: number }[]>>;
}

export interface TargetRow {
  readonly vehicleId: string;
  /** Stream revision of the vehicle that was judged. */
  readonly revision: number;
  /** Index into the `slices` of the selection. */
  readonly slice: number;
}

/** What a query selects among the vehicles that can take all the artifacts, at one point of the log. */
export interface TargetSelection {
  /** Id of the last event that the selection reflects; null for an empty log. */
  readonly lastEventId: string | null;
  readonly slices: readonly TargetSlice[];
  /** The compatible vehicles in batches, in any order, each once. Valid until the last batch was taken. */
  readonly rows: AsyncIterable<readonly TargetRow[]>;
  /** Vehicles that the query matches, the incompatible ones included. */
  readonly matched: number;
  readonly incompatible: number;
  /** Why those can't take the artifacts, the commonest reason first; at most 50. */
  readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
}

export type SelectionResult =
  | { readonly ok: true; readonly selection: TargetSelection }
  /** The query can't be read or names what does not exist. A sentence; it points at the character where it can. */
  | { readonly ok: false; readonly reason: string };

/** The planner's way to the targeting index (DESIGN §5 "Targets"). */
export interface TargetSelector {
  /**
   * Waits until the index reflects everything up to `atLeast`, then selects at that point of the log or later.
   * @throws when the index can't get there (it was stopped); the planner tries again.
   */
  select(query: string, artifactIds: readonly string[], atLeast: Position): Promise<SelectionResult>;
}
