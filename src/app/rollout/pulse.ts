/**
 * Notices that the process stood still: suspended with its machine, stopped by a signal, or its clock moved. What
 * vehicles sent meanwhile is still on its way then, as after any other downtime (DESIGN §4.7).
 */
const STANDSTILL_MS = 10_000;

export class Pulse {
  #last_ms: number;
  #since_ms: number;

  constructor(now_ms: number) {
    this.#last_ms = now_ms;
    this.#since_ms = now_ms;
  }

  /** To be called every second or so. @returns since when the process has run without a break, milliseconds since 1970. */
  beat(now_ms: number): number {
    if (Math.abs(now_ms - this.#last_ms) > STANDSTILL_MS) this.#since_ms = now_ms;
    this.#last_ms = now_ms;
    return this.#since_ms;
  }
}
