import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FleetPlan, type PlannedVehicle, planFleet } from '../../src/demo/fleet-plan.ts';
import { gateOf } from '../../src/demo/gates.ts';
import { table } from '../../src/demo/output.ts';
import { vinOf, withCheckDigit } from '../../src/demo/vin.ts';
import { openWorkspace } from '../../src/demo/workspace.ts';
import { CALM } from '../../src/simulator/fate.ts';
import { createRandom } from '../../src/simulator/random.ts';

const vehiclesOf = ({ count, vehicle }: FleetPlan): PlannedVehicle[] =>
  Array.from({ length: count }, (_, index) => vehicle(index));

describe('the invented fleet', () => {
  const rates = { ...CALM, fail: 0.03 };

  it('is the same for the same seed, and another for another', () => {
    expect(vehiclesOf(planFleet(50, 1, rates))).toEqual(vehiclesOf(planFleet(50, 1, rates)));
    expect(vehiclesOf(planFleet(50, 1, rates))).not.toEqual(vehiclesOf(planFleet(50, 2, rates)));
  });

  it('has valid and unique VINs, several brands and regions, and each kind of misfit', () => {
    const plan = planFleet(2000, 5, rates);
    const { compatible, incompatible, failing } = plan;
    const vehicles = vehiclesOf(plan);
    const vins = vehicles.map(({ row }) => row.vin);
    expect(new Set(vins).size).toBe(2000);
    for (const vin of vins) expect(vin).toMatch(/^[A-HJ-NPR-Z0-9]{17}$/);
    expect(compatible + incompatible).toBe(2000);
    expect(new Set(vehicles.map(({ row }) => row.brand)).size).toBe(3);
    expect(new Set(vehicles.map(({ misfit }) => misfit)).size).toBe(5);
    const able = new Set(vehicles.filter(({ misfit }) => misfit === null).map(({ row }) => row.vin));
    expect([...failing].every((vin) => able.has(vin))).toBe(true);
    expect(failing.size).toBeGreaterThan(20);
  });

  it('has VINs with the right check digit', () => {
    expect(withCheckDigit('1M8GDM9A0KP042788')).toBe('1M8GDM9AXKP042788');
    expect(withCheckDigit('1111111101111111'.padEnd(17, '1'))).toBe('1'.repeat(17));
    expect(vinOf('WAU', 'A3XXX', 7)).toBe(withCheckDigit('WAUA3XXX0T0000007'));
  });
});

describe('the gates of the demo', () => {
  it('let the seeded failures of a random wave pass', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 1000 }),
        (fleet, failShare, waveShare, seed) => {
          const failing = Math.floor(failShare * fleet);
          const wave = Math.max(1, Math.floor(waveShare * fleet));
          const random = createRandom(seed);
          const drawn = Array.from({ length: fleet }, (_, i) => ({ fails: i < failing, rank: random() }))
            .sort((a, b) => a.rank - b.rank)
            .slice(0, wave);
          const failed = drawn.filter(({ fails }) => fails).length;
          const gate = gateOf(fleet, failing, wave);
          expect((100 * failed) / wave).toBeLessThanOrEqual(gate.failurePercent);
          expect((100 * (wave - failed)) / wave).toBeGreaterThanOrEqual(gate.successPercent);
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });

  it('allow little more than what must fail', () => {
    expect(gateOf(260, 0, 13)).toEqual({ failurePercent: 1, successPercent: 99 });
    expect(gateOf(260, 8, 13).failurePercent).toBeLessThan(40);
    expect(gateOf(18_000, 540, 4500).failurePercent).toBeLessThan(6);
    expect(gateOf(100, 100, 5)).toEqual({ failurePercent: 100, successPercent: 0 });
  });
});

describe('the workspace', () => {
  it('keeps only a new or an empty directory, and removes a temporary one', () => {
    const base = mkdtempSync(join(tmpdir(), 'demo-'));
    const kept = openWorkspace(join(base, 'new'));
    kept.remove();
    expect(kept.kept).toBe(true);
    writeFileSync(kept.file('x'), '');
    expect(() => openWorkspace(join(base, 'new'))).toThrow('not empty');
    const gone = openWorkspace(undefined);
    writeFileSync(gone.file('x'), '');
    gone.remove();
    expect(() => writeFileSync(gone.file('x'), '')).toThrow();
    rmSync(base, { recursive: true });
  });
});

describe('tables', () => {
  it('align', () => {
    expect(
      table([
        ['', 'targets'],
        ['wave one', 12],
        ['all', 1234],
      ]),
    ).toBe(['          targets', '--------  -------', 'wave one       12', 'all          1234'].join('\n'));
  });
});
