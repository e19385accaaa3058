/** What the main thread and the projector thread say to each other. */
import type { Position } from '../app/ports.ts';
import type { TargetingIndex } from '../projections/targeting/targeting-index.ts';

export type { QueryProblem } from '../projections/targeting/targeting-index.ts';

/** Questions to the targeting index, which lives in the projector thread. */
export type IndexMethods = Pick<
  TargetingIndex,
  'count' | 'openSelection' | 'nextRows' | 'closeSelection' | 'targetIsKnown' | 'matchesAnyVehicle'
>;

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
