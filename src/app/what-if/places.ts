/** Places in flight: how many are taken, and how long one that was given back stays empty. */
import type { Vehicles } from './vehicles.ts';

/** So many vehicles say how long that is. */
const LOOKED_AT = 50_000;

/**
 * How long a place stayed empty at the median, milliseconds: an offer beyond the limit can't come before as many places
 * as it is beyond have been given back, nor before its wave was released. 0 where the limit was never reached.
 * @param most vehicles in flight at a time, of the plan on record.
 * @param releasedAt of each wave, wave 1 first; milliseconds since 1970.
 */
export function turnaroundOf(vehicles: Vehicles, most: number, releasedAt: readonly number[]): number {
  const rows: number[] = [];
  for (let row = 0; row < vehicles.count && rows.length < LOOKED_AT; row++)
    if (!Number.isNaN(vehicles.offeredAt[row])) rows.push(row);
  const offeredAt = (row: number): number => vehicles.offeredAt[row] ?? 0;
  const freed = Float64Array.from(rows, (row) => offeredAt(row) + (vehicles.outcome_ms[row] ?? 0)).sort();
  const gaps = rows
    .sort((a, b) => offeredAt(a) - offeredAt(b))
    .slice(most)
    .map((row, n) => {
      const released = releasedAt[(vehicles.wave[row] ?? 1) - 1] ?? Number.NEGATIVE_INFINITY;
      return offeredAt(row) - Math.max(freed[n] ?? Number.POSITIVE_INFINITY, released);
    })
    .filter((gap) => gap >= 0)
    .sort((a, b) => a - b);
  return gaps[gaps.length >> 1] ?? 0;
}

export class Places {
  readonly #turnaround_ms: number;
  /** Given back, and empty still; the oldest first. */
  readonly #empty: { readonly until: number; readonly places: number }[] = [];
  #first = 0;
  #held = 0;
  #taken = 0;

  constructor(turnaround_ms: number) {
    this.#turnaround_ms = turnaround_ms;
  }

  /** Notes what is in flight now. @param now not before the time of the one before. */
  note(inFlight: number, now: number): void {
    const given = this.#taken - inFlight;
    this.#taken = inFlight;
    if (given <= 0 || this.#turnaround_ms === 0) return;
    this.#empty.push({ until: now + this.#turnaround_ms, places: given });
    this.#held += given;
  }

  /** Places that can't be given out: taken, or given back a moment ago. */
  used(now: number): number {
    for (let one = this.#empty[this.#first]; one !== undefined && one.until <= now; ) {
      this.#held -= one.places;
      one = this.#empty[++this.#first];
    }
    return this.#taken + this.#held;
  }

  /** When one of those that stay empty can be given out; Infinity when there is none. */
  get freeAt(): number {
    return this.#empty[this.#first]?.until ?? Number.POSITIVE_INFINITY;
  }
}
