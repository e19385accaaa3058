/** What a campaign is, folded from its own stream. */
import { canonicalJson } from '../shared/canonical.ts';
import type { CampaignEvent, WaveCounters } from './events.ts';
import type { CampaignPolicy } from './policy.ts';

export const CAMPAIGN_PHASES = [
  'created',
  'targeting-defined',
  'targets-frozen',
  'approved',
  'scheduled',
  'running',
  'paused',
  'aborting',
  'aborted',
  'completed',
  'reviewed',
] as const;
export type CampaignPhase = (typeof CAMPAIGN_PHASES)[number];

/** The target query and the list it was frozen into. */
export interface TargetPlan {
  readonly planId: string;
  readonly query: string;
  readonly status: 'pending' | 'frozen' | 'failed';
  /** Why the freeze failed. */
  readonly reason: string | null;
  readonly targets: number;
  /** Targets of each wave, wave 1 first. */
  readonly waves: readonly number[];
  /** Targets of each shard, shard 0 first. */
  readonly shards: readonly number[];
  readonly digest: string | null;
}

export type GateOutcome = Extract<CampaignEvent, { type: 'GateDecided' }>['data']['outcome'];

export interface GateDecision {
  readonly outcome: GateOutcome;
  readonly reason: string;
  readonly soakUntil: string | null;
  readonly counters: WaveCounters;
}

export interface WaveState {
  readonly gate: GateDecision | null;
  /** A person let it pass. */
  readonly confirmed: boolean;
}

export type PauseCode = Extract<CampaignEvent, { type: 'CampaignPaused' }>['data']['code'];

export interface Campaign {
  readonly phase: CampaignPhase;
  readonly campaignId: string;
  readonly title: string;
  readonly purpose: string;
  readonly policy: CampaignPolicy;
  /** Everyone who made the plan what it is (created, defined, amended): none of them may approve it. */
  readonly authors: readonly string[];
  readonly plan: TargetPlan | null;
  readonly approval: { readonly by: string; readonly planDigest: string } | null;
  readonly startAt: string | null;
  readonly started: boolean;
  /** Waves are released in order: those up to this one; 0 before the start. */
  readonly releasedWave: number;
  /** One entry per wave, wave 1 first. */
  readonly waves: readonly WaveState[];
  readonly pause: {
    readonly code: PauseCode;
    readonly reason: string;
    readonly cause: string | null;
  } | null;
  readonly review: { readonly note: string; readonly verdict: string; readonly by: string } | null;
}

export type CampaignState = Campaign | { readonly phase: 'absent' };

export const isRunning = (state: CampaignState): boolean =>
  state.phase === 'running' || state.phase === 'paused' || state.phase === 'aborting';

export const isOver = (state: CampaignState): boolean =>
  state.phase === 'aborted' || state.phase === 'completed' || state.phase === 'reviewed';

const FRESH: WaveState = { gate: null, confirmed: false };

/**
 * Digest of what an approver approves: policy, query and the frozen targets. Null while there are none.
 * @param digest SHA-256 of a text, lower-case hex.
 */
export function planDigest(state: CampaignState, digest: (text: string) => string): string | null {
  if (state.phase === 'absent' || state.plan === null || state.plan.digest === null) return null;
  const { policy, plan } = state;
  return digest(canonicalJson({ policy, query: plan.query, targets: plan.digest }));
}

/** Folds one event. Events of a campaign that was never created do not occur: the decider refuses to write them. */
export function evolveCampaign(state: CampaignState, event: CampaignEvent): CampaignState {
  if (event.type === 'CampaignCreated') {
    const { campaignId, title, purpose, policy, by } = event.data;
    return {
      phase: 'created',
      campaignId,
      title,
      purpose,
      policy,
      authors: [by],
      plan: null,
      approval: null,
      startAt: null,
      started: false,
      releasedWave: 0,
      waves: policy.waves.map(() => FRESH),
      pause: null,
      review: null,
    };
  }
  return state.phase === 'absent' ? state : evolveExisting(state, event);
}

function evolveExisting(
  state: Campaign,
  event: Exclude<CampaignEvent, { type: 'CampaignCreated' }>,
): Campaign {
  switch (event.type) {
    case 'TargetingDefined':
    case 'TargetsFrozen':
    case 'TargetsFreezeFailed':
      return evolvePlan(state, event);
    case 'CampaignApproved': {
      const { by, planDigest: digest } = event.data;
      const phase = state.started ? state.phase : 'approved';
      return { ...state, phase, approval: { by, planDigest: digest } };
    }
    case 'ApprovalVoided': {
      const phase = state.started ? state.phase : 'targets-frozen';
      return { ...state, phase, approval: null, startAt: null };
    }
    case 'CampaignScheduled':
      return { ...state, phase: 'scheduled', startAt: event.data.startAt };
    case 'CampaignStarted':
      return { ...state, phase: 'running', started: true };
    case 'WaveReleased':
      return { ...state, releasedWave: event.data.wave };
    case 'GateDecided': {
      const { wave, outcome, reason, soakUntil, counters } = event.data;
      return withWave(state, wave, { gate: { outcome, reason, soakUntil, counters } });
    }
    case 'WaveConfirmed':
      return withWave(state, event.data.wave, { confirmed: true });
    case 'CampaignAmended':
      return amended(state, event.data.policy, event.data.by);
    case 'CampaignPaused': {
      const { code, reason, cause } = event.data;
      return { ...state, phase: 'paused', pause: { code, reason, cause } };
    }
    case 'CampaignResumed':
      return { ...state, phase: 'running', pause: null };
    case 'AbortRequested':
      return { ...state, phase: 'aborting', pause: null };
    case 'CampaignAborted':
      return { ...state, phase: 'aborted', pause: null };
    case 'CampaignCompleted':
      return { ...state, phase: 'completed', pause: null };
    case 'CampaignReviewed': {
      const { note, verdict, by } = event.data;
      return { ...state, phase: 'reviewed', review: { note, verdict, by } };
    }
  }
}

function evolvePlan(
  state: Campaign,
  event: Extract<CampaignEvent, { type: 'TargetingDefined' | 'TargetsFrozen' | 'TargetsFreezeFailed' }>,
): Campaign {
  if (event.type === 'TargetingDefined') {
    const { planId, query, by } = event.data;
    return {
      ...state,
      phase: 'targeting-defined',
      authors: withAuthor(state.authors, by),
      plan: {
        planId,
        query,
        status: 'pending',
        reason: null,
        targets: 0,
        waves: [],
        shards: [],
        digest: null,
      },
    };
  }
  if (state.plan === null || state.plan.planId !== event.data.planId) return state;
  if (event.type === 'TargetsFreezeFailed')
    return { ...state, plan: { ...state.plan, status: 'failed', reason: event.data.reason } };
  const { targets, waves, shards, digest } = event.data;
  return {
    ...state,
    phase: 'targets-frozen',
    plan: { ...state.plan, status: 'frozen', targets, waves, shards, digest },
  };
}

function withWave(state: Campaign, wave: number, change: Partial<WaveState>): Campaign {
  const waves = state.waves.map((one, index) => (index === wave - 1 ? { ...one, ...change } : one));
  return { ...state, waves };
}

/** A decision that was made under other conditions is not one any more: the gate is evaluated afresh. */
function amended(state: Campaign, policy: CampaignPolicy, by: string): Campaign {
  const waves = policy.waves.map((wave, index) => {
    const before = state.policy.waves[index];
    const same = before !== undefined && canonicalJson(before.gate) === canonicalJson(wave.gate);
    return (same ? state.waves[index] : undefined) ?? FRESH;
  });
  return { ...state, policy, waves, authors: withAuthor(state.authors, by) };
}

const withAuthor = (authors: readonly string[], by: string): readonly string[] =>
  authors.includes(by) ? authors : [...authors, by];
