/** The rules of one assignment (DESIGN §4.1 to §4.4): the specification that the table of a shard must equal. */

import type { AssignmentCommand } from './commands.ts';
import { decideReport } from './decide-report.ts';
import {
  type AssignmentContext,
  type AssignmentDecision,
  again,
  baseOf,
  events,
  orReported,
  setAside,
} from './decision.ts';
import type { Phase } from './events.ts';
import {
  type AssignmentEvent,
  type AssignmentState,
  evolveAssignment,
  isInFlight,
  isUnderWay,
  newAssignment,
} from './state.ts';

/** The decider of the unit of decision. Unlike the others its answers have three kinds: see AssignmentDecision. */
export const assignmentDecider = {
  initialState: newAssignment,
  decide: decideAssignment,
  evolve: evolveAssignment,
};

export function decideAssignment(
  state: AssignmentState,
  command: AssignmentCommand,
  context: AssignmentContext,
): AssignmentDecision {
  switch (command.type) {
    case 'Offer':
      return decideOffer(state, command, context);
    case 'HandleReport':
      return decideReport(state, command, context);
    case 'TimeOut':
      return decideTimeOut(state, context);
    case 'Cancel':
      if (!(['waiting', 'offered', 'accepted'] as Phase[]).includes(state.phase))
        return setAside('not-cancellable');
      return events({
        type: 'UpdateCancelled',
        data: {
          ...baseOf(state, orReported(state, 'cancelled')),
          reason: command.reason,
          detail: command.detail,
        },
      });
    case 'Withdraw':
      if (state.phase !== 'offered') return setAside('not-cancellable');
      return events({
        type: 'UpdateCancelled',
        data: {
          ...baseOf(state, again(state, state.attemptsUsed, context, 'cancelled')),
          reason: 'halted',
          detail: '',
        },
      });
    case 'Satisfy':
      if (state.phase !== 'waiting' && state.phase !== 'offered') return setAside('not-cancellable');
      return events({
        type: 'SatisfiedElsewhere',
        data: { ...baseOf(state, 'satisfied'), softwareVersion: command.softwareVersion },
      });
  }
}

/** What waits is owed its offer: whether an attempt was left was decided when it was put back, under the policy of then. */
function decideOffer(
  state: AssignmentState,
  command: Extract<AssignmentCommand, { type: 'Offer' }>,
  context: AssignmentContext,
): AssignmentDecision {
  const early = state.notBefore_ms !== null && state.notBefore_ms > context.now_ms;
  if (state.phase !== 'waiting' || early || context.closing) return setAside('not-offerable');
  const offered: AssignmentEvent = {
    type: 'UpdateOffered',
    data: {
      ...baseOf(state, 'offered'),
      attempt: state.attemptsUsed + 1,
      offer: state.offer + 1,
      at: new Date(context.now_ms).toISOString(),
      validUntil: command.validUntil,
      vehicleRevision: command.vehicleRevision,
    },
  };
  return events(offered);
}

/** An offer that nobody answered uses no attempt up; an attempt without an outcome does. */
function decideTimeOut(state: AssignmentState, context: AssignmentContext): AssignmentDecision {
  const { deadline_ms } = state;
  if (!isInFlight(state.phase) || deadline_ms === null || deadline_ms > context.now_ms)
    return setAside('not-due');
  const stage = isUnderWay(state.phase) ? 'attempt' : 'offer';
  const used = stage === 'attempt' ? Math.max(state.attemptsUsed, state.attempt) : state.attemptsUsed;
  const to = orReported(state, again(state, used, context, 'timed-out'));
  return events({
    type: 'UpdateTimedOut',
    data: {
      ...baseOf(state, to),
      stage,
      deadline: new Date(deadline_ms).toISOString(),
      notBefore: to === 'waiting' ? retryAt(context) : null,
    },
  });
}

const retryAt = (context: AssignmentContext): string =>
  new Date(context.now_ms + context.retryDelay_s * 1000).toISOString();
