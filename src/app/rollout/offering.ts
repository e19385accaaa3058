/** Who is next (DESIGN §5 "Offer"), a batch at a time. */
import { compatibilityAll } from '../../domain/artifact/compatibility-all.ts';
import type { AssignmentCommand } from '../../domain/rollout/commands.ts';
import { decideAssignment } from '../../domain/rollout/decide.ts';
import { isInFlight } from '../../domain/rollout/state.ts';
import { vehicleStream } from '../../domain/shared/streams.ts';
import { vehicleDecider } from '../../domain/vehicle/decide.ts';
import { foldStream } from '../handle-command.ts';
import type { RecordedEvent } from '../ports.ts';
import type { WatchedCampaign } from './campaign-watch.ts';
import { sendUpdates, windowOf } from './documents.ts';
import type { OfferContent } from './offer-content.ts';
import { contextOf, hasEnded, isStopped, type Rollout } from './rollout.ts';
import type { ShardState } from './shard-state.ts';

/** Small enough that a halt never waits long behind it. */
const BATCH = 500;

/**
 * Offers to the next vehicles of a rollout, or settles those that can't or need not take it.
 * @returns how many were decided on; 0 = nothing to do now.
 */
export async function offerNext(state: ShardState, rollout: Rollout): Promise<number> {
  const view = state.view(rollout.campaignId);
  const { fleet } = state.worker.watch;
  state.holds.delete(rollout.campaignId);
  if (rollout.drained || hasEnded(view, state.now_ms) || rollout.table.count('waiting') === 0) return 0;
  const held = (reason: string): number => {
    state.holds.set(rollout.campaignId, reason);
    return 0;
  };
  if (view.newer) return held('the campaign was changed by a newer version of Fleetwave');
  if (isStopped(rollout, view, fleet)) return 0;
  const { policy, releasedWave } = view.campaign;
  const content = await state.worker.contents.of(rollout.campaignId, policy);
  if (content.hold !== null) return held(content.hold);
  const left = allowanceLeft(state, rollout, view);
  if (left <= 0) return held('the allowance is used up');
  const zones = openZones(state, rollout);
  if (zones.size === 0) return 0;
  const fits = fitsNow(state, rollout, content, zones);
  const rows = rollout.table.waitingRows(state.now_ms, releasedWave, Math.min(BATCH, left), fits);
  if (rows.length === 0) return 0;
  const ids = rows.map((row) => rollout.table.vehicleId(row));
  const streams = await state.worker.deps.store.readStreams(ids.map(vehicleStream));
  const offered: string[] = [];
  let decided = 0;
  for (const [index, row] of rows.entries()) {
    const command = judge(state, view, content, streams[index] ?? []);
    if (command === null) continue;
    const context = contextOf(rollout, view, state.now_ms);
    const decision = decideAssignment(rollout.table.get(row), command, context);
    if (decision.kind !== 'events') continue;
    for (const event of decision.events) state.record(rollout, event);
    if (command.type === 'Offer') offered.push(rollout.table.vehicleId(row));
    decided += 1;
  }
  await state.log.flush();
  state.worker.metrics.offers += offered.length;
  await sendUpdates(state, offered, 'offers');
  return decided;
}

/** Cumulative allowance of this shard; without any limit, all. A limit without an allowance yet allows nothing. */
function allowanceLeft(state: ShardState, rollout: Rollout, view: WatchedCampaign): number {
  const { offersPerMinute, maxInFlight } = view.campaign.policy;
  const limited = offersPerMinute !== null || maxInFlight !== null || state.worker.watch.fleet.limited;
  if (!limited) return Number.POSITIVE_INFINITY;
  return (view.allowance?.[state.shard] ?? 0) - rollout.offersMade;
}

/** Time zones in which the off-peak window is open. */
const openZones = (state: ShardState, rollout: Rollout): ReadonlySet<string> =>
  new Set(rollout.timeZones.filter((zone) => windowOf(state, rollout, zone)?.inside ?? true));

/** Inside its own off-peak window, and none of its components held by another campaign. */
function fitsNow(
  state: ShardState,
  rollout: Rollout,
  content: OfferContent,
  zones: ReadonlySet<string>,
): (row: number) => boolean {
  const rivals: Rollout[] = [];
  for (const other of state.rollouts.values())
    if (other !== rollout && other.table.inFlight > 0 && overlaps(state, other, content)) rivals.push(other);
  const everywhere = zones.size === rollout.timeZones.length;
  return (row) => {
    const zone = rollout.slices[rollout.table.slice(row)]?.timeZone ?? '';
    if (!everywhere && !zones.has(zone)) return false;
    if (rivals.length === 0) return true;
    const vehicleId = rollout.table.vehicleId(row);
    return !rivals.some((other) => {
      const theirs = other.table.indexOf(vehicleId);
      return theirs >= 0 && isInFlight(other.table.phase(theirs));
    });
  };
}

function overlaps(state: ShardState, other: Rollout, content: OfferContent): boolean {
  const targets = state.targets.get(other.campaignId);
  // Not known yet what it touches: rather wait than let two campaigns write one ECU.
  return targets === undefined || [...content.targets].some((target) => targets.has(target));
}

/** What to do with a vehicle as its stream says it is now; null = leave it for another time. */
function judge(
  state: ShardState,
  view: WatchedCampaign,
  content: OfferContent,
  stream: readonly RecordedEvent[],
): AssignmentCommand | null {
  const { state: vehicle, revision, newer } = foldStream(vehicleDecider, stream);
  if (newer !== null) return null;
  if (vehicle.stage === 'none')
    return { type: 'Cancel', reason: 'incompatible', detail: 'the vehicle is not registered' };
  if (vehicle.decommissioned) return { type: 'Cancel', reason: 'decommissioned', detail: '' };
  const judged = compatibilityAll(vehicle, content.artifacts);
  if (judged.satisfied) {
    const softwareVersion = content.artifacts.at(-1)?.version ?? '';
    return { type: 'Satisfy', softwareVersion };
  }
  if (!judged.compatible) {
    const detail = judged.reasons.map((reason) => `${reason.code}: ${reason.message}`).join('; ');
    return { type: 'Cancel', reason: 'incompatible', detail: detail.slice(0, 500) };
  }
  const { offerValid_s } = view.campaign.policy;
  const validUntil = new Date(state.now_ms + offerValid_s * 1000).toISOString();
  return { type: 'Offer', validUntil, vehicleRevision: revision };
}
