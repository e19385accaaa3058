/** Decisions about a campaign on its way: start, waves, gates, halts, end. */
import { accept, type Decision, reject } from '../shared/decider.ts';
import type { CampaignCommand } from './commands.ts';
import { type CampaignContext, notAPerson, outsideObstacle, over, type Rejected } from './context.ts';
import { notApproved } from './decide-plan.ts';
import type { CampaignEvent } from './events.ts';
import { isNewDecision } from './gates.ts';
import { type Campaign, isOver, isRunning } from './state.ts';

type Command<Type extends CampaignCommand['type']> = Extract<CampaignCommand, { type: Type }>;
type Result = Decision<CampaignEvent>;

const notStarted = (): Rejected =>
  reject('not-started', 'the campaign has not started', 'Start it first, or abort it.');

const aborting = (): Rejected =>
  reject('campaign-aborting', 'the campaign is being aborted', 'Wait until it is aborted.');

const hasEnded = (endAt: string | null, now: string): boolean =>
  endAt !== null && Date.parse(now) >= Date.parse(endAt);

export function start(state: Campaign, command: Command<'StartCampaign'>, context: CampaignContext): Result {
  if (state.phase === 'running' || state.phase === 'paused') return accept();
  if (state.phase === 'aborting') return aborting();
  if (isOver(state)) return over(state);
  const { approval, plan, policy, campaignId, startAt } = state;
  if (approval === null) return notApproved();
  if (context.actor.kind === 'system' && (startAt === null || Date.parse(context.now) < Date.parse(startAt)))
    return reject(
      'too-early',
      startAt === null ? 'no start is scheduled' : `the start is scheduled for ${startAt}`,
      'Wait for that time, or let a person start it at once.',
    );
  if (hasEnded(policy.endAt, context.now))
    return reject('campaign-ended', `the campaign was to end at ${policy.endAt}`, 'Amend its end.');
  if (plan === null || plan.targets === 0)
    return reject('no-targets', 'the campaign has no targets', 'Define the targeting again.');
  const obstacle = outsideObstacle(state, context, (standing) => standing !== 'released');
  if (obstacle !== null) return obstacle;
  const { cause } = command;
  return accept(
    { type: 'CampaignStarted', data: { campaignId, planDigest: approval.planDigest, cause } },
    { type: 'WaveReleased', data: { campaignId, wave: 1, cause } },
  );
}

export function releaseWave(
  state: Campaign,
  command: Command<'ReleaseWave'>,
  context: CampaignContext,
): Result {
  const { wave, cause } = command;
  if (!state.started) return notStarted();
  if (wave <= state.releasedWave) return accept();
  if (isOver(state)) return over(state);
  if (wave > state.waves.length)
    return reject('no-such-wave', `the campaign has ${state.waves.length} waves`, 'Name one of them.');
  if (wave !== state.releasedWave + 1)
    return reject(
      'wave-not-next',
      `wave ${state.releasedWave + 1} is the next`,
      'Release the waves in order.',
    );
  if (state.phase !== 'running') return halted(state);
  const failed = state.waves.findIndex((one) => one.gate?.outcome === 'failed');
  if (failed >= 0) return gateFailed(failed + 1);
  const last = state.waves[state.releasedWave - 1];
  if (last?.gate?.outcome !== 'passed' && last?.confirmed !== true)
    return reject(
      'gate-not-passed',
      `the gate of wave ${state.releasedWave} has not passed`,
      'Wait until it passes, or let a person confirm the wave.',
    );
  const obstacle = outsideObstacle(state, context, () => false);
  if (obstacle !== null) return obstacle;
  return accept({ type: 'WaveReleased', data: { campaignId: state.campaignId, wave, cause } });
}

const halted = (state: Campaign): Rejected =>
  state.phase === 'aborting'
    ? aborting()
    : reject('campaign-paused', 'the campaign is paused', 'Resume it first.');

const gateFailed = (wave: number): Rejected =>
  reject(
    'gate-failed',
    `the gate of wave ${wave} has failed`,
    'Abort the campaign, or amend the gate and have that approved.',
  );

export function decideGate(state: Campaign, command: Command<'DecideGate'>): Result {
  const { type: _, ...decided } = command;
  if (!state.started) return notStarted();
  if (isOver(state)) return over(state);
  const wave = state.waves[decided.wave - 1];
  if (wave === undefined || decided.wave > state.releasedWave) return notReleased(decided.wave);
  if (!isNewDecision(decided, wave.gate)) return accept();
  // What lies behind the next wave can't be held any more; only a failure still matters there.
  if (decided.wave < state.releasedWave && decided.outcome !== 'failed') return accept();
  return accept({ type: 'GateDecided', data: { campaignId: state.campaignId, ...decided } });
}

const notReleased = (wave: number): Rejected =>
  reject('wave-not-released', `wave ${wave} has not been released`, 'Wait until it is.');

export function confirmWave(
  state: Campaign,
  command: Command<'ConfirmWave'>,
  context: CampaignContext,
): Result {
  const { wave, note } = command;
  if (context.actor.kind !== 'person') return notAPerson('the confirmation');
  if (!state.started) return notStarted();
  const confirmed = state.waves[wave - 1];
  if (confirmed === undefined || wave > state.releasedWave) return notReleased(wave);
  if (confirmed.confirmed || wave < state.releasedWave) return accept();
  if (isOver(state)) return over(state);
  if (state.phase === 'aborting') return aborting();
  const outcome = confirmed.gate?.outcome;
  if (outcome === 'passed') return accept();
  if (outcome === 'failed') return gateFailed(wave);
  if (outcome !== 'held' && outcome !== 'awaiting-confirmation')
    return reject(
      'gate-not-decided',
      `the gate of wave ${wave} ${outcome === 'soaking' ? 'is soaking' : 'has nothing to decide yet'}`,
      'Wait for its decision, or amend the gate and have that approved.',
    );
  const data = { campaignId: state.campaignId, wave, note, by: context.actor.id };
  return accept({ type: 'WaveConfirmed', data });
}

export function pause(state: Campaign, command: Command<'PauseCampaign'>): Result {
  if (isOver(state)) return over(state);
  if (!state.started) return notStarted();
  if (state.phase === 'aborting') return aborting();
  if (state.phase === 'paused') return accept();
  const { reason, code, cause } = command;
  return accept({ type: 'CampaignPaused', data: { campaignId: state.campaignId, reason, code, cause } });
}

export function resume(
  state: Campaign,
  command: Command<'ResumeCampaign'>,
  context: CampaignContext,
): Result {
  if (isOver(state)) return over(state);
  if (!state.started) return notStarted();
  if (state.phase === 'aborting') return aborting();
  if (state.phase === 'running') return accept();
  if (state.approval === null) return notApproved();
  const obstacle = outsideObstacle(
    state,
    context,
    (standing) => standing !== 'released' && standing !== 'deprecated',
  );
  if (obstacle !== null) return obstacle;
  const data = { campaignId: state.campaignId, reason: command.reason, by: context.actor.id };
  return accept({ type: 'CampaignResumed', data });
}

/** Before the start there is nothing to drain, so the campaign is aborted at once. */
export function abort(state: Campaign, command: Command<'AbortCampaign'>, context: CampaignContext): Result {
  if (state.phase === 'aborting' || state.phase === 'aborted') return accept();
  if (isOver(state)) return over(state);
  const { campaignId } = state;
  const requested: CampaignEvent = {
    type: 'AbortRequested',
    data: { campaignId, reason: command.reason, by: context.actor.id },
  };
  if (state.started) return accept(requested);
  return accept<CampaignEvent>(requested, { type: 'CampaignAborted', data: { campaignId, cause: null } });
}

/** A paused campaign whose vehicles are all settled has nothing left to hold, so it is completed too. */
export function conclude(state: Campaign, command: Command<'ConcludeCampaign'>): Result {
  if (isOver(state)) return accept();
  if (!isRunning(state)) return notStarted();
  const data = { campaignId: state.campaignId, cause: command.cause };
  return accept(
    state.phase === 'aborting' ? { type: 'CampaignAborted', data } : { type: 'CampaignCompleted', data },
  );
}

export function review(
  state: Campaign,
  command: Command<'ReviewCampaign'>,
  context: CampaignContext,
): Result {
  if (context.actor.kind !== 'person') return notAPerson('the review');
  if (!isOver(state))
    return reject('not-over', `the campaign is ${state.phase}`, 'Review it once it is completed or aborted.');
  const { note, verdict } = command;
  const by = context.actor.id;
  if (state.review !== null) {
    const same = state.review.note === note && state.review.verdict === verdict && state.review.by === by;
    if (same) return accept();
    return reject('already-reviewed', 'the campaign has been reviewed', 'A review can not be changed.');
  }
  return accept({ type: 'CampaignReviewed', data: { campaignId: state.campaignId, note, verdict, by } });
}
