import { describe, expect, it } from 'vitest';
import type { CampaignCommand } from '../../../src/domain/campaign/commands.ts';
import type { CampaignLookups } from '../../../src/domain/campaign/context.ts';
import { campaignDecider } from '../../../src/domain/campaign/decide.ts';
import type { CampaignEvent } from '../../../src/domain/campaign/events.ts';
import { planDigest } from '../../../src/domain/campaign/state.ts';
import { fold, person, specify, testContext } from '../../support/decider-spec.ts';
import {
  approvedBy,
  bob,
  created,
  DIGEST,
  defined,
  digestOf,
  frozen,
  gate,
  ID,
  PLAN,
  paused,
  planned,
  policy,
  policyOf,
  RELEASED,
  released,
  started,
  system,
} from './samples.ts';

const digest = planDigest(fold(campaignDecider, planned), digestOf) ?? '';
const approved = approvedBy('bob', digest);
const voided = (reason: string): CampaignEvent => ({
  type: 'ApprovalVoided',
  data: { campaignId: ID, reason, planDigest: digest },
});
const create = (change: Parameters<typeof policyOf>[0] = {}): CampaignCommand => ({
  type: 'CreateCampaign',
  campaignId: ID,
  title: 'TCM',
  purpose: '',
  policy: policyOf(change),
});
const NEW_PLAN = '00000000-0000-7000-8000-000000000001';
const wave = (size: object) => ({ name: 'w', size, gate }) as (typeof policy)['waves'][number];
const specs = (
  rows: Parameters<typeof specify<unknown, CampaignCommand, CampaignEvent, CampaignLookups>>[1],
) => specify(campaignDecider, rows, RELEASED);

describe('creating a campaign', () => {
  specs([
    { it: 'records policy and creator', when: create(), gives: [created] },
    { it: 'is idempotent', given: [created], when: create(), gives: [] },
    {
      it: 'refuses another plan under the same id',
      given: [created],
      when: create({ maxAttempts: 1 }),
      gives: 'campaign-exists',
    },
    {
      it: 'refuses an artifact that is named twice',
      when: create({ artifacts: ['a@1', 'a@1'] }),
      gives: 'invalid-policy',
    },
    {
      it: 'refuses percentages above 100',
      when: create({ waves: [wave({ percent: 60 }), wave({ percent: 50 })] }),
      gives: 'invalid-policy',
    },
    {
      it: 'refuses waves that leave targets over',
      when: create({ waves: [wave({ vehicles: 60 })] }),
      gives: 'invalid-policy',
    },
    {
      it: 'refuses percentages below 100 without a rest',
      when: create({ waves: [wave({ percent: 10 }), wave({ percent: 80 })] }),
      gives: 'invalid-policy',
    },
    {
      it: 'refuses a rest before the last wave',
      when: create({ waves: [wave({ rest: true }), wave({ rest: true })] }),
      gives: 'invalid-policy',
    },
    {
      it: 'refuses an end before the start',
      when: create({ startAt: '2027-04-01T00:00:00.000Z', endAt: '2027-03-31T00:00:00.000Z' }),
      gives: 'invalid-policy',
    },
    {
      it: 'refuses everything else on a campaign that does not exist',
      when: { type: 'AbortCampaign', reason: 'x' },
      gives: 'campaign-not-found',
    },
  ]);
  it('takes percentages that sum to 100, thirds included', () => {
    const third = 100 / 3;
    const command = create({
      waves: [wave({ percent: third }), wave({ percent: third }), wave({ percent: third })],
    });
    expect(
      campaignDecider.decide(campaignDecider.initialState, command, { ...testContext(), ...RELEASED }).ok,
    ).toBe(true);
  });
});

const {
  campaignId: _,
  query: __,
  ...frozenData
} = frozen.type === 'TargetsFrozen' ? frozen.data : { campaignId: '', query: '' };
const record = { type: 'RecordTargets', ...frozenData } as CampaignCommand;
describe('defining and freezing targets', () => {
  specs([
    {
      it: 'gives the query a plan id',
      given: [created],
      when: { type: 'DefineTargeting', query: 'model==A' },
      gives: [
        {
          type: 'TargetingDefined',
          data: { campaignId: ID, planId: NEW_PLAN, query: 'model==A', by: 'ada' },
        },
      ],
    },
    {
      it: 'does nothing while the same query is being frozen',
      given: [created, defined],
      when: { type: 'DefineTargeting', query: 'model==A' },
      gives: [],
    },
    {
      it: 'makes a new list of the same query once it is frozen, and voids the approval',
      given: [...planned, approved],
      when: { type: 'DefineTargeting', query: 'model==A' },
      gives: [
        voided('the targeting was defined again'),
        {
          type: 'TargetingDefined',
          data: { campaignId: ID, planId: NEW_PLAN, query: 'model==A', by: 'ada' },
        },
      ],
    },
    {
      it: 'refuses once the campaign has started',
      given: [...planned, approved, started],
      when: { type: 'DefineTargeting', query: 'x==y' },
      gives: 'targeting-fixed',
    },
    {
      it: 'records the frozen targets',
      given: [created, defined],
      by: system,
      when: record,
      gives: [frozen],
    },
    {
      it: 'refuses the targets of a plan that was superseded',
      given: [created, defined],
      by: system,
      when: { ...record, planId: NEW_PLAN } as CampaignCommand,
      gives: 'plan-superseded',
    },
    {
      it: 'refuses waves that do not add up',
      given: [created, defined],
      by: system,
      when: { ...record, waves: [2, 9] } as CampaignCommand,
      gives: 'plan-mismatch',
    },
    {
      it: 'records that the freeze failed',
      given: [created, defined],
      by: system,
      when: { type: 'RecordFreezeFailure', planId: PLAN, reason: 'syntax' },
      gives: [{ type: 'TargetsFreezeFailed', data: { campaignId: ID, planId: PLAN, reason: 'syntax' } }],
    },
    {
      it: 'keeps the first outcome of a plan',
      given: planned,
      by: system,
      when: { type: 'RecordFreezeFailure', planId: PLAN, reason: 'syntax' },
      gives: [],
    },
  ]);
});

const approve = (planDigest_: string | null = null): CampaignCommand => ({
  type: 'ApproveCampaign',
  planDigest: planDigest_,
  note: '',
});
describe('approving', () => {
  specs([
    {
      it: 'records the digest of the plan',
      given: planned,
      by: bob,
      when: approve(digest),
      gives: [approved],
    },
    { it: 'refuses the creator', given: planned, when: approve(), gives: 'four-eyes' },
    {
      it: 'refuses whoever defined the targeting',
      given: [created, { ...defined, data: { ...defined.data, by: 'bob' } } as CampaignEvent, frozen],
      by: bob,
      when: approve(),
      gives: 'four-eyes',
    },
    {
      it: 'refuses whoever amended it',
      given: [
        ...planned,
        {
          type: 'CampaignAmended',
          data: { campaignId: ID, policy: policyOf({ maxAttempts: 1 }), note: '', by: 'bob' },
        },
      ],
      by: bob,
      when: approve(),
      gives: 'four-eyes',
    },
    {
      it: 'refuses a service',
      given: planned,
      by: { kind: 'service', id: 'ci' },
      when: approve(),
      gives: 'not-a-person',
    },
    {
      it: 'refuses another plan than was looked at',
      given: planned,
      by: bob,
      when: approve('0'.repeat(64)),
      gives: 'plan-changed',
    },
    {
      it: 'refuses before the targets are frozen',
      given: [created, defined],
      by: bob,
      when: approve(),
      gives: 'targets-not-frozen',
    },
    {
      it: 'schedules the start that the policy names',
      given: [
        {
          ...created,
          data: { ...created.data, policy: policyOf({ startAt: '2027-04-01T00:00:00.000Z' }) },
        } as CampaignEvent,
        defined,
        frozen,
      ],
      by: bob,
      when: approve(),
      gives: [
        approvedBy(
          'bob',
          planDigest(
            fold(campaignDecider, [
              {
                ...created,
                data: { ...created.data, policy: policyOf({ startAt: '2027-04-01T00:00:00.000Z' }) },
              } as CampaignEvent,
              defined,
              frozen,
            ]),
            digestOf,
          ) ?? '',
        ),
        {
          type: 'CampaignScheduled',
          data: { campaignId: ID, startAt: '2027-04-01T00:00:00.000Z', by: 'bob' },
        },
      ],
    },
  ]);
  it('has another digest for another policy, query or list of targets', () => {
    const of = (...events: CampaignEvent[]) => planDigest(fold(campaignDecider, events), digestOf);
    const other = [
      of(
        { ...created, data: { ...created.data, policy: policyOf({ maxAttempts: 1 }) } } as CampaignEvent,
        defined,
        frozen,
      ),
      of(created, { ...defined, data: { ...defined.data, query: 'model==B' } } as CampaignEvent, frozen),
      of(created, defined, { ...frozen, data: { ...frozen.data, digest: 'e'.repeat(64) } } as CampaignEvent),
    ];
    expect(new Set([digest, ...other]).size).toBe(4);
    expect(of(created, defined)).toBeNull();
    expect(digest).not.toBe(DIGEST);
  });
});

const at = (startAt: string): CampaignCommand => ({ type: 'ScheduleCampaign', startAt });
describe('scheduling', () => {
  specs([
    {
      it: 'records the time',
      given: [...planned, approved],
      when: at('2027-03-02T00:00:00.000Z'),
      gives: [
        {
          type: 'CampaignScheduled',
          data: { campaignId: ID, startAt: '2027-03-02T00:00:00.000Z', by: 'ada' },
        },
      ],
    },
    {
      it: 'refuses without approval',
      given: planned,
      when: at('2027-03-02T00:00:00.000Z'),
      gives: 'not-approved',
    },
    {
      it: 'refuses a time that has passed',
      given: [...planned, approved],
      when: at('2027-03-01T11:59:59.999Z'),
      gives: 'start-in-past',
    },
  ]);
});

const amend = (change: Parameters<typeof policyOf>[0]): CampaignCommand => ({
  type: 'AmendCampaign',
  policy: policyOf(change),
  note: '',
});
const amended = (change: Parameters<typeof policyOf>[0]): CampaignEvent => ({
  type: 'CampaignAmended',
  data: { campaignId: ID, policy: policyOf(change), note: '', by: 'ada' },
});
const looser = { waves: policy.waves.map((one) => ({ ...one, gate: { ...gate, failurePercent: 50 } })) };
const running = [...planned, approved, started, released(1)];
describe('amending', () => {
  specs([
    {
      it: 'voids the approval',
      given: [...planned, approved],
      when: amend({ maxAttempts: 1 }),
      gives: [amended({ maxAttempts: 1 }), voided('the campaign was amended')],
    },
    {
      it: 'freezes the targets anew when artifacts or wave sizes change',
      given: planned,
      when: amend({ artifacts: ['tcm@2.2.0'] }),
      gives: [
        amended({ artifacts: ['tcm@2.2.0'] }),
        {
          type: 'TargetingDefined',
          data: { campaignId: ID, planId: NEW_PLAN, query: 'model==A', by: 'ada' },
        },
      ],
    },
    { it: 'refuses while the campaign runs', given: running, when: amend(looser), gives: 'campaign-running' },
    {
      it: 'changes the gates of a paused campaign, which then needs approval',
      given: [...running, paused],
      when: amend(looser),
      gives: [amended(looser), voided('the campaign was amended')],
    },
    {
      it: 'leaves artifacts and sizes of a started campaign alone',
      given: [...running, paused],
      when: amend({ artifacts: ['tcm@2.2.0'] }),
      gives: 'amend-fixed-part',
    },
    {
      it: 'does not resume without the new approval',
      given: [...running, paused, amended(looser), voided('x')],
      when: { type: 'ResumeCampaign', reason: 'go' },
      gives: 'not-approved',
    },
    {
      it: 'resumes with it',
      given: [...running, paused, amended(looser), voided('x'), approvedBy('bob', 'f'.repeat(64))],
      when: { type: 'ResumeCampaign', reason: 'go' },
      gives: [{ type: 'CampaignResumed', data: { campaignId: ID, reason: 'go', by: 'ada' } }],
    },
    {
      it: 'refuses a malformed policy',
      given: planned,
      when: amend({ artifacts: ['a@1', 'a@1'] }),
      gives: 'invalid-policy',
    },
  ]);
  it('forgets what gates decided under other conditions, and nothing else', () => {
    const decided: CampaignEvent = {
      type: 'GateDecided',
      data: {
        campaignId: ID,
        wave: 1,
        outcome: 'failed',
        reason: 'r',
        counters: { targets: 2, succeeded: 0, failed: 2, excused: 0, inFlight: 0, waiting: 0 },
        soakUntil: null,
        cause: null,
      },
    };
    const gateOf = (change: Parameters<typeof policyOf>[0]) => {
      const state = fold(campaignDecider, [...running, decided, paused, amended(change)]);
      return state.phase === 'absent' ? undefined : state.waves[0]?.gate;
    };
    expect(gateOf(looser)).toBeNull();
    expect(gateOf({ maxAttempts: 1 })?.outcome).toBe('failed');
  });
  it('takes the approval of another person of the amended plan while paused', () => {
    const state = fold(campaignDecider, [...running, paused, amended(looser), voided('x')]);
    const decision = campaignDecider.decide(state, approve(), { ...testContext(person('eve')), ...RELEASED });
    expect(decision).toMatchObject({ ok: true, events: [{ type: 'CampaignApproved' }] });
  });
});
