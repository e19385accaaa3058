/** Places in flight: how many are taken, and how long one that was given back stays empty. */
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
