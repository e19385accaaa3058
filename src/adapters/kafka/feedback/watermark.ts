/**
 * Up to when everything that was received for a shard has been processed, told by the marks of the bridges that were
 * processed in its partition (DESIGN §4.7). Time between marks is the brokers', so that a worker that reads old
 * messages comes to the same answer as one that read them at once.
 */
import type { Mark } from './record.ts';

export interface WatermarkOptions {
  /** A bridge that has not been heard of for so long does not count any more; default 60,000. */
  readonly forgetAfter_ms?: number;
  /** No mark for longer than this: bridges or brokers were down; default 15,000. */
  readonly gap_ms?: number;
  /** After a gap, time stands for so long: what vehicles kept meanwhile has to come first; default 30,000. */
  readonly grace_ms?: number;
}

export class Watermark {
  readonly #forgetAfter_ms: number;
  readonly #gap_ms: number;
  readonly #grace_ms: number;
  /** The newest mark of each bridge; they are few. */
  readonly #sinks = new Map<string, { readonly until_ms: number; readonly at_ms: number }>();
  #newest_ms = 0;
  #holdUntil_ms = 0;
  #value_ms = 0;

  constructor({ forgetAfter_ms = 60_000, gap_ms = 15_000, grace_ms = 30_000 }: WatermarkOptions = {}) {
    this.#forgetAfter_ms = forgetAfter_ms;
    this.#gap_ms = gap_ms;
    this.#grace_ms = grace_ms;
  }

  /** Milliseconds since 1970; 0 before the first mark. */
  get value_ms(): number {
    return this.#value_ms;
  }

  /** A mark was processed, and all that was before it in the partition. `at_ms`: when the broker wrote it. */
  processed({ sink, until_ms }: Mark, at_ms: number): void {
    if (this.#newest_ms > 0 && at_ms - this.#newest_ms > this.#gap_ms)
      this.#holdUntil_ms = at_ms + this.#grace_ms;
    this.#newest_ms = Math.max(this.#newest_ms, at_ms);
    this.#sinks.set(sink, { until_ms, at_ms: this.#newest_ms });
    for (const [name, { at_ms: heard_ms }] of this.#sinks)
      if (this.#newest_ms - heard_ms >= this.#forgetAfter_ms) this.#sinks.delete(name);
    const least_ms = Math.min(...[...this.#sinks.values()].map((newest) => newest.until_ms));
    // A new bridge may be behind the others: then time goes back, which only makes us wait.
    this.#value_ms = this.#newest_ms < this.#holdUntil_ms ? Math.min(this.#value_ms, least_ms) : least_ms;
  }
}
