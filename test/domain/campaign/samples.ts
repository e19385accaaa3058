import type { CampaignLookups } from '../../../src/domain/campaign/context.ts';
import type { CampaignEvent, WaveCounters } from '../../../src/domain/campaign/events.ts';
import { type CampaignPolicy, campaignPolicy, type Gate } from '../../../src/domain/campaign/policy.ts';
import { person, testContext } from '../../support/decider-spec.ts';

export const ID = 'tcm-210';
export const PLAN = '11111111-1111-4111-8111-111111111111';
export const DIGEST = 'd'.repeat(64);
export const gate: Gate = { successPercent: 90, failurePercent: 10, soak_s: 60, confirm: false };
export const policyOf = (change: Partial<CampaignPolicy> = {}): CampaignPolicy =>
  campaignPolicy.parse({
    artifacts: ['tcm@2.1.0'],
    waves: [
      { name: 'pilot', size: { vehicles: 2 }, gate },
      { name: 'all', size: { rest: true }, gate },
    ],
    ...change,
  });
export const policy = policyOf();
export const RELEASED: CampaignLookups = {
  artifactStates: { 'tcm@2.1.0': 'released' },
  emergencyStop: false,
};
export const bob = person('bob');
export const system = { kind: 'system', id: 'gatekeeper' } as const;

export const created: CampaignEvent = {
  type: 'CampaignCreated',
  data: { campaignId: ID, title: 'TCM', purpose: '', policy, by: 'ada' },
};
export const defined: CampaignEvent = {
  type: 'TargetingDefined',
  data: { campaignId: ID, planId: PLAN, query: 'model==A', by: 'ada' },
};
export const shards = (counts: Record<number, number>): number[] =>
  Array.from({ length: 64 }, (_, shard) => counts[shard] ?? 0);
export const frozen: CampaignEvent = {
  type: 'TargetsFrozen',
  data: {
    campaignId: ID,
    planId: PLAN,
    query: 'model==A',
    targets: 10,
    incompatible: 1,
    reasons: [{ code: 'wrong-hardware', vehicles: 1 }],
    waves: [2, 8],
    shards: shards({ 3: 4, 7: 6 }),
    digest: DIGEST,
    lastEventId: null,
  },
};
export const digestOf = testContext().digest;
export const approvedBy = (by: string, planDigest: string): CampaignEvent => ({
  type: 'CampaignApproved',
  data: { campaignId: ID, planDigest, note: '', by },
});
export const started: CampaignEvent = {
  type: 'CampaignStarted',
  data: { campaignId: ID, planDigest: DIGEST, cause: null },
};
export const released = (wave: number, cause: string | null = null): CampaignEvent => ({
  type: 'WaveReleased',
  data: { campaignId: ID, wave, cause },
});
export const counters = (change: Partial<WaveCounters> = {}): WaveCounters => ({
  targets: 2,
  succeeded: 2,
  failed: 0,
  excused: 0,
  inFlight: 0,
  waiting: 0,
  ...change,
});
export const paused: CampaignEvent = {
  type: 'CampaignPaused',
  data: { campaignId: ID, reason: 'look', code: 'operator', cause: null },
};
export const planned = [created, defined, frozen];
