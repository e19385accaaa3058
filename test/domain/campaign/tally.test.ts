import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyToTally,
  countersOf,
  emptyTally,
  isSettled,
  type Move,
  moveOf,
  PHASE_KINDS,
  waveCountersOf,
} from '../../../src/domain/campaign/tally.ts';
import { PHASES, type Phase } from '../../../src/domain/rollout/events.ts';

/** Random histories: vehicle → wave, and a walk through phases that begins at waiting. */
const histories = fc.array(
  fc.record({
    wave: fc.integer({ min: 1, max: 3 }),
    walk: fc.array(fc.constantFrom(...PHASES), { maxLength: 8 }),
  }),
  { maxLength: 30 },
);
const movesOf = ({ wave, walk }: { wave: number; walk: Phase[] }): Move[] =>
  walk.map((to, index) => ({ wave, from: walk[index - 1] ?? 'waiting', to }));

describe('the tally', () => {
  it('equals folding single assignments, in whatever order and batches their events come', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (vehicles, dice) => {
        const sizes = [1, 2, 3].map((wave) => vehicles.filter((one) => one.wave === wave).length);
        const moves = vehicles.flatMap(movesOf);
        const shuffled = moves
          .map((move) => ({ move, at: dice.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ move }) => move);
        const half = Math.floor(shuffled.length / 2);
        let tally = applyToTally(emptyTally(sizes), shuffled.slice(0, half));
        for (const move of shuffled.slice(half)) tally = applyToTally(tally, move);
        const expected = (wave: number | null) =>
          Object.fromEntries(
            PHASES.map((phase) => [
              phase,
              vehicles.filter(
                (one) => (wave === null || one.wave === wave) && (one.walk.at(-1) ?? 'waiting') === phase,
              ).length,
            ]),
          );
        expect(tally.totals).toEqual(expected(null));
        expect(tally.waves).toEqual([1, 2, 3].map(expected));
      }),
      { numRuns: 100 },
    );
  });
  it('counts every phase as exactly one kind, and keeps the sum', () => {
    fc.assert(
      fc.property(histories, (vehicles) => {
        const sizes = [1, 2, 3].map((wave) => vehicles.filter((one) => one.wave === wave).length);
        const counters = countersOf(applyToTally(emptyTally(sizes), vehicles.flatMap(movesOf)).totals);
        const { targets, succeeded, failed, excused, inFlight, waiting } = counters;
        expect(succeeded + failed + excused + inFlight + waiting).toBe(targets);
        expect(targets).toBe(vehicles.length);
        const byKind = vehicles.filter(
          (one) => PHASE_KINDS[one.walk.at(-1) ?? 'waiting'] === 'failed',
        ).length;
        expect(failed).toBe(byKind);
      }),
      { numRuns: 50 },
    );
  });
  it('leaves the tally it was given as it is', () => {
    const before = emptyTally([1]);
    applyToTally(before, [{ wave: 1, from: 'waiting', to: 'offered' }]);
    expect(before).toEqual(emptyTally([1]));
  });
  it('knows the moves of assignments and of nothing else', () => {
    expect(
      moveOf({ type: 'RolloutDrained', data: { campaignId: 'c', shard: 0, why: 'settled' } }),
    ).toBeNull();
    const base = {
      vehicleId: 'V',
      wave: 2,
      slice: 0,
      attempt: 1,
      offer: 1,
      from: 'waiting',
      to: 'displaced',
    } as const;
    expect(moveOf({ type: 'UpdateDisplaced', data: { ...base, by: 'c' } })).toEqual({
      wave: 2,
      from: 'waiting',
      to: 'displaced',
    });
  });
  it('has no counters of a wave that there is not', () => {
    expect(waveCountersOf(emptyTally([1]), 2)).toBeNull();
    expect(isSettled('declined')).toBe(true);
    expect(isSettled('installing')).toBe(false);
  });
});
