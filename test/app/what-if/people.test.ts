/** What people did in a re-run that is a little ahead of the record. */
import { describe, expect, it } from 'vitest';
import type { CampaignEvent } from '../../../src/domain/campaign/events.ts';
import { type Course, gateOf, ID, policyOf, run, STARTED } from './made.ts';

const MINUTE = 60_000;
const campaignId = ID;
const bad: Course = { slice: 0, accept_ms: MINUTE, outcome_ms: 10 * MINUTE, outcome: 'failed' };
const good: Course = { ...bad, outcome: 'succeeded' };
const plan = (failurePercent: number) =>
  policyOf({
    maxInFlight: 1,
    waves: [
      {
        name: 'all',
        size: { rest: true },
        gate: gateOf({ successPercent: 0, failurePercent, soak_s: 0 }),
      },
    ],
  });
const counters = { targets: 3, succeeded: 0, failed: 1, excused: 0, inFlight: 0, waiting: 2 };

/** The engine took a minute to see the failure; the plan was amended, approved and let go on. */
const RECORD: readonly (readonly [minute: number, event: CampaignEvent])[] = [
  [
    11,
    {
      type: 'GateDecided',
      data: { campaignId, wave: 1, outcome: 'failed', reason: 'x', counters, soakUntil: null, cause: null },
    },
  ],
  [11, { type: 'CampaignPaused', data: { campaignId, reason: 'x', code: 'gate', cause: 'event-6' } }],
  [20, { type: 'CampaignAmended', data: { campaignId, policy: plan(100), note: '', by: 'ada' } }],
  [20, { type: 'ApprovalVoided', data: { campaignId, reason: 'x', planDigest: 'd'.repeat(64) } }],
  [20.5, { type: 'CampaignApproved', data: { campaignId, planDigest: 'd'.repeat(64), note: '', by: 'bob' } }],
  [21, { type: 'CampaignResumed', data: { campaignId, reason: 'go', by: 'oda' } }],
];

describe('a campaign that was let go on with an amended gate', () => {
  it('goes on again once the amendment is approved, though it was paused sooner', () => {
    const after = RECORD.map(([minute, event]) => ({ at: STARTED + minute * MINUTE, event }));
    const made = run([bad, good, good], plan(0), {}, after);
    const resumed = made.happened.find(({ event }) => event.type === 'CampaignResumed');
    expect(((resumed?.at ?? Number.NaN) - STARTED) / MINUTE).toBe(20.5);
    expect(made.phase).toBe('completed');
  });
});
