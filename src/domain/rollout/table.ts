/**
 * The assignments of one campaign in one shard as typed columns, at most 64 bytes a vehicle (DESIGN §3). Rows are
 * ordered by wave and rank, so the row number says who is next. Equal to folding one assignment at a time, which
 * a property test proves; `AssignmentState` stays the specification.
 */
import { PHASES, type Phase } from './events.ts';
import { type AssignmentState, isInFlight, type Outcome } from './state.ts';
import { IdIndex } from './table-index.ts';

export interface TableTarget {
  readonly vehicleId: string;
  readonly wave: number;
  readonly rank: number;
  readonly slice: number;
}

const BLOCK = 256;
const WAITING = PHASES.indexOf('waiting');
const OUTCOMES: readonly (Outcome | null)[] = [null, 'succeeded', 'failed', 'reverted'];
const HEALTHY = 4;
const NONE = Number.POSITIVE_INFINITY;

export class AssignmentTable {
  readonly size: number;
  /** Rows of waves 1..w are those below `#waveEnd[w]`. */
  readonly #waveEnd: number[] = [0];
  readonly #ids: IdIndex;
  readonly #phase: Uint8Array;
  readonly #attempt: Uint8Array;
  readonly #used: Uint8Array;
  readonly #outcomeAttempt: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #wave: Uint8Array;
  readonly #offer: Uint16Array;
  readonly #slice: Uint32Array;
  readonly #lastSeq: Float64Array;
  /** 0 = no report yet. */
  readonly #epoch: Float64Array;
  /** Deadline in flight, notBefore while waiting; 0 = none. */
  readonly #due: Float64Array;
  /** Per block of rows: a lower bound of the deadlines in flight, and of notBefore of those that wait. */
  readonly #dueFrom: Float64Array;
  readonly #waitFrom: Float64Array;
  readonly #counts: Float64Array;

  constructor(targets: readonly TableTarget[]) {
    const rows = targets.toSorted((a, b) => a.wave - b.wave || a.rank - b.rank);
    const size = rows.length;
    const blocks = Math.ceil(size / BLOCK);
    this.size = size;
    this.#ids = new IdIndex(rows.map((row) => row.vehicleId));
    this.#phase = new Uint8Array(size);
    this.#attempt = new Uint8Array(size);
    this.#used = new Uint8Array(size);
    this.#outcomeAttempt = new Uint8Array(size);
    this.#flags = new Uint8Array(size);
    this.#wave = Uint8Array.from(rows, (row) => row.wave);
    this.#offer = new Uint16Array(size);
    this.#slice = Uint32Array.from(rows, (row) => row.slice);
    this.#lastSeq = new Float64Array(size);
    this.#epoch = new Float64Array(size);
    this.#due = new Float64Array(size);
    this.#dueFrom = new Float64Array(blocks).fill(NONE);
    this.#waitFrom = new Float64Array(blocks);
    const waves = rows.at(-1)?.wave ?? 0;
    this.#counts = new Float64Array((waves + 1) * PHASES.length);
    for (const [index, row] of rows.entries()) {
      this.#waveEnd[row.wave] = index + 1;
      this.#add(row.wave, WAITING, 1);
    }
    for (let wave = 1; wave <= waves; wave++) this.#waveEnd[wave] ??= this.#waveEnd[wave - 1] ?? 0;
  }

  /** Row of a vehicle, or -1. */
  indexOf(vehicleId: string): number {
    return this.#ids.indexOf(vehicleId);
  }

  vehicleId(row: number): string {
    return this.#ids.at(row);
  }

  phase(row: number): Phase {
    return PHASES[this.#phase[row] ?? WAITING] ?? 'waiting';
  }

  slice(row: number): number {
    return this.#slice[row] ?? 0;
  }

  get(row: number): AssignmentState {
    const phase = this.phase(row);
    const flags = this.#flags[row] ?? 0;
    const due = this.#due[row] || null;
    return {
      vehicleId: this.vehicleId(row),
      wave: this.#wave[row] ?? 0,
      slice: this.slice(row),
      phase,
      attempt: this.#attempt[row] ?? 0,
      attemptsUsed: this.#used[row] ?? 0,
      offer: this.#offer[row] ?? 0,
      epoch: this.#epoch[row] || null,
      lastSeq: this.#lastSeq[row] ?? 0,
      deadline_ms: isInFlight(phase) ? due : null,
      notBefore_ms: phase === 'waiting' ? due : null,
      outcome: OUTCOMES[flags & 3] ?? null,
      outcomeAttempt: this.#outcomeAttempt[row] ?? 0,
      healthy: (flags & HEALTHY) !== 0,
    };
  }

  /** Vehicle, wave and slice of a row never change; the rest is taken over. */
  set(row: number, state: AssignmentState): void {
    const before = this.#phase[row] ?? WAITING;
    const after = PHASES.indexOf(state.phase);
    if (before !== after) {
      this.#add(state.wave, before, -1);
      this.#add(state.wave, after, 1);
    }
    this.#phase[row] = after;
    this.#attempt[row] = state.attempt;
    this.#used[row] = state.attemptsUsed;
    this.#outcomeAttempt[row] = state.outcomeAttempt;
    this.#flags[row] = OUTCOMES.indexOf(state.outcome) | (state.healthy ? HEALTHY : 0);
    this.#offer[row] = state.offer;
    this.#lastSeq[row] = state.lastSeq;
    this.#epoch[row] = state.epoch ?? 0;
    this.#due[row] = state.deadline_ms ?? state.notBefore_ms ?? 0;
    const block = Math.floor(row / BLOCK);
    if (state.deadline_ms !== null)
      this.#dueFrom[block] = Math.min(this.#dueFrom[block] ?? NONE, state.deadline_ms);
    if (state.phase === 'waiting')
      this.#waitFrom[block] = Math.min(this.#waitFrom[block] ?? NONE, state.notBefore_ms ?? 0);
  }

  /** Vehicles in a phase; of one wave or of all. */
  count(phase: Phase, wave?: number): number {
    const column = PHASES.indexOf(phase);
    if (wave !== undefined) return this.#counts[wave * PHASES.length + column] ?? 0;
    let sum = 0;
    for (let at = column; at < this.#counts.length; at += PHASES.length) sum += this.#counts[at] ?? 0;
    return sum;
  }

  get inFlight(): number {
    return PHASES.reduce((sum, phase) => (isInFlight(phase) ? sum + this.count(phase) : sum), 0);
  }

  /**
   * Rows in flight whose deadline is at or before `now_ms`, at most `limit` of those that `fits` lets through.
   * Looks only where there may be some.
   */
  dueRows(now_ms: number, limit: number, fits: (row: number) => boolean = () => true): number[] {
    const found: number[] = [];
    for (let block = 0; block < this.#dueFrom.length && found.length < limit; block++) {
      if ((this.#dueFrom[block] ?? NONE) > now_ms) continue;
      let from = NONE;
      const last = Math.min(this.size, (block + 1) * BLOCK);
      for (let row = block * BLOCK; row < last; row++) {
        const due = this.#due[row] ?? 0;
        if (due === 0 || !isInFlight(this.phase(row))) continue;
        from = Math.min(from, due);
        if (due <= now_ms && fits(row)) found.push(row);
      }
      this.#dueFrom[block] = from;
    }
    return found.slice(0, limit);
  }

  /**
   * Rows that wait, of waves 1..`lastWave`, whose time has come, in order of wave and rank; at most `limit` of
   * those that `fits` lets through.
   */
  waitingRows(now_ms: number, lastWave: number, limit: number, fits: (row: number) => boolean): number[] {
    const end = this.#waveEnd[Math.min(lastWave, this.#waveEnd.length - 1)] ?? 0;
    const found: number[] = [];
    for (let block = 0; block * BLOCK < end && found.length < limit; block++) {
      if ((this.#waitFrom[block] ?? NONE) > now_ms) continue;
      let from = NONE;
      const last = Math.min(this.size, (block + 1) * BLOCK);
      for (let row = block * BLOCK; row < last; row++) {
        if (this.#phase[row] !== WAITING) continue;
        const notBefore = this.#due[row] ?? 0;
        from = Math.min(from, notBefore);
        if (row < end && notBefore <= now_ms && found.length < limit && fits(row)) found.push(row);
      }
      this.#waitFrom[block] = from;
    }
    return found;
  }

  /** All rows in one of these phases. Looks at every row: for halts and aborts, not for every tick. */
  *rowsIn(...phases: readonly Phase[]): Generator<number> {
    const wanted = new Set(phases.map((phase) => PHASES.indexOf(phase)));
    for (let row = 0; row < this.size; row++) if (wanted.has(this.#phase[row] ?? WAITING)) yield row;
  }

  /** Bytes of all columns and of the index of ids. */
  get bytes(): number {
    const columns = [
      this.#phase,
      this.#attempt,
      this.#used,
      this.#outcomeAttempt,
      this.#flags,
      this.#wave,
      this.#offer,
      this.#slice,
      this.#lastSeq,
      this.#epoch,
      this.#due,
      this.#dueFrom,
      this.#waitFrom,
      this.#counts,
    ];
    return columns.reduce((sum, column) => sum + column.byteLength, this.#ids.bytes);
  }

  #add(wave: number, phase: number, by: number): void {
    const at = wave * PHASES.length + phase;
    this.#counts[at] = (this.#counts[at] ?? 0) + by;
  }
}
