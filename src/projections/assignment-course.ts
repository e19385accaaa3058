/** When things happened to one assignment: what a re-run of the campaign needs to know of a vehicle. */
import { isSettled } from '../domain/campaign/tally.ts';
import type { Phase } from '../domain/rollout/events.ts';
import type { AssignmentEvent } from '../domain/rollout/state.ts';

export interface Outcome {
  readonly phase: Phase;
  readonly at_ms: number;
}

/** Times are those at which events were recorded, milliseconds since 1970. */
export interface Course {
  /** The first offer; one that a pause took back unanswered is as if it had not been made. Null = none yet. */
  readonly offeredAt_ms: number | null;
  /** When the newest offer was made, and how long the one that was taken back last had been open by then. */
  readonly openedAt_ms: number | null;
  readonly unanswered_ms: number | null;
  /** When it first was at work on the update. */
  readonly acceptedAt_ms: number | null;
  /** Waiting for another offer, `[from, to]` each; `to` is null while it still waits. */
  readonly waits: readonly (readonly [from_ms: number, to_ms: number | null])[];
  /** The first outcome, and the one that corrected it last. */
  readonly first: Outcome | null;
  readonly last: Outcome | null;
}

const NOTHING_YET: Course = {
  offeredAt_ms: null,
  openedAt_ms: null,
  unanswered_ms: null,
  acceptedAt_ms: null,
  waits: [],
  first: null,
  last: null,
};

/** The course with one more event. Pure. */
export function courseAfter(before: Course | null, event: AssignmentEvent, at_ms: number): Course {
  const course = before ?? NOTHING_YET;
  const { from, to } = event.data;
  if (event.type === 'UpdateOffered') return offered(course, at_ms);
  if (event.type === 'UpdateCancelled' && event.data.reason === 'halted' && to === 'waiting')
    return takenBack(course, at_ms);
  if (from === to) return course;
  if (to === 'waiting') return { ...course, waits: [...course.waits, [at_ms, null]] };
  if (!isSettled(to)) return { ...course, acceptedAt_ms: course.acceptedAt_ms ?? at_ms };
  const outcome = { phase: to, at_ms };
  return { ...endWait(course, at_ms), first: course.first ?? outcome, last: outcome };
}

const offered = (course: Course, at_ms: number): Course => ({
  ...endWait(course, at_ms),
  offeredAt_ms: course.offeredAt_ms ?? at_ms,
  openedAt_ms: at_ms,
});

/** It waits on from where it waited before that offer. */
function takenBack(before: Course, at_ms: number): Course {
  const course = { ...before, unanswered_ms: at_ms - (before.openedAt_ms ?? at_ms) };
  const last = course.waits.at(-1);
  if (last !== undefined) return { ...course, waits: [...course.waits.slice(0, -1), [last[0], null]] };
  if (course.acceptedAt_ms === null) return { ...course, offeredAt_ms: null };
  return { ...course, waits: [[at_ms, null]] };
}

function endWait(course: Course, at_ms: number): Course {
  const last = course.waits.at(-1);
  if (last === undefined || last[1] !== null) return course;
  return { ...course, waits: [...course.waits.slice(0, -1), [last[0], at_ms]] };
}
