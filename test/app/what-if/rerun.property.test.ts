/** What holds of every re-run, whatever the plan and whatever the vehicles did. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../../src/adapters/read-model/memory/memory-read-model.ts';
import { AS_RECORDED, endsOf } from '../../../src/app/what-if/change.ts';
import { INSTANT } from '../../../src/app/what-if/engine-speed.ts';
import { readRecord } from '../../../src/app/what-if/read-record.ts';
import { type Rerun, rerunNow } from '../../../src/app/what-if/rerun.ts';
import { recordedCounts, rerunCounts, seriesOf, total } from '../../../src/app/what-if/result.ts';
import { atOnce } from '../../../src/app/what-if/turns.ts';
import type { CampaignPolicy } from '../../../src/domain/campaign/policy.ts';
import { courses, documentsOf, ID, policy, run, STARTED, timeline } from './made.ts';

const failed = (made: Rerun, under: CampaignPolicy): number => total(rerunCounts(made, under)).failed;
const NOBODY = { people: 'nobody' } as const;
const decisions = ({ happened }: Rerun) =>
  happened.map(({ at, event }) => ({
    at,
    type: event.type,
    ...('outcome' in event.data ? { outcome: event.data.outcome } : {}),
  }));

describe('a re-run', () => {
  it('neither loses a vehicle nor makes one, in any wave and at any instant', () => {
    fc.assert(
      fc.property(courses(), policy, (vehicles, plan) => {
        const made = run(vehicles, plan);
        const counts = rerunCounts(made, plan);
        expect(Object.values(total(counts)).reduce((a, b) => a + b)).toBe(vehicles.length);
        const instants = Array.from({ length: 21 }, (_, n) => STARTED + ((made.lastAt - STARTED) * n) / 20);
        const series = atOnce(seriesOf(made, instants));
        for (const one of series) {
          expect(Object.values(one).reduce((a, b) => a + b)).toBe(vehicles.length);
          expect(Math.min(...Object.values(one))).toBeGreaterThanOrEqual(0);
        }
        expect(series.at(-1)).toMatchObject({
          succeeded: total(counts).succeeded,
          failed: total(counts).failed,
          excused: total(counts).excused,
        });
      }),
    );
  });

  it('is the same each time', () => {
    fc.assert(
      fc.property(courses(), policy, (vehicles, plan) => {
        const [one, other] = [run(vehicles, plan), run(vehicles, plan)];
        expect(other.happened).toEqual(one.happened);
        expect(other.flights.endedAt).toEqual(one.flights.endedAt);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the limits of its plan', () => {
    fc.assert(
      fc.property(courses(), policy, (vehicles, plan) => {
        const { flights } = run(
          vehicles.map(({ wait: _, ...one }) => one),
          plan,
          NOBODY,
        );
        const times = flights.offeredAt.filter((at) => !Number.isNaN(at)).sort();
        const { offersPerMinute, maxInFlight } = plan;
        if (offersPerMinute !== null)
          for (const [n, at] of times.entries())
            expect((times[n + offersPerMinute] ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(
              60_000,
            );
        if (maxInFlight === null) return;
        for (const now of times) {
          const flying = times.filter((at, row) => at <= now && row >= 0).length;
          const landed = flights.endedAt.filter(
            (at, row) => at <= now && !Number.isNaN(flights.offeredAt[row]),
          ).length;
          expect(flying - landed).toBeLessThanOrEqual(maxInFlight);
        }
      }),
    );
  });

  it('lets no more vehicles fail under a stricter limit', () => {
    const limit = fc.constantFrom(0, 1, 5, 10, 20, 50, 100);
    fc.assert(
      fc.property(
        courses(),
        policy,
        fc.nat(3),
        limit,
        limit,
        fc.boolean(),
        (vehicles, plan, at, a, b, abort) => {
          const wave = at % plan.waves.length;
          const under = (failurePercent: number) =>
            plan.waves.map((one, n) =>
              n === wave ? { ...one, gate: { ...one.gate, failurePercent } } : one,
            );
          const after = abort
            ? [
                {
                  at: STARTED + 120_000,
                  event: {
                    type: 'AbortRequested',
                    data: { campaignId: ID, reason: 'x', by: 'oda' },
                  } as const,
                },
              ]
            : [];
          const failures = [Math.min(a, b), Math.max(a, b)].map((failurePercent) =>
            failed(run(vehicles, plan, { plan: { waves: under(failurePercent) } }, after), plan),
          );
          expect(failures[0]).toBeLessThanOrEqual(failures[1] ?? 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('lets no more vehicles fail under a stricter limit for slices', () => {
    const limit = fc.constantFrom(0, 5, 10, 20, 50);
    fc.assert(
      fc.property(
        courses(),
        policy,
        limit,
        limit,
        fc.constantFrom(0, 60),
        (vehicles, plan, a, b, reaction_s) => {
          const [strict, loose] = [Math.min(a, b), Math.max(a, b)].map((sliceFailurePercent) =>
            failed(run(vehicles, plan, { ...NOBODY, sliceFailurePercent, reaction_s }), plan),
          );
          const none = failed(run(vehicles, plan, { ...NOBODY, reaction_s }), plan);
          expect(strict).toBeLessThanOrEqual(loose ?? 0);
          expect(loose).toBeLessThanOrEqual(none);
        },
      ),
    );
  });

  it('exposes no more vehicles before the gate of a smaller first wave', () => {
    const size = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(courses(), policy, size, size, (vehicles, plan, a, b) => {
        const exposed = [Math.min(a, b), Math.max(a, b)].map((first) => {
          const [wave] = plan.waves;
          const waves = [
            {
              name: 'first',
              size: { vehicles: first },
              gate: wave?.gate ?? { successPercent: 0, failurePercent: 0, soak_s: 0, confirm: false },
            },
            {
              name: 'rest',
              size: { rest: true as const },
              gate: { successPercent: 0, failurePercent: 100, soak_s: 0, confirm: false },
            },
          ];
          const made = run(vehicles, plan, { ...NOBODY, plan: { waves } });
          const decided = made.happened.find(
            ({ event }) => event.type === 'GateDecided' && event.data.wave === 1,
          );
          return decided?.offered ?? Number.NaN;
        });
        expect(exposed[0]).toBeLessThanOrEqual(exposed[1] ?? 0);
      }),
    );
  });
});

describe('the plan as it was', () => {
  it('gives the record again: totals, waves, decisions and their times', async () => {
    await fc.assert(
      fc.asyncProperty(courses(), policy, async (vehicles, plan) => {
        const first = run(vehicles, plan, NOBODY);
        fc.pre(first.phase === 'completed');
        const after = first.happened.map(({ at, event }) => ({ at, event }));
        const reader = createMemoryReadModel();
        await reader.prepare('assignments', [{ name: 'assignments', indexes: ['campaignId'] }]);
        const ends = endsOf(vehicles.length, plan);
        await reader.write('assignments', {
          puts: documentsOf(first, ends).map((one) => ({
            ...one,
            collection: 'assignments',
            position: '1',
            eventId: '1',
          })),
          deletes: [],
          checkpoint: '1',
        });
        const lines = timeline(plan, vehicles.length, after);
        const record = await readRecord(reader, ID, vehicles.length, lines, first.lastAt);
        const until = Number.POSITIVE_INFINITY;
        const again = rerunNow({
          campaignId: ID,
          ...record,
          // This record was made by an engine that loses no time.
          speed: INSTANT,
          timeline: lines,
          change: AS_RECORDED,
          until,
        });
        expect(rerunCounts(again, plan)).toEqual(recordedCounts(record.vehicles, ends.length));
        expect(decisions(again)).toEqual(decisions(first));
      }),
      { numRuns: 150 },
    );
  });
});
