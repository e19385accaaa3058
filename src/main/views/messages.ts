/** What the main thread and the views thread say to each other. */
import type { Log, LogLevel, Position } from '../../app/ports.ts';
import type { TargetingIndex } from '../../projections/targeting/targeting-index.ts';
import type { LogSpec } from '../engines/event-log.ts';
import type { ReadModelSpec } from '../engines/read-models.ts';

export type { QueryProblem } from '../../projections/targeting/targeting-index.ts';

/** What the thread does. */
export interface ViewsSpec {
  readonly log: LogSpec;
  /** Folds the targeting index. */
  readonly index: boolean;
  /**
   * Folds read models, or null. `always`: by the same subscription as the index, and a failure ends the thread;
   * `when-told`: while this process is the one projector at work, and a failure is told and can be tried again.
   */
  readonly fold: { readonly store: ReadModelSpec; readonly when: 'always' | 'when-told' } | null;
}

/** Questions to the targeting index, which lives in the thread. */
export type IndexMethods = Pick<
  TargetingIndex,
  | 'count'
  | 'openSelection'
  | 'nextRows'
  | 'closeSelection'
  | 'targetIsKnown'
  | 'matchesAnyVehicle'
  | 'listsWith'
>;

export type ToThread =
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly method: keyof IndexMethods;
      readonly args: readonly unknown[];
    }
  | { readonly kind: 'fold'; readonly on: boolean }
  | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'ready' }
  /** `index` and, where they are folded here, read models have got there. */
  | { readonly kind: 'moved'; readonly position: Position; readonly skipped: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown; readonly error: Error | null }
  /** Folding that was told to begin runs, has ended as it was told to, or has failed. */
  | { readonly kind: 'folding'; readonly on: boolean; readonly error: Error | null }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: object }
  | { readonly kind: 'failed'; readonly error: Error };

/** A log whose lines go to the other thread: errors as their text, because not every error can be sent. */
export const sendingLog =
  (tell: (message: FromThread) => void): Log =>
  (level, message, fields = {}) => {
    const { error, ...rest } = fields;
    const told = error === undefined ? {} : { error: error instanceof Error ? error.message : String(error) };
    tell({ kind: 'log', level, message, fields: { ...rest, ...told } });
  };
