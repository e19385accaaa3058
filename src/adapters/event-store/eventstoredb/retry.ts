/** When, and how long, a call is tried again. */
import { EventStoreError } from '../errors.ts';
import type { Failure } from './failure.ts';

/** First and longest pause before a call is tried again, and before a channel connects again. */
export const FIRST_DELAY_MS = 50;
export const MAX_DELAY_MS = 2000;

export const closed = (): EventStoreError => new EventStoreError('closed', 'the event store is closed');

/** Growing pauses between tries, up to a bound in time; progress starts them anew. */
export class Retry {
  readonly #bound_ms: number;
  readonly #closing: AbortSignal;
  readonly #onRetry: () => void;
  #since: number | null = null;
  #delay_ms = FIRST_DELAY_MS;
  /** Failures since the last progress. */
  #tries = 0;

  constructor(bound_ms: number, closing: AbortSignal, onRetry: () => void) {
    this.#bound_ms = bound_ms;
    this.#closing = closing;
    this.#onRetry = onRetry;
  }

  progress(): void {
    this.#since = null;
    this.#delay_ms = FIRST_DELAY_MS;
    this.#tries = 0;
  }

  /**
   * Waits until it is worth trying again, or `stop` aborts.
   * @throws the failure's error when it is not, or the time is over.
   */
  async after(failure: Failure, stop?: AbortSignal): Promise<void> {
    if (failure.kind === 'final') throw failure.error;
    this.#since ??= performance.now();
    this.#tries += 1;
    const left_ms = this.#since + this.#bound_ms - performance.now();
    if (this.#closing.aborted) throw closed();
    if (left_ms <= 0) throw failure.error;
    this.#onRetry();
    // The leader is known: go there at once, but not round and round.
    if (failure.kind === 'moved' && failure.leader !== null && this.#tries === 1) return;
    const delay_ms = Math.min(this.#delay_ms * (0.5 + Math.random()), left_ms);
    this.#delay_ms = Math.min(this.#delay_ms * 2, MAX_DELAY_MS);
    await pause(delay_ms, stop === undefined ? [this.#closing] : [this.#closing, stop]);
  }
}

/** Ends early when one of the signals aborts. */
function pause(delay_ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delay_ms);
    for (const signal of signals) signal.addEventListener('abort', done);
  });
}
