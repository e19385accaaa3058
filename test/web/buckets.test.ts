/** Throughput bars: every vehicle is in one of them, where it settled and not where it was heard of. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketsOf, untilSettled } from '../../web/src/campaign/buckets.ts';
import type { Sample } from '../../web/src/lib/progress.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

const sample = (at_s: number, succeeded: number, failed = 0): Sample => ({
  at: START + at_s * 1000,
  succeeded,
  failed,
  settled: succeeded + failed,
});

const growing = fc
  .array(fc.record({ s: fc.integer({ min: 0, max: 900 }), good: fc.nat(50), bad: fc.nat(5) }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((steps) => {
    let [at, good, bad] = [0, 0, 0];
    return steps.map((step) => {
      [at, good, bad] = [at + step.s, good + step.good, bad + step.bad];
      return sample(at, good, bad);
    });
  });

describe('bars of throughput', () => {
  it('hold every vehicle that settled between the first and the last sample', () => {
    fc.assert(
      fc.property(growing, (samples) => {
        const bars = bucketsOf(samples);
        const minutes = ((bars[1]?.from ?? 0) - (bars[0]?.from ?? 0)) / 60_000;
        const [first, last] = [samples[0], samples.at(-1)];
        const sum = (of: 'good' | 'bad') => bars.reduce((total, bar) => total + bar[of], 0) * minutes;
        expect(sum('good')).toBeCloseTo((last?.succeeded ?? 0) - (first?.succeeded ?? 0), 3);
        expect(sum('bad')).toBeCloseTo((last?.failed ?? 0) - (first?.failed ?? 0), 3);
      }),
    );
  });

  it('spread what came while nothing was heard over that time', () => {
    const bars = bucketsOf([sample(0, 0), sample(120, 240)]);
    expect(new Set(bars.map(({ good }) => Math.round(good)))).toEqual(new Set([120]));
  });

  it('end with the last vehicle where the campaign is over', () => {
    const samples = [sample(0, 0), sample(10, 5), sample(20, 9, 1), sample(500, 9, 1), sample(9000, 9, 1)];
    expect(untilSettled(samples)).toEqual(samples.slice(0, 3));
    expect(untilSettled([])).toEqual([]);
  });
});
