/** Where every vehicle of a re-run stands, how it goes on from there, and the counts that gates look at. */

import type { Tally } from '../../domain/campaign/tally.ts';
import { PHASES, type Phase } from '../../domain/rollout/events.ts';
import { TimeHeap } from './time-heap.ts';
import { END, type Vehicles } from './vehicles.ts';

const STANDS = { waiting: 0, inFlight: 1, retrying: 2, parked: 3, settled: 4, cancelled: 5 } as const;
/** What is due for a vehicle. */
const DUE = { waitFrom: 0, waitTo: 1, outcome: 2, correction: 3 } as const;
/** How an end is counted; all phases of a kind count alike at gates. */
const PHASE_OF: readonly Phase[] = ['waiting', 'succeeded', 'failed', 'cancelled'];

type Counts = Record<Phase, number>;

export interface Ended {
  readonly row: number;
  readonly end: number;
  /** What it was counted as before; END.none for a first outcome. */
  readonly was: number;
}

export class Flights {
  readonly vehicles: Vehicles;
  readonly #stands: Uint8Array;
  readonly #waveOf: Uint8Array;
  readonly #heap = new TimeHeap();
  readonly #tally: { readonly totals: Counts; readonly waves: Counts[] };
  readonly #offeredOf: Uint32Array;
  /** Of the offer that counts, milliseconds since 1970; NaN = none. */
  readonly offeredAt: Float64Array;
  /** Of the outcome, or of the end without one; NaN = not settled. */
  readonly endedAt: Float64Array;
  /** END then, and now. */
  readonly firstEnd: Uint8Array;
  readonly end: Uint8Array;

  /** @param ends ranks at which the waves end. */
  constructor(vehicles: Vehicles, ends: readonly number[]) {
    const { count } = vehicles;
    this.vehicles = vehicles;
    this.#stands = new Uint8Array(count);
    this.#waveOf = new Uint8Array(count);
    this.#offeredOf = new Uint32Array(ends.length);
    this.offeredAt = new Float64Array(count).fill(Number.NaN);
    this.endedAt = new Float64Array(count).fill(Number.NaN);
    this.firstEnd = new Uint8Array(count);
    this.end = new Uint8Array(count);
    this.#tally = { totals: noCounts(), waves: ends.map(noCounts) };
    this.#tally.totals.waiting = count;
    for (const [wave, end] of ends.entries()) {
      const start = ends[wave - 1] ?? 0;
      this.#waveOf.fill(wave, start, end);
      const counts = this.#tally.waves[wave];
      if (counts !== undefined) counts.waiting = end - start;
    }
  }

  get tally(): Tally {
    return this.#tally;
  }
  get inFlight(): number {
    return this.#tally.totals.offered;
  }
  /** Vehicles without an outcome. */
  get open(): number {
    return this.#tally.totals.waiting + this.#tally.totals.offered;
  }
  get next(): number {
    return this.#heap.next;
  }

  /** Vehicles of a wave, from 1, whose turn has come; those whose offer was taken back wait for it again. */
  offeredOf(wave: number): number {
    return this.#offeredOf[wave - 1] ?? 0;
  }

  waits(row: number): boolean {
    return this.#stands[row] === STANDS.waiting;
  }

  flies(row: number): boolean {
    return this.#stands[row] === STANDS.inFlight;
  }

  /** Ended without coming to an outcome of its own. */
  wasCancelled(row: number): boolean {
    return this.#stands[row] === STANDS.cancelled;
  }

  /** Begins the vehicle's course. @returns its end where it is settled without an offer. */
  offer(row: number, now: number): Ended | null {
    this.#countOffered(row, 1);
    if ((this.vehicles.offers[row] ?? 0) === 0) return this.#settle(row, now);
    this.offeredAt[row] = now;
    this.#fly(row);
    const wait_ms = this.vehicles.waitFrom_ms[row] ?? Number.POSITIVE_INFINITY;
    if (wait_ms < Number.POSITIVE_INFINITY) this.#heap.push(now + wait_ms, row * 4 + DUE.waitFrom);
    else this.#awaitOutcome(row);
    return null;
  }

  /**
   * Takes the next thing that is due.
   * @param again whether a vehicle that needs another offer gets it: in a pause later, in an end none.
   * @returns the end it brought, the row that got another offer, or null for neither.
   */
  step(again: 'now' | 'later' | 'none'): Ended | { readonly again: number } | null {
    const now = this.#heap.next;
    const value = this.#heap.pop();
    const row = Math.floor(value / 4);
    switch (value % 4) {
      case DUE.waitFrom:
        if (!this.#isDue(row, STANDS.inFlight, this.vehicles.waitFrom_ms, now)) return null;
        if (again === 'none') return this.#failedLast(row, now);
        this.#ground(row, STANDS.retrying);
        this.#heap.push(this.#at(row, this.vehicles.waitTo_ms), row * 4 + DUE.waitTo);
        return null;
      case DUE.waitTo:
        if (!this.#isDue(row, STANDS.retrying, this.vehicles.waitTo_ms, now)) return null;
        if (again !== 'now') {
          this.#stands[row] = STANDS.parked;
          return null;
        }
        this.#fly(row);
        this.#awaitOutcome(row);
        return { again: row };
      case DUE.outcome:
        return this.#isDue(row, STANDS.inFlight, this.vehicles.outcome_ms, now)
          ? this.#settle(row, now)
          : null;
      default:
        return this.#correct(row);
    }
  }

  /** Offers that no vehicle has taken up are taken back. @returns whether there were any. */
  takeBack(now: number): boolean {
    let any = false;
    for (let row = 0; row < this.vehicles.count; row++) {
      if (this.#stands[row] !== STANDS.inFlight || this.#at(row, this.vehicles.accept_ms) <= now) continue;
      this.#ground(row, STANDS.waiting);
      this.#countOffered(row, -1);
      this.offeredAt[row] = Number.NaN;
      any = true;
    }
    return any;
  }

  /** Vehicles whose second offer fell into a pause get it now. */
  unpark(now: number): void {
    for (let row = 0; row < this.vehicles.count; row++) {
      if (this.#stands[row] !== STANDS.parked) continue;
      this.offeredAt[row] = now - (this.vehicles.waitTo_ms[row] ?? 0);
      this.#fly(row);
      this.#awaitOutcome(row);
    }
  }

  /** What waits, for a first offer or another, gets none any more. */
  cancelWaiting(now: number): void {
    for (let row = 0; row < this.vehicles.count; row++) {
      const stands = this.#stands[row];
      if (stands === STANDS.waiting || stands === STANDS.retrying || stands === STANDS.parked)
        this.#finish(row, now, END.excused, STANDS.cancelled);
    }
  }

  #countOffered(row: number, by: number): void {
    const wave = this.#waveOf[row] ?? 0;
    this.#offeredOf[wave] = (this.#offeredOf[wave] ?? 0) + by;
  }

  #at(row: number, column: Float64Array): number {
    return (this.offeredAt[row] ?? 0) + (column[row] ?? 0);
  }

  /** An offer that was taken back leaves things behind that are not due any more. */
  #isDue(row: number, stands: number, column: Float64Array, now: number): boolean {
    return this.#stands[row] === stands && this.#at(row, column) === now;
  }

  #awaitOutcome(row: number): void {
    const at = this.#at(row, this.vehicles.outcome_ms);
    if (at < Number.POSITIVE_INFINITY) this.#heap.push(at, row * 4 + DUE.outcome);
  }

  #fly(row: number): void {
    this.#stands[row] = STANDS.inFlight;
    this.#move(row, 'waiting', 'offered');
  }

  #ground(row: number, stands: number): void {
    this.#stands[row] = stands;
    this.#move(row, 'offered', 'waiting');
  }

  #settle(row: number, now: number): Ended {
    const { outcome, correction_ms } = this.vehicles;
    const end = outcome[row] ?? END.none;
    this.#finish(row, now, end, STANDS.settled);
    const later = (correction_ms[row] ?? 0) - (this.vehicles.outcome_ms[row] ?? 0);
    if (later < Number.POSITIVE_INFINITY) this.#heap.push(now + later, row * 4 + DUE.correction);
    return { row, end, was: END.none };
  }

  /** An attempt that fails when no other can follow is the vehicle's failure. */
  #failedLast(row: number, now: number): Ended {
    this.#finish(row, now, END.failed, STANDS.settled);
    return { row, end: END.failed, was: END.none };
  }

  #correct(row: number): Ended {
    const was = this.end[row] ?? END.none;
    const end = this.vehicles.correction[row] ?? END.none;
    this.end[row] = end;
    this.#move(row, PHASE_OF[was] ?? 'waiting', PHASE_OF[end] ?? 'waiting');
    return { row, end, was };
  }

  #finish(row: number, now: number, end: number, stands: number): void {
    const from = this.#stands[row] === STANDS.inFlight ? 'offered' : 'waiting';
    this.#stands[row] = stands;
    this.endedAt[row] = now;
    this.firstEnd[row] = end;
    this.end[row] = end;
    this.#move(row, from, PHASE_OF[end] ?? 'waiting');
  }

  #move(row: number, from: Phase, to: Phase): void {
    const wave = this.#tally.waves[this.#waveOf[row] ?? 0];
    for (const counts of [this.#tally.totals, wave]) {
      if (counts === undefined) continue;
      counts[from] -= 1;
      counts[to] += 1;
    }
  }
}

const noCounts = (): Counts => Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Counts;
