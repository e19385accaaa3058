/** Each thing that can hold a vehicle back is said, and the one that decides comes first. */
import { describe, expect, it } from 'vitest';
import type { AssignmentFacts, Facts, Judged } from '../../../src/app/vehicles/explain/facts.ts';
import { reasonsFor } from '../../../src/app/vehicles/explain/reasons.ts';
import { campaignPolicy } from '../../../src/domain/campaign/policy.ts';
import { PHASES } from '../../../src/domain/rollout/events.ts';

const gate = { successPercent: 90, failurePercent: 5, soak_s: 0, confirm: false };
const policy = campaignPolicy.parse({
  artifacts: ['tcm@2.0.0'],
  waves: [
    { name: 'pilot', size: { vehicles: 10 }, gate },
    { name: 'rest', size: { rest: true }, gate },
  ],
});
const NOW = '2027-06-01T12:00:00.000Z';
const FROZEN = '2027-05-01T00:00:00.000Z';

const judged: Judged = {
  matchesQuery: true,
  clauses: [{ clause: 'model==A3', holds: true }],
  compatible: true,
  satisfied: false,
  requirements: [],
};
const waiting: AssignmentFacts = {
  phase: 'waiting',
  wave: 1,
  attempt: 0,
  outcome: null,
  settledAt: null,
  timeZone: 'Europe/Berlin',
  notBefore: null,
  deadline: null,
};
const plan = {
  planId: 'p',
  query: 'model==A3',
  status: 'frozen' as const,
  reason: null,
  targets: 5,
  waves: [5, 0],
  shards: [5],
  digest: 'd',
};
const facts: Facts = {
  now: NOW,
  campaign: { phase: 'running', policy, plan, pause: null, releasedWave: 1, startAt: null },
  frozenAt: FROZEN,
  vehicle: {
    registeredAt: '2027-01-01T00:00:00.000Z',
    changedAt: '2027-01-01T00:00:00.000Z',
    timeZone: 'Europe/Berlin',
    decommissioned: false,
    online: true,
  },
  assignment: waiting,
  judged,
  emergency: { active: false, reason: null },
  rival: null,
  inFlight: 0,
  newer: { vehicle: null, campaign: null },
};
const codes = (change: Partial<Facts>): string[] =>
  reasonsFor({ ...facts, ...change }).map(({ code }) => code);
const campaign = (change: Partial<Facts['campaign']>): Partial<Facts> => ({
  campaign: { ...facts.campaign, ...change },
});
const withPolicy = (change: Partial<typeof policy>): Partial<Facts> =>
  campaign({ policy: { ...policy, ...change } });
const incompatible: Judged = {
  ...judged,
  compatible: false,
  requirements: [
    {
      artifactId: 'tcm@2.0.0',
      code: 'hardware-part',
      clause: 'hardware',
      message: 'TCM has hardware part TCM-6',
      expected: 'TCM-7',
      actual: 'TCM-6',
    },
  ],
};

describe('a vehicle that is not on the list', () => {
  const off = { assignment: null };
  it('does not match: the comparison that fails is named', () => {
    const clauses = [
      { clause: 'model==A3', holds: true },
      { clause: 'region==FR', holds: false },
    ];
    const [reason] = reasonsFor({ ...facts, ...off, judged: { ...judged, matchesQuery: false, clauses } });
    expect(reason).toMatchObject({
      code: 'query',
      message: expect.stringMatching(/does not hold: region==FR\.$/),
    });
  });

  it('can’t take it: what is required and what it has', () => {
    const [reason] = reasonsFor({ ...facts, ...off, judged: incompatible });
    expect(reason?.code).toBe('hardware-part');
    expect(reason?.message).toContain('Required: TCM-7; it has TCM-6');
  });

  it('has it already, is out of use, was registered or changed after the list, or there is no list', () => {
    const satisfied = {
      ...judged,
      compatible: false,
      satisfied: true,
      requirements: incompatible.requirements,
    };
    expect(codes({ ...off, judged: satisfied })).toEqual(['already-installed']);
    expect(codes({ ...off, vehicle: { ...facts.vehicle, decommissioned: true } })).toEqual([
      'decommissioned',
    ]);
    expect(codes({ ...off, vehicle: { ...facts.vehicle, registeredAt: NOW } })).toEqual(['registered-later']);
    expect(codes({ ...off, vehicle: { ...facts.vehicle, changedAt: NOW } })).toEqual(['changed-later']);
    expect(codes(off)).toEqual(['not-listed']);
    expect(codes({ ...off, frozenAt: null })).toEqual(['not-frozen']);
    const failed = campaign({ plan: { ...plan, status: 'failed', reason: 'no list x' } });
    expect(codes({ ...off, ...failed, frozenAt: null })).toEqual(['freeze-failed']);
    expect(codes({ ...off, newer: { vehicle: 'Later', campaign: null } })).toEqual(['newer-vehicle']);
  });
});

describe('a vehicle that waits', () => {
  it.each<[string, Partial<Facts>]>([
    ['next', {}],
    ['emergency-stop', { emergency: { active: true, reason: 'fire' } }],
    ['newer-campaign', { newer: { vehicle: null, campaign: 'Later' } }],
    ['newer-vehicle', { newer: { vehicle: 'Later', campaign: null } }],
    ['paused', campaign({ phase: 'paused', pause: { code: 'operator', reason: 'a look', cause: null } })],
    ['over', campaign({ phase: 'aborting' })],
    ['scheduled', campaign({ phase: 'scheduled', startAt: '2027-07-01T00:00:00.000Z' })],
    ['not-started', campaign({ phase: 'approved' })],
    ['ended', withPolicy({ endAt: FROZEN })],
    ['decommissioned', { vehicle: { ...facts.vehicle, decommissioned: true } }],
    ['hardware-part', { judged: incompatible }],
    ['already-installed', { judged: { ...judged, compatible: false, satisfied: true } }],
    ['wave', { assignment: { ...waiting, wave: 2 } }],
    ['retry', { assignment: { ...waiting, attempt: 1, notBefore: '2027-06-01T12:10:00.000Z' } }],
    ['window', withPolicy({ window: { from: '01:00', to: '05:00', days: [1, 2, 3, 4, 5, 6, 7] } })],
    ['other-campaign', { rival: { campaignId: 'autumn', component: 'TCM/main' } }],
    ['in-flight', { ...withPolicy({ maxInFlight: 10 }), inFlight: 10 }],
    ['rate', withPolicy({ offersPerMinute: 60 })],
  ])('is told %s', (code, change) => {
    expect(codes(change)).toEqual([code]);
  });

  it('is told when it ends by itself: the window in its own zone, the pause, the start', () => {
    const window = { from: '01:00', to: '05:00', days: [1, 2, 3, 4, 5, 6, 7] };
    // 01:00 in Berlin in summer.
    expect(reasonsFor({ ...facts, ...withPolicy({ window }) })[0]?.until).toBe('2027-06-01T23:00:00.000Z');
    const elsewhere = { assignment: { ...waiting, timeZone: 'America/New_York' } };
    expect(reasonsFor({ ...facts, ...withPolicy({ window }), ...elsewhere })[0]).toMatchObject({
      until: '2027-06-02T05:00:00.000Z',
      message: expect.stringContaining('America/New_York'),
    });
    const until = '2027-06-01T12:10:00.000Z';
    expect(reasonsFor({ ...facts, assignment: { ...waiting, notBefore: until } })[0]?.until).toBe(until);
    expect(codes({ assignment: { ...waiting, notBefore: FROZEN } })).toEqual(['next']);
  });

  it('is told everything that holds it back, the stop of the whole fleet first', () => {
    const all = {
      ...campaign({ phase: 'paused', pause: { code: 'gate', reason: 'too many', cause: null } }),
      emergency: { active: true, reason: null },
      assignment: { ...waiting, wave: 2 },
    } as const;
    expect(codes(all)).toEqual(['emergency-stop', 'paused', 'wave']);
  });
});

describe('a vehicle that is under way or done', () => {
  it('is told what is waited for', () => {
    const offered = { ...waiting, phase: 'offered', deadline: NOW } as const;
    expect(reasonsFor({ ...facts, assignment: offered })).toMatchObject([{ code: 'offered', until: NOW }]);
    expect(codes({ assignment: offered, vehicle: { ...facts.vehicle, online: false } })).toEqual([
      'offered',
      'offline',
    ]);
    expect(codes({ assignment: { ...waiting, phase: 'installing' } })).toEqual(['under-way']);
  });

  it('is told what became of it, and not that attempts were used up where they were not', () => {
    const said = (change: Partial<AssignmentFacts>): string =>
      reasonsFor({ ...facts, assignment: { ...waiting, attempt: 1, ...change } })[0]?.message ?? '';
    const outcome = { code: 'unhealthy', message: '' };
    expect(said({ phase: 'reverted', outcome })).toMatch(/went back .* not tried again: unhealthy\.$/);
    expect(said({ phase: 'failed', outcome })).toMatch(/^Attempt 1 was its last: it failed .*: unhealthy\.$/);
    expect(said({ phase: 'timed-out' })).toMatch(/nothing came from it in time/);
    expect(said({ phase: 'declined', outcome: { code: 'precondition-unmet', message: 'battery' } })).toMatch(
      /did not take .*: precondition-unmet: battery\.$/,
    );
    expect(said({ phase: 'succeeded', settledAt: FROZEN })).toContain(FROZEN);
  });

  it('gets a sentence in every phase', () => {
    for (const phase of PHASES) {
      const reasons = reasonsFor({
        ...facts,
        assignment: { ...waiting, phase, outcome: { code: 'x', message: 'y' } },
      });
      expect(reasons.length).toBeGreaterThan(0);
      for (const { message } of reasons) expect(message).toMatch(/^[A-Z].*\.$/);
    }
  });
});
