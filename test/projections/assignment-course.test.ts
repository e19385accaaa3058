/** The course of one assignment, event by event. */
import { describe, expect, it } from 'vitest';
import type { Phase } from '../../src/domain/rollout/events.ts';
import type { AssignmentEvent } from '../../src/domain/rollout/state.ts';
import { type Course, courseAfter } from '../../src/projections/assignment-course.ts';

type Step = readonly [at: number, type: AssignmentEvent['type'], from: Phase, to: Phase, more?: object];

const courseOf = (...steps: readonly Step[]): Course | null =>
  steps.reduce<Course | null>((course, [at, type, from, to, more]) => {
    const event = { type, data: { from, to, ...more } } as unknown as AssignmentEvent;
    return courseAfter(course, event, at);
  }, null);

const OFFER: Step = [10, 'UpdateOffered', 'waiting', 'offered'];
const ACCEPT: Step = [15, 'UpdateAccepted', 'offered', 'accepted'];
const FAIL_ONCE: Step = [30, 'UpdateFailed', 'accepted', 'waiting'];

describe('the course of an assignment', () => {
  it('has its offer, its acceptance and its outcome', () => {
    expect(courseOf(OFFER, ACCEPT, [40, 'UpdateSucceeded', 'accepted', 'succeeded'])).toEqual({
      offeredAt_ms: 10,
      openedAt_ms: 10,
      unanswered_ms: null,
      acceptedAt_ms: 15,
      waits: [],
      first: { phase: 'succeeded', at_ms: 40 },
      last: { phase: 'succeeded', at_ms: 40 },
    });
  });

  it('keeps what a late report corrected', () => {
    const late: Step = [90, 'LateOutcomeReported', 'timed-out', 'succeeded'];
    expect(courseOf(OFFER, [50, 'UpdateTimedOut', 'offered', 'timed-out'], late)).toMatchObject({
      acceptedAt_ms: null,
      first: { phase: 'timed-out', at_ms: 50 },
      last: { phase: 'succeeded', at_ms: 90 },
    });
  });

  it('waits between attempts, until the next offer or an end without one', () => {
    expect(courseOf(OFFER, ACCEPT, FAIL_ONCE)?.waits).toEqual([[30, null]]);
    expect(courseOf(OFFER, ACCEPT, FAIL_ONCE, [60, 'UpdateOffered', 'waiting', 'offered'])).toMatchObject({
      offeredAt_ms: 10,
      openedAt_ms: 60,
      waits: [[30, 60]],
    });
    const aborted: Step = [70, 'UpdateCancelled', 'waiting', 'cancelled', { reason: 'aborted' }];
    expect(courseOf(OFFER, ACCEPT, FAIL_ONCE, aborted)?.waits).toEqual([[30, 70]]);
  });

  it('forgets an offer that a pause took back, and keeps how long it had been open', () => {
    const halted: Step = [18, 'UpdateCancelled', 'offered', 'waiting', { reason: 'halted' }];
    const back = courseOf(OFFER, halted);
    expect(back).toMatchObject({ offeredAt_ms: null, unanswered_ms: 8, waits: [], first: null });
    expect(courseOf(OFFER, halted, [50, 'UpdateOffered', 'waiting', 'offered'])).toMatchObject({
      offeredAt_ms: 50,
      waits: [],
    });
  });

  it('waits on from before a second offer that was taken back', () => {
    const again: Step = [60, 'UpdateOffered', 'waiting', 'offered'];
    const halted: Step = [65, 'UpdateCancelled', 'offered', 'waiting', { reason: 'halted' }];
    expect(courseOf(OFFER, ACCEPT, FAIL_ONCE, again, halted)).toMatchObject({
      offeredAt_ms: 10,
      unanswered_ms: 5,
      waits: [[30, null]],
    });
  });
});
