/** Vehicles of which something has to be estimated, as columns: they come in any order, and are needed by rank. */
import type { Unsettled } from './courses.ts';

export class Unsettleds implements Iterable<Unsettled> {
  /** One more than where it stood; 0 = nothing to estimate. */
  readonly #stood: Uint8Array;
  readonly #elapsed_ms: Float64Array;

  constructor(count: number) {
    this.#stood = new Uint8Array(count);
    this.#elapsed_ms = new Float64Array(count);
  }

  add({ row, stood, elapsed_ms }: Unsettled): void {
    this.#stood[row] = stood + 1;
    this.#elapsed_ms[row] = elapsed_ms;
  }

  *[Symbol.iterator](): Generator<Unsettled> {
    for (let row = 0; row < this.#stood.length; row++) {
      const stood = this.#stood[row] ?? 0;
      if (stood > 0) yield { row, stood: stood - 1, elapsed_ms: this.#elapsed_ms[row] ?? 0 };
    }
  }
}
