/** Offers that expire and attempts without an outcome: decided only when no report can be on its way (DESIGN §4.7). */
import { decideAssignment } from '../../domain/rollout/decide.ts';
import { sendUpdates } from './documents.ts';
import { contextOf, isStopped, type Rollout } from './rollout.ts';
import type { ShardState } from './shard-state.ts';

const BATCH = 500;

/** @returns how many were decided; 0 = none is due. */
export async function timeOutNext(state: ShardState, rollout: Rollout): Promise<number> {
  const { deps, metrics, pulse } = state.worker;
  const now_ms = state.now_ms;
  const listening_ms = Math.max(state.takenAt_ms, pulse.beat(now_ms));
  if (now_ms < listening_ms + deps.timeoutGrace_ms) return 0;
  // Everything that came up to the deadline has been processed, in broker time.
  const horizon_ms = Math.min(now_ms, deps.watermark(state.shard) - 1);
  const view = state.view(rollout.campaignId);
  // Who has accepted and not begun may be waiting for a grant that the halt holds back: after it, the time that an
  // attempt has begins anew.
  const stopped = isStopped(rollout, view, state.worker.watch.fleet);
  const begunBy_ms = rollout.resumedAt_ms + view.campaign.policy.attemptTimeout_s * 1000;
  const heldBack = stopped || begunBy_ms > horizon_ms;
  const { table } = rollout;
  const rows = table.dueRows(horizon_ms, BATCH, (row) => !heldBack || table.phase(row) !== 'accepted');
  if (rows.length === 0) return 0;
  const context = contextOf(rollout, view, now_ms);
  const ended: string[] = [];
  for (const row of rows) {
    const decision = decideAssignment(rollout.table.get(row), { type: 'TimeOut' }, context);
    if (decision.kind !== 'events') continue;
    for (const event of decision.events) state.record(rollout, event);
    ended.push(rollout.table.vehicleId(row));
  }
  await state.log.flush();
  metrics.timeouts += ended.length;
  await sendUpdates(state, ended, 'updates');
  return ended.length;
}
