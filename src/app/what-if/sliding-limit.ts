/** At most so many in any span of time. */
export class SlidingLimit {
  readonly #span_ms: number;
  readonly #times: Float64Array;
  #made = 0;

  /** @param offers from 1. */
  constructor(offers: number, span_ms: number) {
    this.#span_ms = span_ms;
    this.#times = new Float64Array(offers);
  }

  /** When one more fits, milliseconds since 1970; -Infinity = it always did. */
  get freeAt(): number {
    const oldest = this.#made % this.#times.length;
    return this.#made < this.#times.length
      ? Number.NEGATIVE_INFINITY
      : (this.#times[oldest] ?? 0) + this.#span_ms;
  }

  /** @param now not before the time of the one before. */
  made(now: number): void {
    this.#times[this.#made++ % this.#times.length] = now;
  }
}
