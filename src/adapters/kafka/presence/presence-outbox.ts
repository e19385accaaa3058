/** What is to be told of vehicles: the newest of each, told now and then. Bounded: what is too much is lost. */
import type { PresenceSignal } from '../../../app/ports/presence.ts';
import { presenceKey } from './presence-record.ts';

/** That a vehicle was heard of is told once in this time, milliseconds. */
const HEARD_EVERY_MS = 60_000;
const MAX_WAITING = 200_000;
const MAX_REMEMBERED = 1_000_000;

export class PresenceOutbox {
  readonly #waiting = new Map<string, PresenceSignal>();
  /** When it was last told that a vehicle was heard of, by its clock. */
  readonly #heard = new Map<string, number>();
  #dropped = 0;

  get dropped(): number {
    return this.#dropped;
  }

  add(signal: PresenceSignal): void {
    if (signal.online === null && !this.#isNews(signal)) return;
    const key = presenceKey(signal);
    if (!this.#waiting.has(key) && this.#waiting.size >= MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.set(key, signal);
  }

  /** What waits, which is none of ours any more. */
  take(): readonly PresenceSignal[] {
    const taken = [...this.#waiting.values()];
    this.#waiting.clear();
    return taken;
  }

  /** Could not be told: again, unless something newer came or there is no room. */
  putBack(signals: readonly PresenceSignal[]): void {
    for (const signal of signals) {
      const key = presenceKey(signal);
      if (this.#waiting.has(key)) continue;
      if (this.#waiting.size < MAX_WAITING) this.#waiting.set(key, signal);
      else this.#dropped += 1;
    }
  }

  #isNews({ vehicleId, at }: PresenceSignal): boolean {
    const last = this.#heard.get(vehicleId);
    if (last !== undefined && at - last < HEARD_EVERY_MS) return false;
    this.#heard.delete(vehicleId);
    this.#heard.set(vehicleId, at);
    if (this.#heard.size > MAX_REMEMBERED) this.#forget(at);
    return true;
  }

  /** The oldest come first. When all are of the last minute, the oldest goes. */
  #forget(now: number): void {
    for (const [vehicleId, at] of this.#heard) {
      if (now - at < HEARD_EVERY_MS && this.#heard.size <= MAX_REMEMBERED) return;
      this.#heard.delete(vehicleId);
    }
  }
}
