/** Decisions about the plan: policy, targets, approval, schedule. */
import { canonicalJson } from '../shared/canonical.ts';
import { accept, type Decision, reject } from '../shared/decider.ts';
import type { CampaignCommand } from './commands.ts';
import { type CampaignContext, notAPerson, over, type Rejected } from './context.ts';
import type { CampaignEvent } from './events.ts';
import type { CampaignPolicy } from './policy.ts';
import { policyProblems } from './policy-rules.ts';
import { type Campaign, type CampaignState, isOver, planDigest } from './state.ts';

type Command<Type extends CampaignCommand['type']> = Extract<CampaignCommand, { type: Type }>;
type Result = Decision<CampaignEvent>;

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

function badPolicy(policy: CampaignPolicy): Rejected | null {
  const problems = policyProblems(policy);
  if (problems.length === 0) return null;
  return reject(
    'invalid-policy',
    problems.map(({ path, message }) => `${path}: ${message}`).join('; '),
    'Correct the policy and send it again.',
    { errors: problems.map(({ path, message }) => ({ path: `policy.${path}`, message })) },
  );
}

export function create(
  state: CampaignState,
  command: Command<'CreateCampaign'>,
  context: CampaignContext,
): Result {
  const { campaignId, title, purpose, policy } = command;
  if (state.phase !== 'absent') {
    const asked = { title, purpose, policy };
    const there = { title: state.title, purpose: state.purpose, policy: state.policy };
    if (same(asked, there)) return accept();
    return reject(
      'campaign-exists',
      `there is a campaign ${campaignId} with another plan`,
      'Use another id, or amend the one there is.',
    );
  }
  const bad = badPolicy(policy);
  if (bad !== null) return bad;
  const data = { campaignId, title, purpose, policy, by: context.actor.id };
  return accept({ type: 'CampaignCreated', data });
}

/** What happens to an approval when the plan changes under it. */
function voided(state: Campaign, reason: string): CampaignEvent[] {
  if (state.approval === null) return [];
  const { campaignId, approval } = state;
  return [{ type: 'ApprovalVoided', data: { campaignId, reason, planDigest: approval.planDigest } }];
}

export function defineTargeting(
  state: Campaign,
  command: Command<'DefineTargeting'>,
  context: CampaignContext,
): Result {
  if (isOver(state)) return over(state);
  if (state.started)
    return reject(
      'targeting-fixed',
      'the campaign has started, its targets are fixed',
      'Make another campaign for other vehicles.',
    );
  if (state.plan?.status === 'pending' && state.plan.query === command.query) return accept();
  return accept(
    ...voided(state, 'the targeting was defined again'),
    targetingDefined(state, command.query, context),
  );
}

const targetingDefined = (state: Campaign, query: string, context: CampaignContext): CampaignEvent => ({
  type: 'TargetingDefined',
  data: { campaignId: state.campaignId, planId: context.newId(), query, by: context.actor.id },
});

/** Null when the planner's command is about the list that is being waited for. */
function notAwaited(state: Campaign, planId: string): Result | null {
  if (isOver(state)) return over(state);
  if (state.plan?.planId !== planId)
    return reject(
      'plan-superseded',
      `plan ${planId} is not the current one`,
      'Freeze the targets of the plan defined last.',
    );
  return state.plan.status === 'pending' ? null : accept();
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

export function recordTargets(state: Campaign, command: Command<'RecordTargets'>): Result {
  const { type: _, ...frozen } = command;
  const settled = notAwaited(state, frozen.planId);
  if (settled !== null) return settled;
  const { targets, waves, shards } = frozen;
  if (waves.length !== state.policy.waves.length || sum(waves) !== targets || sum(shards) !== targets)
    return reject(
      'plan-mismatch',
      `waves [${waves}] and shards do not add up to ${targets} targets in ${state.policy.waves.length} waves`,
      'Freeze the targets again.',
    );
  const { campaignId, plan } = state;
  return accept({ type: 'TargetsFrozen', data: { campaignId, query: plan?.query ?? '', ...frozen } });
}

export function recordFreezeFailure(state: Campaign, command: Command<'RecordFreezeFailure'>): Result {
  const { planId, reason } = command;
  const settled = notAwaited(state, planId);
  if (settled !== null) return settled;
  return accept({ type: 'TargetsFreezeFailed', data: { campaignId: state.campaignId, planId, reason } });
}

export function approve(
  state: Campaign,
  command: Command<'ApproveCampaign'>,
  context: CampaignContext,
): Result {
  if (isOver(state)) return over(state);
  const { actor } = context;
  if (actor.kind !== 'person') return notAPerson('the approval');
  if (state.authors.includes(actor.id))
    return reject(
      'four-eyes',
      `${actor.id} created, defined or amended this campaign`,
      'Let another person approve it; the role admin is no way round.',
      { authors: state.authors },
    );
  const digest = planDigest(state, context.digest);
  if (digest === null) return notFrozen(state);
  if (command.planDigest !== null && command.planDigest !== digest)
    return reject(
      'plan-changed',
      'the plan is not the one that was looked at',
      'Read the campaign again, and approve what is there now.',
      { planDigest: digest },
    );
  if (state.approval !== null) return accept();
  const { campaignId, policy, started } = state;
  const approved: CampaignEvent = {
    type: 'CampaignApproved',
    data: { campaignId, planDigest: digest, note: command.note, by: actor.id },
  };
  if (policy.startAt === null || started) return accept(approved);
  const data = { campaignId, startAt: policy.startAt, by: actor.id };
  return accept<CampaignEvent>(approved, { type: 'CampaignScheduled', data });
}

function notFrozen(state: Campaign): Rejected {
  const { plan } = state;
  if (plan === null)
    return reject('targets-not-frozen', 'the campaign has no targets yet', 'Define the targeting first.');
  if (plan.status === 'failed')
    return reject(
      'targets-not-frozen',
      `the targets could not be frozen: ${plan.reason}`,
      'Define the targeting again.',
    );
  return reject('targets-not-frozen', 'the targets are being frozen', 'Try again in a moment.');
}

export function schedule(
  state: Campaign,
  command: Command<'ScheduleCampaign'>,
  context: CampaignContext,
): Result {
  if (isOver(state)) return over(state);
  if (state.started)
    return reject('already-started', 'the campaign has started', 'Pause it if it should wait.');
  if (state.approval === null) return notApproved();
  const { startAt } = command;
  if (state.startAt === startAt) return accept();
  if (Date.parse(startAt) <= Date.parse(context.now))
    return reject(
      'start-in-past',
      `${startAt} has passed`,
      'Start the campaign at once, or name a later time.',
    );
  const { endAt } = state.policy;
  if (endAt !== null && Date.parse(startAt) >= Date.parse(endAt))
    return reject(
      'start-after-end',
      `the campaign ends at ${endAt}`,
      'Name an earlier time, or amend the end.',
    );
  return accept({
    type: 'CampaignScheduled',
    data: { campaignId: state.campaignId, startAt, by: context.actor.id },
  });
}

export const notApproved = (): Rejected =>
  reject(
    'not-approved',
    'the plan as it is now has not been approved',
    'Let another person than its authors approve it.',
  );

/** What the frozen list of targets depends on. */
const frozenPart = (policy: CampaignPolicy) => ({
  artifacts: policy.artifacts,
  sizes: policy.waves.map((wave) => wave.size),
});

export function amend(state: Campaign, command: Command<'AmendCampaign'>, context: CampaignContext): Result {
  if (isOver(state) || state.phase === 'aborting') return over(state);
  const { policy, note } = command;
  if (same(state.policy, policy)) return accept();
  const bad = badPolicy(policy);
  if (bad !== null) return bad;
  if (state.phase === 'running')
    return reject('campaign-running', 'the campaign is running', 'Pause it, amend it, and have it approved.');
  const refreeze = state.plan !== null && !same(frozenPart(state.policy), frozenPart(policy));
  if (refreeze && state.started)
    return reject(
      'amend-fixed-part',
      'artifacts, number and sizes of the waves are fixed once the campaign has started',
      'Abort it and make a new campaign, or leave them as they are.',
    );
  const { campaignId, plan } = state;
  return accept(
    { type: 'CampaignAmended', data: { campaignId, policy, note, by: context.actor.id } },
    ...voided(state, 'the campaign was amended'),
    ...(refreeze && plan !== null ? [targetingDefined(state, plan.query, context)] : []),
  );
}
