/** One campaign in one shard: its assignments, and what was recorded about the rollout as a whole. */
import type { TargetSlice } from '../../domain/campaign/events.ts';
import type { ShardTargets } from '../../domain/campaign/targets.ts';
import type { AssignmentContext } from '../../domain/rollout/decision.ts';
import type { RolloutEvent } from '../../domain/rollout/events.ts';
import { evolveAssignment, isAssignmentEvent } from '../../domain/rollout/state.ts';
import { AssignmentTable } from '../../domain/rollout/table.ts';
import { rolloutStream } from '../../domain/shared/streams.ts';
import type { FleetView, WatchedCampaign } from './campaign-watch.ts';

export type HaltReason = 'paused' | 'aborting' | 'emergency';

export class Rollout {
  readonly campaignId: string;
  readonly planId: string;
  readonly stream: string;
  readonly table: AssignmentTable;
  readonly slices: readonly TargetSlice[];
  /** Of all its vehicles: there are few, and windows open and close by zone. */
  readonly timeZones: readonly string[];
  /** UpdateOffered ever recorded: allowances are cumulative. */
  offersMade = 0;
  halted: HaltReason | null = null;
  drained = false;
  /** When it was last resumed, milliseconds since 1970; 0 = never. */
  resumedAt_ms = 0;
  /** Ids of the pauses, aborts and emergency stops that RolloutHalted has answered. */
  readonly haltCauses = new Set<string>();

  constructor(campaignId: string, planId: string, shard: number, targets: ShardTargets) {
    this.campaignId = campaignId;
    this.planId = planId;
    this.stream = rolloutStream(campaignId, shard);
    this.slices = targets.slices;
    this.timeZones = [...new Set(targets.slices.map((slice) => slice.timeZone))];
    this.table = new AssignmentTable(targets.targets);
  }

  /** @param at_ms when it was recorded, milliseconds since 1970. */
  apply(event: RolloutEvent, at_ms: number): void {
    if (isAssignmentEvent(event)) {
      if (event.type === 'UpdateOffered') this.offersMade += 1;
      const row = this.table.indexOf(event.data.vehicleId);
      // A vehicle that has left the targets since: what it did is history, there is nothing to decide on.
      if (row >= 0) this.table.set(row, evolveAssignment(this.table.get(row), event));
      return;
    }
    switch (event.type) {
      case 'RolloutHalted':
        this.halted = event.data.why;
        this.haltCauses.add(event.data.cause);
        break;
      case 'RolloutResumed':
        this.halted = null;
        this.resumedAt_ms = at_ms;
        break;
      case 'RolloutDrained':
        this.drained = true;
        break;
      case 'RolloutTaken':
        break;
    }
  }
}

export interface WantedHalt {
  readonly cause: string;
  readonly why: HaltReason;
}

/** The causes for which the rollout has to stand still now. */
export function wantedHalts(view: WatchedCampaign, fleet: FleetView): WantedHalt[] {
  const { campaign, pausedBy, abortedBy } = view;
  const halts: WantedHalt[] = [];
  if (fleet.emergency !== null) halts.push({ cause: fleet.emergency, why: 'emergency' });
  if (campaign.phase === 'paused' && pausedBy !== null) halts.push({ cause: pausedBy, why: 'paused' });
  if (campaign.phase === 'aborting' && abortedBy !== null) halts.push({ cause: abortedBy, why: 'aborting' });
  return halts;
}

/** Nothing is offered or granted: it is halted or about to be, or a newer version said something that can't be judged. */
export const isStopped = (rollout: Rollout, view: WatchedCampaign, fleet: FleetView): boolean =>
  rollout.halted !== null || view.campaign.phase !== 'running' || view.newer || fleet.emergency !== null;

export function hasEnded(view: WatchedCampaign, now_ms: number): boolean {
  const { endAt } = view.campaign.policy;
  return endAt !== null && Date.parse(endAt) <= now_ms;
}

export function contextOf(rollout: Rollout, view: WatchedCampaign, now_ms: number): AssignmentContext {
  const { phase, policy } = view.campaign;
  const open = phase === 'running' || phase === 'paused';
  return {
    now_ms,
    maxAttempts: policy.maxAttempts,
    retryDelay_s: policy.retryDelay_s,
    attemptTimeout_s: policy.attemptTimeout_s,
    closing: !open || rollout.drained || hasEnded(view, now_ms),
  };
}
