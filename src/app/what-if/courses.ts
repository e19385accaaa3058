/** From an assignment's document to its row: what is on record of it, as times of its own. */
import { PHASE_KINDS } from '../../domain/campaign/tally.ts';
import type { Phase } from '../../domain/rollout/events.ts';
import type { Document } from '../ports.ts';
import type { InSlice } from '../target-slices.ts';
import type { Pause } from './timeline.ts';
import { BASIS, END, type End, type Vehicles } from './vehicles.ts';

interface Outcome {
  readonly phase: Phase;
  readonly at_ms: number;
}

/** As the `assignments` projection writes it. */
export interface AssignmentDocument extends Document, InSlice {
  readonly vehicleId: string;
  readonly wave: number;
  readonly rank: number;
  readonly offer: number;
  readonly outcome: { readonly code: string } | null;
  readonly course: {
    readonly offeredAt_ms: number | null;
    /** How long an offer that a pause took back had been open. */
    readonly unanswered_ms: number | null;
    readonly acceptedAt_ms: number | null;
    readonly waits: readonly (readonly [from_ms: number, to_ms: number | null])[];
    readonly first: Outcome | null;
    readonly last: Outcome | null;
  } | null;
}

/** Where a vehicle without an outcome of its own stood when it was looked at or stopped. */
export const STOOD = {
  /** Not offered yet, or taken back at once. */
  unoffered: 0,
  /** Offered, and it had not taken it up. */
  offered: 1,
  accepted: 2,
  /** Waiting for another offer. */
  retrying: 3,
} as const;

/** What is left to estimate of a vehicle; times of its own, milliseconds. */
export interface Unsettled {
  readonly row: number;
  readonly stood: number;
  readonly elapsed_ms: number;
}

/** Outcomes that the end of a campaign brought, and not the vehicle. */
const BROUGHT: ReadonlySet<string> = new Set(['aborted', 'ended', 'halted']);

const endOf = (phase: Phase): number => {
  const kind = PHASE_KINDS[phase];
  return kind === 'waiting' || kind === 'inFlight' ? END.none : END[kind satisfies End];
};

/**
 * Writes the row.
 * @param asOf what was recorded later is not looked at, milliseconds since 1970.
 * @returns what has to be estimated; null when it is all on record.
 */
export function readCourse(
  vehicles: Vehicles,
  row: number,
  document: AssignmentDocument,
  pauses: readonly Pause[],
  asOf: number,
): Unsettled | null {
  const { course, outcome } = document;
  vehicles.wave[row] = document.wave;
  if (course === null) return { row, stood: STOOD.unoffered, elapsed_ms: 0 };
  const offeredAt = before(course.offeredAt_ms, asOf);
  if (offeredAt !== null) vehicles.offeredAt[row] = offeredAt;
  // A correction that came later leaves the outcome before it.
  const last = [course.last, course.first].find((one) => one !== null && one.at_ms <= asOf) ?? null;
  if (last !== null) vehicles.recorded[row] = endOf(last.phase);
  const own = (at: number): number =>
    offeredAt === null ? 0 : Math.max(0, at - offeredAt - pausedWhileWaiting(course.waits, pauses, at));
  const brought = last?.phase === 'cancelled' && BROUGHT.has(outcome?.code ?? '');
  const acceptedAt = before(course.acceptedAt_ms, asOf);
  if (last !== null && !brought) {
    const first = course.first === null || isBrought(course.first, last) ? last : course.first;
    vehicles.basis[row] = BASIS.record;
    vehicles.offers[row] = offeredAt === null ? 0 : document.offer;
    vehicles.outcome_ms[row] = own(first.at_ms);
    vehicles.outcome[row] = endOf(first.phase);
    vehicles.accept_ms[row] = acceptedAt === null ? own(first.at_ms) : own(acceptedAt);
    writeWait(vehicles, row, course.waits, own, first.at_ms);
    if (endOf(first.phase) !== endOf(last.phase)) {
      vehicles.correction_ms[row] = own(last.at_ms);
      vehicles.correction[row] = endOf(last.phase);
    }
    return null;
  }
  if (offeredAt === null) {
    const open_ms = course.unanswered_ms ?? 0;
    return { row, stood: open_ms === 0 ? STOOD.unoffered : STOOD.offered, elapsed_ms: open_ms };
  }
  const elapsed_ms = own(last?.at_ms ?? asOf);
  vehicles.offers[row] = document.offer;
  const wait = course.waits.at(-1);
  const retrying = wait !== undefined && wait[0] <= asOf && (wait[1] === null || wait[1] === last?.at_ms);
  vehicles.flying[row] = retrying ? 0 : 1;
  if (acceptedAt !== null) vehicles.accept_ms[row] = own(acceptedAt);
  if (!retrying) return { row, stood: acceptedAt === null ? STOOD.offered : STOOD.accepted, elapsed_ms };
  vehicles.waitFrom_ms[row] = own(wait[0]);
  if (acceptedAt === null) vehicles.accept_ms[row] = own(wait[0]);
  return { row, stood: STOOD.retrying, elapsed_ms };
}

const before = (at: number | null, asOf: number): number | null => (at !== null && at <= asOf ? at : null);

/** A cancellation that a late outcome corrected is no outcome of the vehicle. */
const isBrought = (first: Outcome, last: Outcome): boolean => first !== last && first.phase === 'cancelled';

function writeWait(
  vehicles: Vehicles,
  row: number,
  waits: NonNullable<AssignmentDocument['course']>['waits'],
  own: (at: number) => number,
  until: number,
): void {
  const last = waits.findLast(([, to]) => to !== null && to < until);
  if (last === undefined || last[1] === null) return;
  vehicles.waitFrom_ms[row] = own(last[0]);
  vehicles.waitTo_ms[row] = own(last[1]);
}

/** Of the time up to `at`: when it waited for another offer that a pause held back. */
function pausedWhileWaiting(
  waits: NonNullable<AssignmentDocument['course']>['waits'],
  pauses: readonly Pause[],
  at: number,
): number {
  let sum = 0;
  for (const [from, to] of waits)
    for (const pause of pauses)
      sum += Math.max(0, Math.min(to ?? at, at, pause.to) - Math.max(from, pause.from));
  return sum;
}
