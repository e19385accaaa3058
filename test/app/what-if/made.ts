/** Campaigns made up for re-runs: vehicles with known courses, and the decisions that go with them. */
import fc from 'fast-check';
import type { RecordedEvent } from '../../../src/app/ports.ts';
import { AS_RECORDED, type Change } from '../../../src/app/what-if/change.ts';
import type { AssignmentDocument } from '../../../src/app/what-if/courses.ts';
import { INSTANT } from '../../../src/app/what-if/engine-speed.ts';
import { type Rerun, rerunNow } from '../../../src/app/what-if/rerun.ts';
import { type Timeline, timelineOf } from '../../../src/app/what-if/timeline.ts';
import { BASIS, END, emptyVehicles, type Vehicles } from '../../../src/app/what-if/vehicles.ts';
import type { CampaignEvent } from '../../../src/domain/campaign/events.ts';
import { type CampaignPolicy, campaignPolicy } from '../../../src/domain/campaign/policy.ts';
import type { Phase } from '../../../src/domain/rollout/events.ts';

export const ID = 'spring';
export const STARTED = Date.UTC(2027, 0, 4, 12);
const PLAN = '11111111-1111-4111-8111-111111111111';
const DIGEST = 'd'.repeat(64);
export const SLICES = [
  { model: 'A', region: 'DE' },
  { model: 'A', region: 'FR' },
  { model: 'B', region: 'DE' },
];

export interface Course {
  readonly slice: number;
  readonly accept_ms: number;
  readonly outcome_ms: number;
  readonly outcome: 'succeeded' | 'failed' | 'excused';
  /** From and to, of a wait for a second offer. */
  readonly wait?: readonly [number, number];
  readonly correction?: { readonly after_ms: number; readonly to: 'succeeded' | 'failed' };
  /** Settled without an offer. */
  readonly unoffered?: boolean;
}

export const gateOf = (change: Partial<CampaignPolicy['waves'][number]['gate']> = {}) => ({
  successPercent: 90,
  failurePercent: 10,
  soak_s: 60,
  confirm: false,
  ...change,
});

export const policyOf = (change: object = {}): CampaignPolicy =>
  campaignPolicy.parse({
    artifacts: ['tcm@2.1.0'],
    waves: [
      { name: 'pilot', size: { percent: 20 }, gate: gateOf() },
      { name: 'rest', size: { rest: true }, gate: gateOf() },
    ],
    ...change,
  });

export function vehiclesOf(courses: readonly Course[]): Vehicles {
  const vehicles = emptyVehicles(courses.length);
  vehicles.slices.push(...SLICES);
  vehicles.zones.push('UTC');
  for (const [row, course] of courses.entries()) {
    vehicles.slice[row] = course.slice;
    vehicles.basis[row] = BASIS.record;
    vehicles.offers[row] = course.unoffered === true ? 0 : course.wait === undefined ? 1 : 2;
    vehicles.accept_ms[row] = course.accept_ms;
    vehicles.outcome_ms[row] = course.unoffered === true ? 0 : course.outcome_ms;
    vehicles.outcome[row] = END[course.outcome];
    if (course.wait !== undefined) {
      vehicles.waitFrom_ms[row] = course.wait[0];
      vehicles.waitTo_ms[row] = course.wait[1];
    }
    if (course.correction === undefined || course.unoffered === true) continue;
    vehicles.correction_ms[row] = course.outcome_ms + course.correction.after_ms;
    vehicles.correction[row] = END[course.correction.to];
  }
  return vehicles;
}

/** Events of the campaign's stream. */
export function recorded(events: readonly { at: number; event: CampaignEvent }[]): RecordedEvent[] {
  return events.map(({ at, event }, revision) => ({
    id: `event-${revision}`,
    type: event.type,
    schemaVersion: 1,
    data: event.data,
    stream: `campaign-${ID}`,
    revision,
    position: String(revision).padStart(8, '0'),
    metadata: {
      actor: { kind: 'person', id: 'ada' },
      time: new Date(at).toISOString(),
      correlationId: 'c',
      causationId: null,
      source: 'test',
    },
  }));
}

export function begun(policy: CampaignPolicy, targets: number): { at: number; event: CampaignEvent }[] {
  const campaignId = ID;
  const events: CampaignEvent[] = [
    { type: 'CampaignCreated', data: { campaignId, title: 'Spring', purpose: '', policy, by: 'ada' } },
    { type: 'TargetingDefined', data: { campaignId, planId: PLAN, query: 'model==A', by: 'ada' } },
    {
      type: 'TargetsFrozen',
      data: {
        campaignId,
        planId: PLAN,
        query: 'model==A',
        targets,
        incompatible: 0,
        reasons: [],
        waves: policy.waves.map(() => 0),
        shards: [targets],
        digest: DIGEST,
        lastEventId: null,
      },
    },
    { type: 'CampaignApproved', data: { campaignId, planDigest: DIGEST, note: '', by: 'bob' } },
    { type: 'CampaignStarted', data: { campaignId, planDigest: DIGEST, cause: null } },
    { type: 'WaveReleased', data: { campaignId, wave: 1, cause: null } },
  ];
  return events.map((event) => ({ at: STARTED, event }));
}

export function timeline(
  policy: CampaignPolicy,
  targets: number,
  after: readonly { at: number; event: CampaignEvent }[] = [],
): Timeline {
  const made = timelineOf(recorded([...begun(policy, targets), ...after]));
  if (made === null) throw new Error('it has started');
  return made;
}

export const run = (
  courses: readonly Course[],
  policy: CampaignPolicy,
  change: Partial<Change> = {},
  after: readonly { at: number; event: CampaignEvent }[] = [],
): Rerun =>
  rerunNow({
    campaignId: ID,
    vehicles: vehiclesOf(courses),
    timeline: timeline(policy, courses.length, after),
    change: { ...AS_RECORDED, ...change },
    speed: INSTANT,
    until: Number.POSITIVE_INFINITY,
  });

const PHASES: readonly Phase[] = ['waiting', 'succeeded', 'failed', 'declined'];

/** What the read model would hold of a campaign that went as this run did. */
export function documentsOf(made: Rerun, policyWaves: readonly number[]): AssignmentDocument[] {
  const { flights } = made;
  const { vehicles } = flights;
  return Array.from({ length: vehicles.count }, (_, row): AssignmentDocument => {
    const offered = flights.offeredAt[row] ?? Number.NaN;
    const ended = flights.endedAt[row] ?? Number.NaN;
    const offeredAt_ms = Number.isNaN(offered) ? null : offered;
    const cancelled = flights.wasCancelled(row);
    const phase = (end: number): Phase => (cancelled ? 'cancelled' : (PHASES[end] ?? 'waiting'));
    const first = Number.isNaN(ended) ? null : { phase: phase(flights.firstEnd[row] ?? 0), at_ms: ended };
    const later = (vehicles.correction_ms[row] ?? 0) - (vehicles.outcome_ms[row] ?? 0);
    const corrected = first !== null && flights.end[row] !== flights.firstEnd[row];
    const last = corrected ? { phase: phase(flights.end[row] ?? 0), at_ms: ended + later } : first;
    const at = (column: Float64Array): number => (offeredAt_ms ?? 0) + (column[row] ?? 0);
    const waited =
      offeredAt_ms !== null && at(vehicles.waitFrom_ms) < (Number.isNaN(ended) ? made.lastAt : ended);
    return {
      id: `${ID}/V${row}`,
      campaignId: ID,
      vehicleId: `V${row}`,
      wave: 1 + policyWaves.findIndex((end) => row < end),
      rank: row,
      ...SLICES[vehicles.slice[row] ?? 0],
      timeZone: 'UTC',
      phase: last?.phase ?? 'waiting',
      attempt: 1,
      offer: offeredAt_ms === null ? 0 : (vehicles.offers[row] ?? 0),
      outcome: cancelled ? { code: 'aborted' } : null,
      course: {
        offeredAt_ms,
        unanswered_ms: null,
        acceptedAt_ms: offeredAt_ms === null ? null : at(vehicles.accept_ms),
        waits: waited ? [[at(vehicles.waitFrom_ms), at(vehicles.waitTo_ms)]] : [],
        first,
        last,
      },
    };
  });
}

const course = (): fc.Arbitrary<Course> =>
  fc
    .record({
      slice: fc.nat(SLICES.length - 1),
      accept_ms: fc.integer({ min: 0, max: 60_000 }),
      more_ms: fc.integer({ min: 1, max: 600_000 }),
      outcome: fc.constantFrom('succeeded', 'succeeded', 'succeeded', 'failed', 'excused'),
      retries: fc.constantFrom(false, false, true),
      corrected: fc.constantFrom(null, null, null, 'succeeded', 'failed'),
      unoffered: fc.constantFrom(false, false, false, false, true),
    })
    .map(({ more_ms, retries, corrected, accept_ms, outcome, unoffered, slice }) => {
      const outcome_ms = accept_ms + more_ms;
      const third = Math.floor(more_ms / 3);
      return {
        slice,
        accept_ms,
        outcome_ms,
        outcome: unoffered ? 'excused' : outcome,
        unoffered,
        ...(retries && !unoffered ? { wait: [accept_ms + third, accept_ms + 2 * third] as const } : {}),
        ...(corrected === null || corrected === outcome || unoffered || outcome === 'excused'
          ? {}
          : { correction: { after_ms: 1000, to: corrected } }),
      } as Course;
    });

export const courses = (most = 120): fc.Arbitrary<Course[]> =>
  fc.array(course(), { minLength: 1, maxLength: most });

export const gate = fc.record({
  successPercent: fc.constantFrom(0, 50, 80, 95),
  failurePercent: fc.constantFrom(0, 5, 20, 50, 100),
  soak_s: fc.constantFrom(0, 30, 600),
  confirm: fc.boolean(),
});

export const policy = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 0, maxLength: 3 }),
    gates: fc.array(gate, { minLength: 4, maxLength: 4 }),
    offersPerMinute: fc.constantFrom(null, null, 1, 30, 600),
    maxInFlight: fc.constantFrom(null, null, 1, 5, 40),
  })
  .map(({ sizes, gates, ...limits }) =>
    policyOf({
      ...limits,
      waves: [...sizes.map((vehicles) => ({ vehicles })), { rest: true as const }].map((size, n) => ({
        name: `w${n + 1}`,
        size,
        gate: gates[n],
      })),
    }),
  );
