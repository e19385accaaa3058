/** One assignment: one vehicle's part in one campaign, folded from its events. */
import type { TcuEpoch } from '../vehicle/events.ts';
import type { Phase, RolloutEvent } from './events.ts';

export type Outcome = 'succeeded' | 'failed' | 'reverted';

export interface AssignmentState {
  readonly vehicleId: string;
  readonly wave: number;
  readonly slice: number;
  readonly phase: Phase;
  /** Attempt of the last offer, from 1; 0 before the first. */
  readonly attempt: number;
  /** Attempts that are used up: the next offer is for the one after it. */
  readonly attemptsUsed: number;
  /** Number of the last offer, from 1; 0 before the first. It is in force from 'offered' to 'installing'. */
  readonly offer: number;
  /** Fingerprint of the epoch that `lastSeq` belongs to (see `epochKey`); null before the first report. */
  readonly epoch: number | null;
  /** Highest seq applied of that epoch. */
  readonly lastSeq: number;
  /** End of the open offer or of the attempt under way; null in other phases. */
  readonly deadline_ms: number | null;
  /** While waiting: not offered before; null = at once. */
  readonly notBefore_ms: number | null;
  /** The outcome that the vehicle reported last, and the attempt it was about. */
  readonly outcome: Outcome | null;
  readonly outcomeAttempt: number;
  readonly healthy: boolean;
}

/** Events of an assignment; the others of a `rollout-` stream are about the whole shard. */
export type AssignmentEvent = Extract<RolloutEvent, { readonly data: { readonly vehicleId: string } }>;

export const isAssignmentEvent = (event: RolloutEvent): event is AssignmentEvent => 'vehicleId' in event.data;

export const newAssignment = (vehicleId: string, wave: number, slice: number): AssignmentState => ({
  vehicleId,
  wave,
  slice,
  phase: 'waiting',
  attempt: 0,
  attemptsUsed: 0,
  offer: 0,
  epoch: null,
  lastSeq: 0,
  deadline_ms: null,
  notBefore_ms: null,
  outcome: null,
  outcomeAttempt: 0,
  healthy: false,
});

/**
 * A number in place of an epoch, so that a million of them fit (53 bits of a hash; never 0). It only has to
 * tell the few TCUs of one vehicle apart.
 */
export function epochKey(epoch: TcuEpoch): number {
  const text = `${epoch.tcu} ${epoch.reset}`;
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    a = Math.imul(a ^ char, 2654435761);
    b = Math.imul(b ^ char, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0) || 1;
}

const IN_FLIGHT: readonly Phase[] = ['offered', 'accepted', 'downloading', 'downloaded', 'installing'];
/** Between offer and outcome. */
export const isInFlight = (phase: Phase): boolean => IN_FLIGHT.includes(phase);
/** Accepted and not ended: the vehicle is at work on it, or may be. */
export const isUnderWay = (phase: Phase): boolean => phase !== 'offered' && isInFlight(phase);
export const isSettled = (phase: Phase): boolean => phase !== 'waiting' && !isInFlight(phase);

const ms = (at: string | null): number | null => (at === null ? null : Date.parse(at));

/** What phase and report say of every event alike. */
function common(state: AssignmentState, event: AssignmentEvent): AssignmentState {
  const { data } = event;
  const moved = {
    ...state,
    phase: data.to,
    deadline_ms: isInFlight(data.to) ? state.deadline_ms : null,
    notBefore_ms: data.to === 'waiting' && data.from === 'waiting' ? state.notBefore_ms : null,
  };
  if (!('report' in data)) return moved;
  return { ...moved, epoch: epochKey(data.report.epoch), lastSeq: data.report.seq };
}

const concluded = (state: AssignmentState, outcome: Outcome, attempt: number): AssignmentState => ({
  ...state,
  outcome,
  outcomeAttempt: attempt,
  healthy: false,
  attemptsUsed: Math.max(state.attemptsUsed, attempt),
});

export function evolveAssignment(state: AssignmentState, event: AssignmentEvent): AssignmentState {
  const next = common(state, event);
  switch (event.type) {
    case 'UpdateOffered': {
      const { attempt, offer, validUntil } = event.data;
      return { ...next, attempt, offer, deadline_ms: ms(validUntil) };
    }
    case 'UpdateAccepted':
      return { ...next, deadline_ms: ms(event.data.deadline) };
    case 'UpdatePostponed':
    case 'PreconditionUnmet':
      return backToWaiting(next, event.data.notBefore);
    case 'UpdateTimedOut': {
      const waiting = backToWaiting(next, event.data.notBefore);
      if (event.data.stage === 'offer') return waiting;
      return { ...waiting, attemptsUsed: Math.max(state.attemptsUsed, event.data.attempt) };
    }
    case 'UpdateSucceeded':
      return concluded(next, 'succeeded', event.data.attempt);
    case 'UpdateHealthy':
      return { ...concluded(next, 'succeeded', event.data.attempt), healthy: true };
    case 'UpdateReverted':
      return concluded(next, 'reverted', event.data.attempt);
    case 'UpdateFailed':
      return backToWaiting(concluded(next, 'failed', event.data.attempt), event.data.notBefore);
    case 'LateOutcomeReported':
      return concluded(next, event.data.outcome, event.data.reportedAttempt);
    case 'UpdateDeclined':
    case 'DownloadStarted':
    case 'DownloadCompleted':
    case 'InstallStarted':
    case 'UpdateCancelled':
    case 'UpdateDisplaced':
    case 'SatisfiedElsewhere':
      return next;
  }
}

const backToWaiting = (state: AssignmentState, notBefore: string | null): AssignmentState => ({
  ...state,
  notBefore_ms: state.phase === 'waiting' ? ms(notBefore) : null,
});
