/** What holds back a vehicle that waits for its first or next offer: as `offerNext` of the rollout decides it. */
import { windowAt } from '../../../domain/campaign/schedule.ts';
import {
  type AssignmentFacts,
  emergencyReason,
  type Facts,
  newerVehicle,
  type Reason,
  reason,
  requirementReason,
} from './facts.ts';

/** @returns at least one. */
export function waitingReasons(facts: Facts, assignment: AssignmentFacts): readonly Reason[] {
  const found = [
    ...campaignReasons(facts),
    ...vehicleReasons(facts),
    ...turnReasons(facts, assignment),
    ...limitReasons(facts),
  ];
  if (found.length > 0) return found;
  return [reason('next', 'Nothing holds it back: it is offered within moments, or as its turn comes.')];
}

function campaignReasons(facts: Facts): readonly Reason[] {
  const { endAt } = facts.campaign.policy;
  const { campaign: newer } = facts.newer;
  const found: Reason[] = [];
  if (facts.emergency.active) found.push(emergencyReason(facts));
  if (newer !== null)
    found.push(
      reason(
        'newer-campaign',
        `The campaign has an event (${newer}) of a newer version of Fleetwave; this version offers nothing of it.`,
      ),
    );
  found.push(...phaseReasons(facts));
  if (endAt !== null && endAt <= facts.now)
    found.push(reason('ended', `The end of the campaign (${endAt}) has passed.`));
  return found;
}

function phaseReasons({ campaign: { phase, pause, startAt } }: Facts): readonly Reason[] {
  switch (phase) {
    case 'running':
      return [];
    case 'paused':
      return [reason('paused', `The campaign is paused: ${pause?.reason ?? 'no reason was given'}.`)];
    case 'aborting':
    case 'aborted':
    case 'completed':
    case 'reviewed':
      return [reason('over', `The campaign is ${phase}: nothing more is offered.`)];
    case 'scheduled':
      return [reason('scheduled', 'The campaign is scheduled and has not started.', startAt)];
    case 'approved':
      return [reason('not-started', 'The campaign is approved and has not been started.')];
    case 'created':
    case 'targeting-defined':
    case 'targets-frozen':
      return [reason('not-started', 'The campaign is not approved yet.')];
  }
}

/** It is judged again at each offer; what does not fit then is taken off instead. */
function vehicleReasons({ vehicle, judged, newer }: Facts): readonly Reason[] {
  const found: Reason[] = [];
  if (newer.vehicle !== null) found.push(newerVehicle(newer.vehicle));
  if (vehicle.decommissioned)
    found.push(
      reason('decommissioned', 'The vehicle is decommissioned: it is taken off when its turn comes.'),
    );
  else if (judged?.satisfied === true)
    found.push(
      reason('already-installed', 'It has the version by now: it counts as satisfied when its turn comes.'),
    );
  else if (judged?.compatible === false) found.push(...judged.requirements.map(requirementReason));
  return found;
}

function turnReasons(
  facts: Facts,
  { wave, notBefore, attempt, timeZone }: AssignmentFacts,
): readonly Reason[] {
  const { campaign, now, rival } = facts;
  const zone = timeZone ?? facts.vehicle.timeZone;
  const { policy, releasedWave } = campaign;
  const found: Reason[] = [];
  if (wave > releasedWave) {
    const name = policy.waves[wave - 1]?.name ?? '';
    found.push(
      reason(
        'wave',
        `It is in wave ${wave} (${name}), which is not released: ${releasedWave} of ${policy.waves.length} are.`,
      ),
    );
  }
  if (notBefore !== null && notBefore > now)
    found.push(
      reason('retry', `It is offered again after a pause; attempt ${attempt} was its last.`, notBefore),
    );
  const opening = policy.window === null ? null : windowAt(policy.window, zone, now);
  if (opening !== null && !opening.inside)
    found.push(
      reason(
        'window',
        `It is outside its off-peak hours, which are in the zone that it was listed with (${zone}).`,
        opening.opens,
      ),
    );
  if (rival !== null)
    found.push(
      reason(
        'other-campaign',
        `The campaign ${rival.campaignId} is at work on ${rival.component}: one at a time.`,
      ),
    );
  return found;
}

function limitReasons({ campaign: { policy }, inFlight }: Facts): readonly Reason[] {
  const { maxInFlight, offersPerMinute } = policy;
  if (maxInFlight !== null && inFlight >= maxInFlight)
    return [
      reason(
        'in-flight',
        `${inFlight} vehicles are under way, and the campaign allows ${maxInFlight} at a time.`,
      ),
    ];
  if (offersPerMinute === null) return [];
  return [reason('rate', `The campaign makes ${offersPerMinute} offers a minute; it waits for its turn.`)];
}
