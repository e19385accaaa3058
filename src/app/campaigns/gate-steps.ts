/** What the gatekeeper does next about one campaign. Pure: all it looks at is folded from the log. */
import type { CampaignCommand } from '../../domain/campaign/commands.ts';
import { evaluateGate, isNewDecision, lastGate } from '../../domain/campaign/gates.ts';
import type { Campaign } from '../../domain/campaign/state.ts';
import { countersOf, type Tally, waveCountersOf } from '../../domain/campaign/tally.ts';
import { type CampaignView, markOf } from './campaign-view.ts';

/** A campaign with what its rollouts say. */
export interface WatchedCampaign {
  readonly view: CampaignView;
  readonly campaign: Campaign;
  /** Null before the start. */
  readonly tally: Tally | null;
  /** Id of RolloutDrained by shard. */
  readonly drained: ReadonlyMap<number, string>;
  /** The last event of campaign or rollouts that was folded. */
  readonly lastEventId: string;
  readonly lastDrainedId: string | null;
}

export type Step =
  | {
      readonly do: 'command';
      readonly command: CampaignCommand;
      readonly cause: string;
      readonly purpose: string;
    }
  /** Nothing now; look again at that time (ISO 8601 UTC), or when the log grows. */
  | { readonly do: 'wait'; readonly until: string | null };

/** @param now ISO 8601 UTC with milliseconds. */
export function nextStep(watched: WatchedCampaign, emergency: boolean, now: string): Step {
  const { campaign } = watched;
  if (campaign.phase === 'scheduled') return scheduled(watched, emergency, now);
  if (watched.tally === null || !campaign.started) return { do: 'wait', until: null };
  const gates = campaign.phase === 'aborting' ? { until: null } : gateStep(watched, watched.tally, now);
  if ('command' in gates) return gates;
  return (
    pauseStep(watched, watched.tally) ??
    concludeStep(watched) ??
    releaseStep(watched, emergency) ?? { do: 'wait', until: gates.until }
  );
}

function scheduled({ campaign, view }: WatchedCampaign, emergency: boolean, now: string): Step {
  const cause = markOf(view, 'CampaignScheduled')?.id;
  if (campaign.startAt === null || cause === undefined || emergency) return { do: 'wait', until: null };
  if (Date.parse(campaign.startAt) > Date.parse(now)) return { do: 'wait', until: campaign.startAt };
  return { do: 'command', command: { type: 'StartCampaign', cause }, cause, purpose: 'start' };
}

/** The first gate with something new to say, or when the next soak ends. */
function gateStep(
  { campaign, lastEventId }: WatchedCampaign,
  tally: Tally,
  now: string,
): Extract<Step, { do: 'command' }> | { readonly until: string | null } {
  let until: string | null = null;
  for (let wave = 1; wave <= campaign.releasedWave; wave++) {
    const plan = campaign.policy.waves[wave - 1];
    if (plan === undefined) continue;
    const gate = wave === campaign.policy.waves.length ? lastGate(plan.gate) : plan.gate;
    const counters = waveCountersOf(tally, wave);
    const previous = campaign.waves[wave - 1]?.gate ?? null;
    const judged = evaluateGate(gate, counters, now, previous);
    const { outcome, reason, soakUntil } = judged;
    if (outcome === 'open' || counters === null) continue;
    // Only a failure matters behind the newest wave: what is out can't be held back.
    if (wave < campaign.releasedWave && outcome !== 'failed') continue;
    if (isNewDecision(judged, previous)) {
      const purpose = `gate-${wave}-${outcome}`;
      const cause = lastEventId;
      return {
        do: 'command',
        command: { type: 'DecideGate', wave, outcome, reason, counters: sane(counters), soakUntil, cause },
        cause,
        purpose,
      };
    }
    if (soakUntil !== null && (until === null || soakUntil < until)) until = soakUntil;
  }
  return { until };
}

type Counters = ReturnType<typeof countersOf>;
/** Impossible counts are named in the reason; the event itself takes none below zero. */
const sane = (counters: Counters): Counters => ({
  targets: Math.max(0, counters.targets),
  succeeded: Math.max(0, counters.succeeded),
  failed: Math.max(0, counters.failed),
  excused: Math.max(0, counters.excused),
  inFlight: Math.max(0, counters.inFlight),
  waiting: Math.max(0, counters.waiting),
});

/**
 * A failed gate pauses once: not again after a person resumed on seeing it, and not when every vehicle of the
 * campaign is settled, since there is nothing left to protect.
 */
function pauseStep({ campaign, view }: WatchedCampaign, tally: Tally): Step | null {
  if (campaign.phase !== 'running') return null;
  const { waiting, inFlight } = countersOf(tally.totals);
  if (waiting + inFlight === 0) return null;
  const resumed = markOf(view, 'CampaignResumed')?.revision ?? -1;
  for (let wave = 1; wave <= campaign.releasedWave; wave++) {
    const gate = campaign.waves[wave - 1]?.gate;
    const mark = markOf(view, 'GateDecided', wave);
    if (gate?.outcome !== 'failed' || mark === null || mark.revision < resumed) continue;
    const reason = `The gate of wave ${wave} failed. ${gate.reason}`.slice(0, 2000);
    return {
      do: 'command',
      command: { type: 'PauseCampaign', reason, code: 'gate', cause: mark.id },
      cause: mark.id,
      purpose: 'pause',
    };
  }
  return null;
}

function concludeStep({ campaign, drained, lastDrainedId }: WatchedCampaign): Step | null {
  const shards = campaign.plan?.shards ?? [];
  const undrained = shards.some((targets, shard) => targets > 0 && !drained.has(shard));
  if (undrained || lastDrainedId === null) return null;
  const cause = lastDrainedId;
  return { do: 'command', command: { type: 'ConcludeCampaign', cause }, cause, purpose: 'conclude' };
}

function releaseStep({ campaign, view }: WatchedCampaign, emergency: boolean): Step | null {
  const { releasedWave, waves, phase } = campaign;
  if (phase !== 'running' || emergency || releasedWave >= waves.length) return null;
  if (waves.some(({ gate }) => gate?.outcome === 'failed')) return null;
  const newest = waves[releasedWave - 1];
  const mark = newest?.confirmed
    ? markOf(view, 'WaveConfirmed', releasedWave)
    : newest?.gate?.outcome === 'passed'
      ? markOf(view, 'GateDecided', releasedWave)
      : null;
  if (mark === null) return null;
  const wave = releasedWave + 1;
  return {
    do: 'command',
    command: { type: 'ReleaseWave', wave, cause: mark.id },
    cause: mark.id,
    purpose: `release-${wave}`,
  };
}
