/** What a vehicle's message does to an assignment. */
import type { HandleReport, Report } from './commands.ts';
import {
  type AssignmentContext,
  type AssignmentDecision,
  again,
  baseOf,
  deadLetter,
  events,
  orReported,
  setAside,
} from './decision.ts';
import { PHASES, type Phase } from './events.ts';
import { type AssignmentState, epochKey, isInFlight, isUnderWay, type Outcome } from './state.ts';

/** Longest that a vehicle may put an offer off, milliseconds. */
const MAX_POSTPONE_MS = 90 * 86_400_000;

export function decideReport(
  state: AssignmentState,
  command: HandleReport,
  context: AssignmentContext,
): AssignmentDecision {
  const { source, currentEpoch, report } = command;
  if (source.epoch.tcu !== currentEpoch.tcu || source.epoch.reset !== currentEpoch.reset)
    return setAside('stale-epoch');
  if (state.epoch === epochKey(source.epoch) && source.seq <= state.lastSeq)
    return setAside(source.seq === state.lastSeq ? 'repeated' : 'stale-seq');
  const impossible = neverOffered(state, command);
  if (impossible !== null) return deadLetter('unknown-offer', impossible);
  switch (report.kind) {
    case 'accepted':
      return decideAccepted(state, command, context);
    case 'declined':
    case 'postponed':
    case 'precondition-unmet':
      return decidePutOff(state, command, report, context);
    case 'download-started':
      return decideProgress(state, command, 'downloading');
    case 'download-completed':
      return decideProgress(state, command, 'downloaded');
    case 'install-started':
      return decideProgress(state, command, 'installing');
    case 'healthy':
      return decideHealthy(state, command, context);
    case 'succeeded':
    case 'failed':
    case 'reverted':
      return decideOutcome(state, command, report, context);
  }
}

function neverOffered(state: AssignmentState, { offer, attempt }: HandleReport): string | null {
  if (offer > state.offer) return `offer ${offer} was never made; the last one is ${state.offer}`;
  const fits = offer === state.offer ? attempt === state.attempt : attempt <= state.attempt;
  return fits ? null : `offer ${offer} was not for attempt ${attempt}`;
}

const reportedBase = (state: AssignmentState, command: HandleReport, to: Phase) => ({
  ...baseOf(state, to),
  report: command.source,
  receivedAt: command.receivedAt,
});

/** The offer in force is the last one, until it is answered for good, ended or closed. */
const inForce = (state: AssignmentState, command: HandleReport): boolean =>
  command.offer === state.offer && isInFlight(state.phase);

function decideAccepted(
  state: AssignmentState,
  command: HandleReport,
  context: AssignmentContext,
): AssignmentDecision {
  if (!inForce(state, command)) return setAside('stale-offer');
  if (state.phase !== 'offered') return setAside('repeated');
  const start_ms = Math.max(context.now_ms, Date.parse(command.receivedAt));
  const deadline = new Date(start_ms + context.attemptTimeout_s * 1000).toISOString();
  return events({
    type: 'UpdateAccepted',
    data: { ...reportedBase(state, command, 'accepted'), deadline },
  });
}

function decidePutOff(
  state: AssignmentState,
  command: HandleReport,
  report: Extract<Report, { kind: 'declined' | 'postponed' | 'precondition-unmet' }>,
  context: AssignmentContext,
): AssignmentDecision {
  if (!inForce(state, command)) return setAside('stale-offer');
  if (report.kind === 'declined') {
    const to = orReported(state, 'declined');
    return events({
      type: 'UpdateDeclined',
      data: { ...reportedBase(state, command, to), code: report.code },
    });
  }
  const to = orReported(state, again(state, state.attemptsUsed, context, 'declined'));
  const wanted = report.kind === 'postponed' && report.until !== null ? Date.parse(report.until) : 0;
  const earliest_ms = context.now_ms + context.retryDelay_s * 1000;
  const notBefore_ms = Math.max(earliest_ms, Math.min(wanted, context.now_ms + MAX_POSTPONE_MS));
  const notBefore = to === 'waiting' ? new Date(notBefore_ms).toISOString() : null;
  const base = { ...reportedBase(state, command, to), notBefore };
  return report.kind === 'postponed'
    ? events({ type: 'UpdatePostponed', data: base })
    : events({ type: 'PreconditionUnmet', data: { ...base, names: report.names } });
}

/** Phases may be skipped, because messages overtake each other; going back is old news. */
function decideProgress(
  state: AssignmentState,
  command: HandleReport,
  to: 'downloading' | 'downloaded' | 'installing',
): AssignmentDecision {
  if (!inForce(state, command)) return setAside('stale-offer');
  if (PHASES.indexOf(to) <= PHASES.indexOf(state.phase)) return setAside('stale-phase');
  const data = reportedBase(state, command, to);
  if (to === 'downloading') return events({ type: 'DownloadStarted', data });
  return events({ type: to === 'downloaded' ? 'DownloadCompleted' : 'InstallStarted', data });
}

/** An attempt's outcome, while it is under way, always wins; of one that we ended it is late, and still counts. */
function decideOutcome(
  state: AssignmentState,
  command: HandleReport,
  report: Extract<Report, { kind: Outcome }>,
  context: AssignmentContext,
): AssignmentDecision {
  const current = command.attempt === state.attempt && isInFlight(state.phase);
  const takenBack =
    report.kind === 'reverted' && state.phase === 'succeeded' && command.attempt === state.attempt;
  if (!current && !takenBack) return late(state, command, report, context);
  if (report.kind === 'succeeded')
    return events({
      type: 'UpdateSucceeded',
      data: { ...reportedBase(state, command, 'succeeded'), ecus: report.ecus },
    });
  const { code, message, ecus } = report;
  if (report.kind === 'reverted')
    return events({
      type: 'UpdateReverted',
      data: { ...reportedBase(state, command, 'reverted'), code, message, ecus },
    });
  const to = again(state, Math.max(state.attemptsUsed, state.attempt), context, 'failed');
  const retryAt = new Date(context.now_ms + context.retryDelay_s * 1000).toISOString();
  return events({
    type: 'UpdateFailed',
    data: {
      ...reportedBase(state, command, to),
      code,
      message,
      ecus,
      notBefore: to === 'waiting' ? retryAt : null,
    },
  });
}

/**
 * "Healthy" follows a success. One that overtakes its success stands for both: the success, when it comes, has
 * a lower seq. After a failure or a revert of the same attempt it says nothing new.
 */
function decideHealthy(
  state: AssignmentState,
  command: HandleReport,
  context: AssignmentContext,
): AssignmentDecision {
  const current = command.attempt === state.attempt;
  if (current && (state.phase === 'succeeded' || isInFlight(state.phase))) {
    if (state.healthy) return setAside('repeated');
    return events({ type: 'UpdateHealthy', data: reportedBase(state, command, 'succeeded') });
  }
  if (state.phase === 'succeeded' || state.outcomeAttempt === command.attempt) return setAside('stale-phase');
  const report = { kind: 'succeeded', code: 'healthy', message: '', ecus: [] } as const;
  return late(state, command, report, context);
}

function late(
  state: AssignmentState,
  command: HandleReport,
  report: Extract<Report, { kind: Outcome }> | LateSuccess,
  context: AssignmentContext,
): AssignmentDecision {
  return events({
    type: 'LateOutcomeReported',
    data: {
      ...reportedBase(state, command, latePhase(state, command.attempt, report.kind, context)),
      reportedAttempt: command.attempt,
      outcome: report.kind,
      code: 'code' in report ? report.code : '',
      message: 'message' in report ? report.message : '',
      ecus: [...report.ecus],
    },
  });
}

interface LateSuccess {
  readonly kind: 'succeeded';
  readonly code: string;
  readonly message: string;
  readonly ecus: readonly [];
}

/**
 * A newer attempt that was accepted goes on; an unaccepted one is closed. A failure may be tried again. The same
 * outcome again under a new seq moves nothing; it is recorded so that no lower seq can overrule it.
 */
function latePhase(
  state: AssignmentState,
  attempt: number,
  outcome: Outcome,
  context: AssignmentContext,
): Phase {
  const known = state.outcome === outcome && state.outcomeAttempt === attempt;
  if (known || isUnderWay(state.phase)) return state.phase;
  if (outcome !== 'failed') return outcome;
  const open = state.phase === 'waiting' || state.phase === 'offered';
  return open ? again(state, Math.max(state.attemptsUsed, attempt), context, 'failed') : 'failed';
}
