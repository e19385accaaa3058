/** Vehicles between two offers are waiting, to gates and progress and so in what-if, on record and in the calculation. */
import { describe, expect, it } from 'vitest';
import { type AssignmentDocument, readCourse } from '../../../src/app/what-if/courses.ts';
import { recordedCounts, rerunCounts, seriesOf, total } from '../../../src/app/what-if/result.ts';
import { atOnce } from '../../../src/app/what-if/turns.ts';
import { emptyVehicles } from '../../../src/app/what-if/vehicles.ts';
import type { CampaignEvent } from '../../../src/domain/campaign/events.ts';
import { type Course, gateOf, ID, policyOf, run, STARTED } from './made.ts';

const MINUTE = 60_000;
const retried: Course = {
  slice: 0,
  accept_ms: MINUTE,
  outcome_ms: 10 * MINUTE,
  outcome: 'succeeded',
  wait: [4 * MINUTE, 6 * MINUTE],
};
const OPEN = gateOf({ successPercent: 0, failurePercent: 100, soak_s: 0 });
const POLICY = policyOf({ waves: [{ name: 'all', size: { rest: true }, gate: OPEN }] });
const at = (minute: number): number => STARTED + minute * MINUTE;

describe('a vehicle between two offers', () => {
  it('waits at every instant in between', () => {
    const made = run([retried], POLICY);
    const series = atOnce(seriesOf(made, [at(0), at(5), at(10)]));
    expect(series).toMatchObject([
      { inFlight: 1, waiting: 0 },
      { inFlight: 0, waiting: 1 },
      { succeeded: 1, inFlight: 0, waiting: 0 },
    ]);
  });

  it('waits still where a pause holds its second offer back', () => {
    const pause: CampaignEvent = {
      type: 'CampaignPaused',
      data: { campaignId: ID, reason: 'look', code: 'operator', cause: null },
    };
    const made = run([retried], POLICY, {}, [{ at: at(5), event: pause }]);
    expect(total(rerunCounts(made, POLICY))).toMatchObject({ waiting: 1, inFlight: 0 });
    expect(atOnce(seriesOf(made, [at(0), at(6)])).at(-1)).toMatchObject({ waiting: 1, inFlight: 0 });
  });

  it('waits on record too', () => {
    const vehicles = emptyVehicles(2);
    const course = {
      offeredAt_ms: STARTED,
      openedAt_ms: STARTED,
      unanswered_ms: null,
      acceptedAt_ms: STARTED,
      first: null,
      last: null,
    };
    const one = { id: 'x', campaignId: ID, vehicleId: 'V', wave: 1, offer: 1, outcome: null };
    const waits: (readonly [number, null])[][] = [[[at(4), null]], []];
    for (const [rank, mine] of waits.entries()) {
      const document: AssignmentDocument = { ...one, rank, course: { ...course, waits: mine } };
      readCourse(vehicles, rank, document, [], at(5));
    }
    expect(recordedCounts(vehicles, 1)).toMatchObject([{ waiting: 1, inFlight: 1 }]);
  });
});
