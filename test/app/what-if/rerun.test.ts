/** Re-runs of small campaigns, each about one thing. */
import { describe, expect, it } from 'vitest';
import { AS_RECORDED } from '../../../src/app/what-if/change.ts';
import { type AssignmentDocument, readCourse } from '../../../src/app/what-if/courses.ts';
import { INSTANT, leadOf, paceOf, turnaroundOf } from '../../../src/app/what-if/engine-speed.ts';
import { estimate } from '../../../src/app/what-if/estimate.ts';
import { Places } from '../../../src/app/what-if/places.ts';
import { type Rerun, rerunNow } from '../../../src/app/what-if/rerun.ts';
import { basisOf, rerunCounts, stopsOf, total } from '../../../src/app/what-if/result.ts';
import { timelineOf } from '../../../src/app/what-if/timeline.ts';
import { atOnce } from '../../../src/app/what-if/turns.ts';
import { BASIS, END, emptyVehicles } from '../../../src/app/what-if/vehicles.ts';
import type { CampaignEvent } from '../../../src/domain/campaign/events.ts';
import { type Course, gateOf, ID, policyOf, recorded, run, STARTED, timeline, vehiclesOf } from './made.ts';

const MINUTE = 60_000;
const good: Course = { slice: 0, accept_ms: MINUTE, outcome_ms: 10 * MINUTE, outcome: 'succeeded' };
const bad: Course = { ...good, outcome: 'failed' };
const open = gateOf({ successPercent: 0, failurePercent: 100, soak_s: 0 });
const one = (change: object = {}) =>
  policyOf({ waves: [{ name: 'all', size: { rest: true }, gate: open }], ...change });
const minutes = (at: number | undefined): number => ((at ?? Number.NaN) - STARTED) / MINUTE;
const happened = (made: Rerun) =>
  made.happened.map(({ at, event }) => [
    minutes(at),
    event.type,
    ...('outcome' in event.data ? [event.data.outcome] : []),
  ]);
const later = (...events: readonly (readonly [number, CampaignEvent])[]) =>
  events.map(([minute, event]) => ({ at: STARTED + minute * MINUTE, event }));
const abort: CampaignEvent = { type: 'AbortRequested', data: { campaignId: ID, reason: 'no', by: 'oda' } };
const pause: CampaignEvent = {
  type: 'CampaignPaused',
  data: { campaignId: ID, reason: 'look', code: 'operator', cause: null },
};
const resume: CampaignEvent = { type: 'CampaignResumed', data: { campaignId: ID, reason: 'go', by: 'oda' } };

describe('waves and gates', () => {
  const gate = gateOf({ successPercent: 90, failurePercent: 40, soak_s: 300 });
  const waves = [
    { name: 'one', size: { vehicles: 2 }, gate },
    { name: 'rest', size: { rest: true as const }, gate },
  ];

  it('release the next wave when the soak is over, and end when the last vehicle has', () => {
    expect(happened(run([good, good, good], policyOf({ waves })))).toEqual([
      [10, 'GateDecided', 'soaking'],
      [15, 'GateDecided', 'passed'],
      [15, 'WaveReleased'],
      [25, 'GateDecided', 'passed'],
      [25, 'CampaignCompleted'],
    ]);
  });

  it('pause on a failure, and nobody is there to resume what was never paused', () => {
    const made = run([bad, { ...good, outcome_ms: 20 * MINUTE }, good], policyOf({ waves }));
    expect(happened(made)).toEqual([
      [10, 'GateDecided', 'failed'],
      [10, 'CampaignPaused'],
    ]);
    expect(total(rerunCounts(made, made.policy))).toMatchObject({ failed: 1, succeeded: 1, waiting: 1 });
  });

  it('are confirmed as long after they asked as on record, or after the reaction', () => {
    const asks = [{ ...waves[0], gate: { ...gate, soak_s: 0, confirm: true } }, waves[1]];
    const plan = policyOf({ waves: asks });
    const counters = { targets: 2, succeeded: 2, failed: 0, excused: 0, inFlight: 0, waiting: 0 };
    const asked: CampaignEvent = {
      type: 'GateDecided',
      data: {
        campaignId: ID,
        wave: 1,
        outcome: 'awaiting-confirmation',
        reason: 'x',
        counters,
        soakUntil: null,
        cause: null,
      },
    };
    const confirmed: CampaignEvent = {
      type: 'WaveConfirmed',
      data: { campaignId: ID, wave: 1, note: '', by: 'oda' },
    };
    const times = (change: object, ...events: (readonly [number, CampaignEvent])[]) =>
      happened(run([good, good, good], plan, change, later(...events)))
        .filter(([, type]) => type === 'WaveReleased')
        .map(([at]) => at);
    expect(times({}, [11, asked], [18, confirmed])).toEqual([17]);
    expect(times({}, [11, asked])).toEqual([]);
    expect(times({ reaction_s: 120 })).toEqual([12]);
    expect(times({ reaction_s: 120, people: 'nobody' }, [11, asked], [18, confirmed])).toEqual([12]);
  });
});

describe('people', () => {
  it('pause and resume when they did: offers that were not taken up are taken back', () => {
    const slow = { ...good, accept_ms: 5 * MINUTE };
    const made = run([good, slow], one(), {}, later([2, pause], [30, resume]));
    expect([...made.flights.endedAt].map(minutes)).toEqual([10, 40]);
    expect(stopsOf(made.happened, null)).toMatchObject([{ by: 'person', reason: 'look' }]);
    const nobody = run([good, slow], one(), { people: 'nobody' }, later([2, pause], [30, resume]));
    expect([...nobody.flights.endedAt].map(minutes)).toEqual([10, 10]);
  });

  it('do not lift a pause that the record does not have', () => {
    const plan = policyOf({ waves: [{ name: 'all', size: { rest: true }, gate: open }], maxInFlight: 1 });
    const strict = [{ name: 'all', size: { rest: true as const }, gate: { ...open, failurePercent: 0 } }];
    const made = run([bad, good, good], plan, { plan: { waves: strict } }, later([15, pause], [30, resume]));
    expect(made.phase).toBe('paused');
    expect(total(rerunCounts(made, made.policy))).toMatchObject({ failed: 1, waiting: 2 });
  });

  it('abort: what waits is cancelled, and who is at work finishes', () => {
    const made = run([good, good, good], one({ maxInFlight: 1 }), {}, later([12, abort]));
    expect(made.phase).toBe('aborted');
    expect(total(rerunCounts(made, made.policy))).toMatchObject({ succeeded: 2, excused: 1 });
  });
});

describe('second offers', () => {
  const retried: Course = { ...good, wait: [4 * MINUTE, 6 * MINUTE] };

  it('free the place in between', () => {
    const made = run([retried, good], one({ maxInFlight: 1 }), { people: 'nobody' });
    expect(minutes(made.flights.offeredAt[1])).toBe(4);
  });

  it('come after a pause that they fall into, and are not made at an end', () => {
    const paused = run([retried], one(), {}, later([5, pause], [30, resume]));
    expect(minutes(paused.flights.endedAt[0])).toBe(34);
    const aborted = run([retried], one(), {}, later([2, abort]));
    expect(total(rerunCounts(aborted, aborted.policy))).toMatchObject({ failed: 1 });
    const between = run([retried], one(), {}, later([5, abort]));
    expect(total(rerunCounts(between, between.policy))).toMatchObject({ excused: 1 });
  });
});

describe('limits of time', () => {
  it('offer in off-peak hours only, in each zone', () => {
    const vehicles = vehiclesOf([good, good]);
    vehicles.zone[1] = 1;
    (vehicles.zones as string[]).push('Asia/Tokyo');
    const window = { from: '13:00', to: '14:00', days: [1, 2, 3, 4, 5, 6, 7] };
    const plan = one({ window });
    const made = rerunNow({
      campaignId: ID,
      vehicles,
      timeline: timeline(plan, 2),
      change: AS_RECORDED,
      speed: INSTANT,
      until: Number.POSITIVE_INFINITY,
    });
    // It is 12:00 in UTC and 21:00 in Tokyo.
    expect([...made.flights.offeredAt].map(minutes)).toEqual([60, 16 * 60]);
  });

  it('cancel what waits at the end of the campaign', () => {
    const endAt = new Date(STARTED + 12 * MINUTE).toISOString();
    const made = run([good, good, good], one({ maxInFlight: 1, endAt }));
    expect(total(rerunCounts(made, made.policy))).toMatchObject({ succeeded: 2, excused: 1 });
  });

  it('keep the pace of the engine, and leave a place empty for as long as it did', () => {
    const offeredAt = Float64Array.from([0, 10, 20, 1000, 1010, 5000]);
    expect(paceOf({ offeredAt })).toBe(3);
    expect(paceOf({ offeredAt: Float64Array.from([0, 1, 2, 5000]) })).toBeNull();
    const vehicles = vehiclesOf([good, good, good]);
    for (const [row, minute] of [0, 11, 23].entries()) vehicles.offeredAt[row] = STARTED + minute * MINUTE;
    vehicles.wave.fill(1);
    expect(turnaroundOf(vehicles, 1, [STARTED])).toBe(2 * MINUTE);
    expect(turnaroundOf(vehicles, 3, [STARTED])).toBe(0);
    expect(leadOf(vehicles, [STARTED - 500])).toBe(500);
    const places = new Places(100);
    places.note(2, 0);
    places.note(1, 50);
    expect([places.used(60), places.freeAt, places.used(150)]).toEqual([2, 150, 1]);
  });
});

describe('what is not on record', () => {
  const document = (row: number, course: Partial<AssignmentDocument['course']>, code: string | null = null) =>
    ({
      id: `${ID}/V${row}`,
      vehicleId: `V${row}`,
      wave: 1,
      rank: row,
      offer: 1,
      outcome: code === null ? null : { code },
      course: {
        offeredAt_ms: STARTED,
        unanswered_ms: null,
        acceptedAt_ms: null,
        waits: [],
        first: null,
        last: null,
        ...course,
      },
    }) as AssignmentDocument;
  const settled = (phase: 'succeeded' | 'failed' | 'cancelled', minute: number) => {
    const last = { phase, at_ms: STARTED + minute * MINUTE };
    return { first: last, last };
  };

  it('is taken from others of the slice, and never sooner than it is known to be', () => {
    const vehicles = emptyVehicles(8);
    vehicles.slices.push({ model: 'A', region: 'DE' });
    const known = [1, 2, 3, 4, 5].map((minute, row) =>
      readCourse(
        vehicles,
        row,
        document(row, settled(row === 0 ? 'failed' : 'succeeded', minute)),
        [],
        STARTED,
      ),
    );
    expect(known.every((one) => one !== null)).toBe(true);
    const late = STARTED + 60 * MINUTE;
    for (const [row, minute] of [1, 2, 3, 4, 5].entries())
      expect(
        readCourse(
          vehicles,
          row,
          document(row, settled(row === 0 ? 'failed' : 'succeeded', minute)),
          [],
          late,
        ),
      ).toBeNull();
    const rest = [
      readCourse(vehicles, 5, document(5, settled('cancelled', 3), 'aborted'), [], late),
      readCourse(vehicles, 6, document(6, { acceptedAt_ms: STARTED + MINUTE }), [], STARTED + 4.5 * MINUTE),
      readCourse(vehicles, 7, { ...document(7, {}), course: null }, [], late),
    ].flatMap((one) => (one === null ? [] : [one]));
    expect(rest).toHaveLength(3);
    atOnce(estimate(vehicles, rest));
    expect([...vehicles.basis.subarray(5)]).toEqual([BASIS.slice, BASIS.slice, BASIS.slice]);
    expect(vehicles.outcome_ms[5]).toBeGreaterThan(3 * MINUTE);
    expect(vehicles.accept_ms[5]).toBeGreaterThan(3 * MINUTE);
    expect(vehicles.outcome_ms[6]).toBe(5 * MINUTE);
  });

  it('has the outcome of then where a correction came later', () => {
    const vehicles = emptyVehicles(1);
    const outcomes = {
      first: { phase: 'timed-out' as const, at_ms: STARTED + MINUTE },
      last: { phase: 'succeeded' as const, at_ms: STARTED + 5 * MINUTE },
    };
    expect(readCourse(vehicles, 0, document(0, outcomes), [], STARTED + 2 * MINUTE)).toBeNull();
    expect([vehicles.recorded[0], vehicles.outcome[0]]).toEqual([END.failed, END.failed]);
    expect(vehicles.correction_ms[0]).toBe(Number.POSITIVE_INFINITY);
  });

  it('comes to the share of those that are known, with bounds', () => {
    const courses = Array.from({ length: 100 }, (_, n) => (n % 5 === 0 ? bad : good));
    const vehicles = vehiclesOf(courses);
    const rest = Array.from({ length: 50 }, (_, n) => ({ row: 50 + n, stood: 0, elapsed_ms: 0 }));
    for (const { row } of rest) {
      vehicles.basis[row] = BASIS.nothing;
      vehicles.outcome_ms[row] = Number.POSITIVE_INFINITY;
    }
    for (let row = 0; row < 50; row++) vehicles.recorded[row] = vehicles.outcome[row] ?? END.none;
    atOnce(estimate(vehicles, rest));
    const input = { campaignId: ID, vehicles, timeline: timeline(one(), 100), change: AS_RECORDED };
    const made = rerunNow({ ...input, speed: INSTANT, until: Number.POSITIVE_INFINITY });
    const { failed, onRecord, bySlice } = basisOf(vehicles, made);
    expect({ onRecord, bySlice }).toEqual({ onRecord: 50, bySlice: 50 });
    expect(failed).toMatchObject({ onRecord: 10, estimated: 10 });
    expect(failed.low).toBeLessThan(20);
    expect(failed.high).toBeGreaterThan(20);
  });

  it('stays open where nothing is known at all', () => {
    const vehicles = emptyVehicles(2);
    vehicles.slices.push({ model: 'A', region: 'DE' });
    vehicles.zones.push('UTC');
    vehicles.offers.fill(1);
    atOnce(estimate(vehicles, [{ row: 0, stood: 0, elapsed_ms: 0 }]));
    const input = { campaignId: ID, vehicles, timeline: timeline(one(), 2), change: AS_RECORDED };
    const made = rerunNow({ ...input, speed: INSTANT, until: Number.POSITIVE_INFINITY });
    expect(total(rerunCounts(made, made.policy))).toMatchObject({ inFlight: 2 });
  });
});

describe('a campaign under way', () => {
  it('is looked at until now, and no further', () => {
    const plan = one({ maxInFlight: 1 });
    const made = rerunNow({
      campaignId: ID,
      vehicles: vehiclesOf([good, good, good]),
      timeline: timeline(plan, 3),
      change: AS_RECORDED,
      speed: INSTANT,
      until: STARTED + 15 * MINUTE,
    });
    expect(made.phase).toBe('running');
    expect(total(rerunCounts(made, plan))).toMatchObject({ succeeded: 1, inFlight: 1, waiting: 1 });
  });

  it('has no time line before it starts', () => {
    expect(timelineOf(recorded([]))).toBeNull();
  });
});
