/** What is due next: numbers by time, the earliest first. Columns instead of objects, because there can be millions. */
export class TimeHeap {
  #times = new Float64Array(1024);
  #values = new Uint32Array(1024);
  #size = 0;

  /** Time of the first; Infinity when there is none. */
  get next(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] ?? 0);
  }

  push(time: number, value: number): void {
    if (this.#size === this.#times.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((this.#times[above] ?? 0) <= time) break;
      this.#move(above, at);
      at = above;
    }
    this.#times[at] = time;
    this.#values[at] = value;
  }

  /** Takes the first off. There must be one. */
  pop(): number {
    const first = this.#values[0] ?? 0;
    const size = --this.#size;
    const time = this.#times[size] ?? 0;
    const value = this.#values[size] ?? 0;
    let at = 0;
    for (let below = 1; below < size; below = 2 * at + 1) {
      if (below + 1 < size && (this.#times[below + 1] ?? 0) < (this.#times[below] ?? 0)) below++;
      if ((this.#times[below] ?? 0) >= time) break;
      this.#move(below, at);
      at = below;
    }
    this.#times[at] = time;
    this.#values[at] = value;
    return first;
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] ?? 0;
    this.#values[to] = this.#values[from] ?? 0;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#size);
    const values = new Uint32Array(2 * this.#size);
    times.set(this.#times);
    values.set(this.#values);
    this.#times = times;
    this.#values = values;
  }
}
