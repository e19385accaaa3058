/** What decisions about an assignment are made with and what they answer. */
import type { Phase } from './events.ts';
import type { AssignmentEvent, AssignmentState } from './state.ts';

/** Of the campaign's policy and the moment. */
export interface AssignmentContext {
  readonly now_ms: number;
  readonly maxAttempts: number;
  readonly retryDelay_s: number;
  readonly attemptTimeout_s: number;
  /** Aborting, ended or drained: what fails is not tried again and nothing is offered. */
  readonly closing: boolean;
}

/** Why something changes nothing: on purpose, counted, and receipted where it was a message. */
export type SetAsideReason =
  /** The same message or the same outcome again. */
  | 'repeated'
  /** A later message of the same vehicle about this assignment was applied before. */
  | 'stale-seq'
  /** From a TCU, or a count of its resets, that has been replaced. */
  | 'stale-epoch'
  /** About an offer that is not in force any more, such as a late trigger's acceptance: it gets no grant. */
  | 'stale-offer'
  /** Progress behind what the vehicle reported already. */
  | 'stale-phase'
  | 'not-offerable'
  | 'not-cancellable'
  | 'not-due';

export type AssignmentDecision =
  | { readonly kind: 'events'; readonly events: readonly AssignmentEvent[] }
  | { readonly kind: 'set-aside'; readonly reason: SetAsideReason }
  /** Can't be true: kept whole with its reason, counted nowhere. */
  | { readonly kind: 'dead-letter'; readonly code: string; readonly reason: string };

export const events = (...list: readonly AssignmentEvent[]): AssignmentDecision => ({
  kind: 'events',
  events: list,
});
export const setAside = (reason: SetAsideReason): AssignmentDecision => ({ kind: 'set-aside', reason });
export const deadLetter = (code: string, reason: string): AssignmentDecision => ({
  kind: 'dead-letter',
  code,
  reason,
});

/** Offers are numbered in 16 bits: a vehicle that has used all numbers up is not offered again. */
export const MAX_OFFERS = 65_535;

export const baseOf = (state: AssignmentState, to: Phase) => ({
  vehicleId: state.vehicleId,
  wave: state.wave,
  slice: state.slice,
  attempt: state.attempt,
  offer: state.offer,
  from: state.phase,
  to,
});

/** Back to waiting for another offer, or `end` where there can be none. */
export const again = (
  state: AssignmentState,
  attemptsUsed: number,
  context: AssignmentContext,
  end: Phase,
): Phase =>
  attemptsUsed < context.maxAttempts && !context.closing && state.offer < MAX_OFFERS ? 'waiting' : end;

/**
 * Where an attempt ends that had no outcome of its own: where the vehicle said it stands, if the late outcome
 * of an earlier attempt came in meanwhile, else at `guess`.
 */
export const orReported = (state: AssignmentState, guess: Phase): Phase =>
  state.outcome === 'succeeded' || state.outcome === 'reverted' ? state.outcome : guess;
