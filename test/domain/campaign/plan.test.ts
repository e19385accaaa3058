import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderHash, planWaves, waveSizes } from '../../../src/domain/campaign/plan.ts';

const fleet = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `WVWZZZ1KZ${String(i).padStart(8, '0')}`);
const THREE = [{ size: { percent: 10 } }, { size: { vehicles: 50 } }, { size: { rest: true as const } }];
const idsAtRank = (ids: readonly string[], campaign = 'c'): (string | undefined)[] =>
  [...planWaves(campaign, ids, THREE).order].map((index) => ids[index]);

describe('planning waves', () => {
  it('gives every vehicle one rank, and every rank one vehicle', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[A-Z0-9]{1,17}$/), { maxLength: 200 }), (ids) => {
        const { order, waves } = planWaves('c', ids, THREE);
        expect([...order].sort((a, b) => a - b)).toEqual(ids.map((_, index) => index));
        expect(waves.reduce((a, b) => a + b, 0)).toBe(ids.length);
      }),
      { numRuns: 50 },
    );
  });
  it('does not depend on the order in which vehicles come', () => {
    const ids = fleet(3000);
    expect(idsAtRank([...ids].reverse())).toEqual(idsAtRank(ids));
  });
  it('orders by the 64 bits of the hash', () => {
    const ranked = idsAtRank(fleet(2000)).map((id) => orderHash('c', id ?? ''));
    const sorted = [...ranked].sort(([a, b], [c, d]) => a - c || b - d);
    expect(ranked).toEqual(sorted);
  });
  it('keeps the order of the others when a vehicle joins', () => {
    const ids = fleet(500);
    expect(idsAtRank([...ids, 'NEW1']).filter((id) => id !== 'NEW1')).toEqual(idsAtRank(ids));
  });
  it('gives every campaign another pilot', () => {
    const pilot = (campaign: string) => new Set(idsAtRank(fleet(2000), campaign).slice(0, 200));
    const shared = [...pilot('a')].filter((id) => pilot('b').has(id)).length;
    expect(shared).toBeLessThan(50);
  });
  it('spreads ids that differ in their last digits evenly (chi-square over 64 buckets, both halves)', () => {
    for (const campaign of ['c', 'tcm-2-1-0'])
      for (const half of [0, 1] as const) {
        const counts = new Array<number>(64).fill(0);
        const ids = fleet(64 * 200);
        for (const id of ids)
          counts[orderHash(campaign, id)[half] >>> 26] =
            (counts[orderHash(campaign, id)[half] >>> 26] ?? 0) + 1;
        const chi = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
        // 63 degrees of freedom: above 114 with a probability of 1 in 10,000.
        expect(chi).toBeLessThan(114);
      }
  });
});

describe('wave sizes', () => {
  it('take vehicles first come, percentages of all, and the last what is left', () => {
    expect(waveSizes(1000, THREE)).toEqual([100, 50, 850]);
    expect(
      waveSizes(60, [{ size: { vehicles: 50 } }, { size: { vehicles: 50 } }, { size: { rest: true } }]),
    ).toEqual([50, 10, 0]);
    const third = { size: { percent: 100 / 3 } };
    expect(waveSizes(10, [third, third, third])).toEqual([3, 4, 3]);
  });
  it('always add up, and none is negative', () => {
    const size = fc.oneof(
      fc.record({ vehicles: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ percent: fc.double({ min: 0.1, max: 60, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.nat(300), fc.array(size, { minLength: 1, maxLength: 6 }), (targets, sizes) => {
        const counts = waveSizes(
          targets,
          sizes.map((one) => ({ size: one })),
        );
        expect(counts.reduce((a, b) => a + b, 0)).toBe(targets);
        expect(counts.every((count) => count >= 0)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
