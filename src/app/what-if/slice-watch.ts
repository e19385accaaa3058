/** A limit that no gate has: the failure share of any model in any region, when it is exceeded beyond doubt. */
import type { Ended } from './flights.ts';
import { END, type Vehicles } from './vehicles.ts';
import { wilson } from './wilson.ts';

/** Fewer outcomes are an anecdote, whatever their share. */
const LEAST_OUTCOMES = 5;

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

export class SliceWatch {
  readonly #vehicles: Vehicles;
  readonly #limit: number | null;
  readonly #failed: Uint32Array;
  readonly #outcomes: Uint32Array;

  /** @param limit percent; null = not looked at. */
  constructor(vehicles: Vehicles, limit: number | null) {
    this.#vehicles = vehicles;
    this.#limit = limit;
    this.#failed = new Uint32Array(vehicles.slices.length);
    this.#outcomes = new Uint32Array(vehicles.slices.length);
  }

  /** @returns why it has to be stopped; null = it need not. */
  count({ row, end, was }: Ended): string | null {
    const slice = this.#vehicles.slice[row] ?? 0;
    this.#add(slice, was, -1);
    this.#add(slice, end, 1);
    if (this.#limit === null || end !== END.failed) return null;
    const failed = this.#failed[slice] ?? 0;
    const outcomes = this.#outcomes[slice] ?? 0;
    if (outcomes < LEAST_OUTCOMES || wilson(failed, outcomes).low <= this.#limit / 100) return null;
    const { model = '', region = '' } = this.#vehicles.slices[slice] ?? {};
    return `${model} in ${region}: ${failed} of ${outcomes} failed, ${percent(failed / outcomes)}, beyond doubt more than ${this.#limit} %`;
  }

  #add(slice: number, end: number, by: number): void {
    if (end !== END.failed && end !== END.succeeded) return;
    this.#outcomes[slice] = (this.#outcomes[slice] ?? 0) + by;
    if (end === END.failed) this.#failed[slice] = (this.#failed[slice] ?? 0) + by;
  }
}
