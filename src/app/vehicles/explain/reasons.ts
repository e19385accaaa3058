/**
 * Why a vehicle has a campaign's update, gets it, waits for it or does not get it, in sentences. Pure: every fact is
 * given. The first reason decides; those after it would hold it back too.
 */
import { isInFlight } from '../../../domain/rollout/state.ts';
import {
  type AssignmentFacts,
  emergencyReason,
  type Facts,
  type Judged,
  newerVehicle,
  type Reason,
  reason,
  requirementReason,
} from './facts.ts';
import { waitingReasons } from './waiting.ts';

/** @returns at least one. */
export function reasonsFor(facts: Facts): readonly Reason[] {
  const { assignment } = facts;
  if (assignment === null) return notListed(facts);
  if (assignment.phase === 'waiting') return waitingReasons(facts, assignment);
  return isInFlight(assignment.phase) ? inFlightReasons(facts, assignment) : [settledReason(assignment)];
}

const outcomeText = (outcome: AssignmentFacts['outcome']): string =>
  outcome === null ? '' : `: ${[outcome.code, outcome.message].filter(Boolean).join(': ')}`;

function settledReason({ phase, attempt, outcome, settledAt }: AssignmentFacts): Reason {
  const said = outcomeText(outcome);
  switch (phase) {
    case 'succeeded':
      return reason(
        'succeeded',
        `It has the update${settledAt === null ? '' : `: its success was recorded at ${settledAt}`}.`,
      );
    case 'satisfied':
      return reason(
        'satisfied',
        'It had this version already when its turn came, so nothing was sent to it.',
      );
    case 'failed':
      return reason('failed', `Attempt ${attempt} was its last: it failed and is not tried again${said}.`);
    case 'timed-out':
      return reason(
        'timed-out',
        `Attempt ${attempt} was its last: nothing came from it in time and it is not tried again${said}.`,
      );
    case 'reverted':
      return reason('reverted', `It went back to what it had before, and is not tried again${said}.`);
    case 'declined':
      return reason('declined', `It did not take the update, and is not asked again${said}.`);
    case 'cancelled':
      return reason('cancelled', `It was taken off before it got the update${said}.`);
    case 'displaced':
      return reason('displaced', `Another campaign took its place${said}.`);
    case 'waiting':
    case 'offered':
    case 'accepted':
    case 'downloading':
    case 'downloaded':
    case 'installing':
      throw new RangeError(`${phase} is not settled`);
  }
}

function inFlightReasons(facts: Facts, { phase, deadline }: AssignmentFacts): readonly Reason[] {
  const found: Reason[] = [];
  if (facts.emergency.active) found.push(emergencyReason(facts));
  if (phase === 'offered')
    found.push(reason('offered', 'It has an open offer that it has not answered yet.', deadline));
  else
    found.push(
      reason('under-way', `It has accepted, and is at “${phase}”. Its report comes next.`, deadline),
    );
  if (!facts.vehicle.online)
    found.push(reason('offline', 'It is not connected now; it gets and says everything once it is back.'));
  return found;
}

function notListed({ campaign, frozenAt, vehicle, judged, newer }: Facts): readonly Reason[] {
  const found: Reason[] = [];
  if (frozenAt === null)
    found.push(
      campaign.plan?.status === 'failed'
        ? reason(
            'freeze-failed',
            `The list could not be made: ${campaign.plan.reason ?? 'no reason was given'}.`,
          )
        : reason('not-frozen', 'The campaign has no list of targets yet, so no vehicle is on it.'),
    );
  if (vehicle.decommissioned)
    found.push(reason('decommissioned', 'The vehicle is decommissioned: it takes part in nothing.'));
  if (newer.vehicle !== null) found.push(newerVehicle(newer.vehicle));
  if (judged !== null) found.push(...notMatching(judged));
  if (found.length === 0) found.push(sinceFrozen(frozenAt ?? '', vehicle));
  return found;
}

/** Comparisons named in a sentence; all of them are beside it. */
const NAMED = 5;

function notMatching({
  matchesQuery,
  clauses,
  compatible,
  satisfied,
  requirements,
}: Judged): readonly Reason[] {
  const found: Reason[] = [];
  if (!matchesQuery) {
    const failing = clauses.filter(({ holds }) => !holds).map(({ clause }) => clause);
    const more = failing.length > NAMED ? ` and ${failing.length - NAMED} more` : '';
    const named = `${failing.slice(0, NAMED).join(', ')}${more}`;
    found.push(reason('query', `It does not match the target query. What does not hold: ${named}.`));
  }
  if (satisfied)
    found.push(reason('already-installed', 'It has the version already: there is nothing to do.'));
  else if (!compatible) found.push(...requirements.map(requirementReason));
  return found;
}

function sinceFrozen(frozenAt: string, { registeredAt, changedAt }: Facts['vehicle']): Reason {
  if (registeredAt > frozenAt)
    return reason(
      'registered-later',
      `The list was frozen at ${frozenAt}, before the vehicle was registered (${registeredAt}). A new list would have it.`,
    );
  if (changedAt > frozenAt)
    return reason(
      'changed-later',
      `As it is now a new list would have it. When the list was frozen (${frozenAt}) its record was another one: it changed at ${changedAt}.`,
    );
  return reason(
    'not-listed',
    `As it is now a new list would have it, but that of ${frozenAt} has not. The rules or a list that the query names have changed since.`,
  );
}
