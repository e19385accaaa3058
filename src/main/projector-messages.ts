/** What the main thread and the projector thread say to each other. */
import type { Position, TargetingCount, TargetRow } from '../app/ports.ts';
import type { Artifact } from '../domain/artifact/state.ts';
import type { TargetSlice } from '../domain/campaign/events.ts';
import type { QueryError } from '../domain/targeting/errors.ts';

/** A query that can't be read, or an artifact that is not known. */
export type QueryProblem =
  | { readonly code: 'invalid-query'; readonly error: QueryError }
  | { readonly code: 'unknown-artifact'; readonly artifactId: string };

export type CountAnswer =
  | ({ readonly ok: true } & TargetingCount)
  | { readonly ok: false; readonly problem: QueryProblem };

export type OpenAnswer =
  | {
      readonly ok: true;
      /** For `nextRows` and `closeSelection`. */
      readonly id: number;
      readonly lastEventId: string | null;
      readonly slices: readonly TargetSlice[];
      readonly matched: number;
      readonly incompatible: number;
      readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
    }
  | { readonly ok: false; readonly problem: QueryProblem };

/** Questions to the targeting index, which lives in the projector thread. */
export interface IndexMethods {
  count(query: string, artifactIds: readonly string[]): CountAnswer;
  openSelection(query: string, artifactIds: readonly string[]): OpenAnswer;
  /** Null after the last batch. */
  nextRows(id: number): readonly TargetRow[] | null;
  closeSelection(id: number): null;
  targetIsKnown(ecuType: string, component: string): boolean;
  matchesAnyVehicle(artifact: Artifact): boolean;
}

export type ToThread =
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly method: keyof IndexMethods;
      readonly args: readonly unknown[];
    }
  | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'moved'; readonly position: Position; readonly skipped: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown; readonly error: Error | null }
  | { readonly kind: 'failed'; readonly error: Error };
