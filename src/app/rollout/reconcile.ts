/** Brings the rollouts of a shard to where their campaigns and the fleet are: opened, halted, resumed, drained. */
import { isOver } from '../../domain/campaign/state.ts';
import type { AssignmentCommand } from '../../domain/rollout/commands.ts';
import { decideAssignment } from '../../domain/rollout/decide.ts';
import type { Phase } from '../../domain/rollout/events.ts';
import { shardStream } from '../../domain/shared/streams.ts';
import type { WatchedCampaign } from './campaign-watch.ts';
import { sendGrants, sendUpdates } from './documents.ts';
import { contextOf, hasEnded, type Rollout, wantedHalts } from './rollout.ts';
import type { ShardState } from './shard-state.ts';
import { loadRollout } from './takeover.ts';

const BATCH = 500;
/** Rollouts of campaigns that are over which stay loaded, for late reports. */
const KEPT_OVER = 8;

/**
 * Level-triggered: it compares what is wanted with what is recorded, so that it does not matter what a worker
 * before this one got done. Runs as one job of the shard, so nothing is being published meanwhile.
 */
export async function reconcile(state: ShardState): Promise<void> {
  await openRollouts(state);
  forgetOver(state);
  const open = [...state.rollouts.values()]
    .map((rollout) => ({ rollout, view: state.view(rollout.campaignId) }))
    .filter(({ view }) => !isOver(view.campaign));
  const resumed: Rollout[] = [];
  for (const { rollout, view } of open) if (haltOrResume(state, rollout, view)) resumed.push(rollout);
  // All halts first: they are what the answers to pause and abort wait for.
  await state.log.flush();
  for (const { rollout, view } of open) {
    await touchTargets(state, rollout, view);
    await closeOffers(state, rollout, view);
    await drain(state, rollout, view);
  }
  // Offers were taken back at the halt and are made anew; those that had accepted are waiting for their grant.
  for (const rollout of resumed)
    for (const rows of chunks(rollout.table.rowsIn('accepted')))
      await sendGrants(state, new Set(rows.map((row) => rollout.table.vehicleId(row))));
}

/** RolloutOpened on the shard's stream comes first: an old owner fails on it (DESIGN §3). */
async function openRollouts(state: ShardState): Promise<void> {
  for (const [campaignId, { campaign }] of state.worker.watch.running) {
    const { plan } = campaign;
    if (state.opened.has(campaignId) || plan === null || (plan.shards[state.shard] ?? 0) === 0) continue;
    const { planId } = plan;
    const { shard, log } = state;
    state.log.stage(shardStream(shard), {
      type: 'RolloutOpened',
      data: { shard, campaignId, planId, epoch: log.epoch },
    });
    await state.log.flush();
    state.opened.set(campaignId, planId);
    await loadRollout(state, campaignId, planId);
  }
}

function forgetOver(state: ShardState): void {
  const over = [...state.rollouts.values()].filter(({ campaignId }) =>
    isOver(state.view(campaignId).campaign),
  );
  for (const { campaignId } of over) {
    state.holds.delete(campaignId);
    state.worker.contents.forget(campaignId);
  }
  for (const { campaignId, stream } of over.slice(0, Math.max(0, over.length - KEPT_OVER))) {
    state.rollouts.delete(campaignId);
    state.targets.delete(campaignId);
    state.log.disown(stream);
  }
}

/** @returns whether the rollout was resumed just now. */
function haltOrResume(state: ShardState, rollout: Rollout, view: WatchedCampaign): boolean {
  const { fleet } = state.worker.watch;
  const { campaignId } = rollout;
  const { shard } = state;
  const wanted = wantedHalts(view, fleet);
  for (const { cause, why } of wanted)
    if (!rollout.haltCauses.has(cause))
      state.record(rollout, { type: 'RolloutHalted', data: { campaignId, shard, cause, why } });
  if (wanted.length > 0 || rollout.halted === null || view.campaign.phase !== 'running') return false;
  const causes = [view.resumedBy, fleet.liftedBy];
  if (rollout.halted === 'emergency') causes.reverse();
  const cause = causes.find((id) => id !== null) ?? rollout.planId;
  state.record(rollout, { type: 'RolloutResumed', data: { campaignId, shard, cause } });
  return true;
}

async function touchTargets(state: ShardState, rollout: Rollout, view: WatchedCampaign): Promise<void> {
  const { targets } = await state.worker.contents.of(rollout.campaignId, view.campaign.policy);
  state.targets.set(rollout.campaignId, targets);
}

/**
 * What must not start any more: on abort everything that has not begun to download, after the end what was not
 * accepted, and in a halt the open offers, which go back to waiting and get a new number later.
 */
async function closeOffers(state: ShardState, rollout: Rollout, view: WatchedCampaign): Promise<void> {
  if (view.campaign.phase === 'aborting')
    await closeAll(state, rollout, view, ['waiting', 'offered', 'accepted'], cancel('aborted'));
  else if (hasEnded(view, state.now_ms))
    await closeAll(state, rollout, view, ['waiting', 'offered'], cancel('ended'));
  else if (rollout.halted !== null) await closeAll(state, rollout, view, ['offered'], { type: 'Withdraw' });
}

const cancel = (reason: 'aborted' | 'ended'): AssignmentCommand => ({ type: 'Cancel', reason, detail: '' });

async function closeAll(
  state: ShardState,
  rollout: Rollout,
  view: WatchedCampaign,
  phases: readonly Phase[],
  command: AssignmentCommand,
): Promise<void> {
  if (phases.every((phase) => rollout.table.count(phase) === 0)) return;
  const context = contextOf(rollout, view, state.now_ms);
  for (const rows of chunks(rollout.table.rowsIn(...phases))) {
    const told: string[] = [];
    for (const row of rows) {
      if (rollout.table.phase(row) !== 'waiting') told.push(rollout.table.vehicleId(row));
      const decision = decideAssignment(rollout.table.get(row), command, context);
      if (decision.kind !== 'events') continue;
      for (const event of decision.events) state.record(rollout, event);
    }
    await state.log.flush();
    await sendUpdates(state, told, 'updates');
  }
}

/** Recorded once. Late reports still come after it, and are counted. */
async function drain(state: ShardState, rollout: Rollout, view: WatchedCampaign): Promise<void> {
  const { campaign } = view;
  if (rollout.drained || rollout.table.inFlight > 0 || rollout.table.count('waiting') > 0) return;
  const aborted = campaign.phase === 'aborting';
  const released = campaign.releasedWave >= campaign.policy.waves.length;
  if (!aborted && !released && !hasEnded(view, state.now_ms)) return;
  const { campaignId } = rollout;
  const why = aborted ? 'aborted' : 'settled';
  state.record(rollout, { type: 'RolloutDrained', data: { campaignId, shard: state.shard, why } });
  await state.log.flush();
}

/** Rows are taken out before they change, a batch at a time. */
function* chunks(rows: Iterable<number>): Generator<number[]> {
  let chunk: number[] = [];
  for (const row of rows) {
    chunk.push(row);
    if (chunk.length < BATCH) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
