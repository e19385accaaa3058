/**
 * Courses of vehicles that have no outcome on record: each takes the one of another vehicle that has, of its model and
 * region where enough of those are known. In turn, in the order of the campaign, which is by a hash: so shares and times
 * come out as those of the vehicles that are known, and the same record always gives the same estimate.
 */
import { STOOD, type Unsettled } from './courses.ts';
import { sortedRows } from './sorted-rows.ts';
import { BASIS, type Vehicles } from './vehicles.ts';

/** Fewer known vehicles of a slice say too little about it: then any of the campaign stands in. */
export const LEAST_KNOWN = 5;

/** Rows by how long they take, the longest last; and whose turn it is. */
interface Donors {
  readonly rows: readonly number[];
  readonly byTime: Uint32Array;
  turn: number;
}

/** Rows between two yields. */
const PER_YIELD = 4096;

/** Fills in the rows of `unsettled`, which must be in rank order. Yields now and then. */
export function* estimate(vehicles: Vehicles, unsettled: Iterable<Unsettled>): Generator<void, void> {
  const known: number[][] = vehicles.slices.map(() => []);
  const all: number[] = [];
  for (let row = 0; row < vehicles.count; row++) {
    if (row % PER_YIELD === 0) yield;
    if (vehicles.basis[row] !== BASIS.record) continue;
    known[vehicles.slice[row] ?? 0]?.push(row);
    all.push(row);
  }
  const bySlice: (Donors | null)[] = [];
  for (const rows of known) bySlice.push(rows.length < LEAST_KNOWN ? null : yield* donorsOf(vehicles, rows));
  const ofCampaign = bySlice.includes(null) ? yield* donorsOf(vehicles, all) : null;
  let done = 0;
  for (const one of unsettled) {
    if (++done % PER_YIELD === 0) yield;
    const own = bySlice[vehicles.slice[one.row] ?? 0] ?? null;
    const donor = pick(vehicles, own ?? ofCampaign, one);
    if (donor === null) continue;
    vehicles.basis[one.row] = own === null ? BASIS.campaign : BASIS.slice;
    take(vehicles, one, donor);
  }
}

function* donorsOf({ outcome_ms }: Vehicles, rows: readonly number[]): Generator<void, Donors> {
  return { rows, byTime: yield* sortedRows(rows, outcome_ms), turn: 0 };
}

/** Of a vehicle that is under way it is known that it takes longer than it has. */
function pick(vehicles: Vehicles, donors: Donors | null, { stood, elapsed_ms }: Unsettled): number | null {
  if (donors === null || donors.rows.length === 0) return null;
  const turn = donors.turn++;
  if (stood === STOOD.unoffered) return donors.rows[turn % donors.rows.length] ?? null;
  const { byTime } = donors;
  let low = 0;
  let high = byTime.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((vehicles.outcome_ms[byTime[middle] ?? 0] ?? 0) > elapsed_ms) high = middle;
    else low = middle + 1;
  }
  const longer = byTime.length - low;
  return (longer === 0 ? byTime[turn % byTime.length] : byTime[low + (turn % longer)]) ?? null;
}

function take(vehicles: Vehicles, { row, stood, elapsed_ms }: Unsettled, donor: number): void {
  const { accept_ms, outcome_ms, outcome, waitFrom_ms, waitTo_ms, correction_ms, correction, offers } =
    vehicles;
  const of = (column: Float64Array | Uint8Array | Uint16Array): number => column[donor] ?? 0;
  outcome[row] = of(outcome);
  if (stood === STOOD.unoffered) {
    for (const column of [accept_ms, outcome_ms, waitFrom_ms, waitTo_ms, offers]) column[row] = of(column);
  } else {
    // What is known stays: it had not come to its outcome, nor to what comes before it, when it was looked at.
    const least = elapsed_ms + 1;
    outcome_ms[row] = Math.max(of(outcome_ms), least);
    offers[row] = Math.max(1, offers[row] ?? 0);
    if (stood === STOOD.offered) accept_ms[row] = Math.max(of(accept_ms), least);
    if (stood === STOOD.retrying)
      waitTo_ms[row] = Math.min(Math.max(of(waitTo_ms), least), outcome_ms[row] ?? 0);
  }
  // As long after the outcome as the other's.
  correction_ms[row] = (outcome_ms[row] ?? 0) + of(correction_ms) - of(outcome_ms);
  correction[row] = of(correction);
}
