/** Sorting in steps: the order of a sort at once, and a turn for others in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimate } from '../../../src/app/what-if/estimate.ts';
import { sortedRows } from '../../../src/app/what-if/sorted-rows.ts';
import { atOnce } from '../../../src/app/what-if/turns.ts';
import { Unsettleds } from '../../../src/app/what-if/unsettled.ts';
import { BASIS, emptyVehicles } from '../../../src/app/what-if/vehicles.ts';

describe('rows by a column', () => {
  it('come in the order of a sort at once', () => {
    const time = fc.constantFrom(0, 1, 2, 3.5, 1e13, Number.POSITIVE_INFINITY);
    // Around the sizes of whole runs, and of two and three of them.
    const size = fc.constantFrom(0, 1, 2, 4095, 4096, 4097, 8192, 8193, 12_289);
    fc.assert(
      fc.property(size, fc.array(time, { minLength: 1, maxLength: 50 }), (count, some) => {
        const by = Float64Array.from({ length: count }, (_, n) => some[(n * 7919) % some.length] ?? 0);
        const rows = Array.from({ length: count }, (_, n) => n).filter((n) => n % 5 !== 0);
        const expected = rows.toSorted((a, b) =>
          by[a] === by[b] ? a - b : (by[a] ?? 0) < (by[b] ?? 0) ? -1 : 1,
        );
        expect([...atOnce(sortedRows(rows, by))]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an estimate of many vehicles', () => {
  it('gives way again and again', () => {
    const count = 200_000;
    const vehicles = emptyVehicles(count);
    vehicles.slices.push({ model: 'A', region: 'DE' });
    const unsettled = new Unsettleds(count);
    for (let row = 0; row < count; row++) {
      if (row % 2 === 1) unsettled.add({ row, stood: 0, elapsed_ms: 0 });
      else {
        vehicles.basis[row] = BASIS.record;
        vehicles.outcome_ms[row] = (row * 7919) % 100_003;
      }
    }
    const steps = estimate(vehicles, unsettled);
    let turns = 0;
    while (steps.next().done !== true) turns++;
    expect(turns).toBeGreaterThan(count / 5000);
    expect(vehicles.basis.every((basis) => basis !== BASIS.nothing)).toBe(true);
  });
});
