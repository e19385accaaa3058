import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssignmentCommand, Report } from '../../../src/domain/rollout/commands.ts';
import { assignmentDecider } from '../../../src/domain/rollout/decide.ts';
import { PHASES } from '../../../src/domain/rollout/events.ts';
import { type AssignmentState, isSettled, newAssignment } from '../../../src/domain/rollout/state.ts';
import { AssignmentTable } from '../../../src/domain/rollout/table.ts';
import { context, offer, says, T0 } from './helpers.ts';

const KINDS: readonly Report['kind'][] = [
  'accepted',
  'declined',
  'postponed',
  'precondition-unmet',
  'download-started',
  'download-completed',
  'install-started',
  'succeeded',
  'healthy',
  'failed',
  'reverted',
];
const VEHICLES = 5;
const WAVES = 2;
const vin = (i: number): string => `VIN${String(i).padStart(14, '0')}`;
const targets = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    vehicleId: vin(i),
    wave: (i % WAVES) + 1,
    rank: count - i,
    slice: i,
  }));

const command: fc.Arbitrary<AssignmentCommand> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(offer(T0 + 100_000_000)) },
  { weight: 1, arbitrary: fc.constant<AssignmentCommand>({ type: 'TimeOut' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<AssignmentCommand>(
      { type: 'Cancel', reason: 'aborted', detail: '' },
      { type: 'Withdraw' },
      { type: 'Satisfy', softwareVersion: '1' },
    ),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({
        kind: fc.constantFrom(...KINDS),
        seq: fc.integer({ min: 1, max: 12 }),
        offer: fc.integer({ min: 1, max: 3 }),
        attempt: fc.integer({ min: 1, max: 2 }),
        reset: fc.constantFrom(0, 0, 0, 1),
      })
      .map(({ kind, reset, ...said }) => says(kind, { ...said, epoch: { tcu: 'T', reset } })),
  },
);
const step = fc.record({
  vehicle: fc.nat(VEHICLES - 1),
  command,
  now_ms: fc.integer({ min: 0, max: 200 }).map((hours) => T0 + hours * 3_600_000),
  closing: fc.constantFrom(false, false, false, true),
});

describe('the table of a shard', () => {
  it('equals folding one assignment at a time, for any sequence', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new AssignmentTable(targets(VEHICLES));
        const single = new Map<string, AssignmentState>(
          targets(VEHICLES).map((t) => [t.vehicleId, newAssignment(t.vehicleId, t.wave, t.slice)]),
        );
        const sums = new Map<string, number>([['waiting', VEHICLES]]);
        for (const { vehicle, command: next, now_ms, closing } of steps) {
          const id = vin(vehicle);
          const row = table.indexOf(id);
          const state = single.get(id) ?? newAssignment(id, 1, 0);
          expect(table.get(row)).toEqual(state);
          const decision = assignmentDecider.decide(table.get(row), next, context(now_ms, { closing }));
          if (decision.kind !== 'events') continue;
          for (const event of decision.events) {
            table.set(row, assignmentDecider.evolve(table.get(row), event));
            single.set(id, assignmentDecider.evolve(single.get(id) ?? state, event));
            const { from, to } = event.data;
            sums.set(from, (sums.get(from) ?? 0) - 1);
            sums.set(to, (sums.get(to) ?? 0) + 1);
          }
          expect(table.get(row)).toEqual(single.get(id));
          // A report applied twice changes nothing.
          if (next.type === 'HandleReport')
            expect(assignmentDecider.decide(table.get(row), next, context(now_ms)).kind).not.toBe('events');
          for (const phase of PHASES) {
            expect(sums.get(phase) ?? 0).toBeGreaterThanOrEqual(0);
            expect(table.count(phase)).toBe(sums.get(phase) ?? 0);
          }
          expect(PHASES.reduce((sum, phase) => sum + table.count(phase), 0)).toBe(VEHICLES);
        }
        const now_ms = T0 + 100 * 3_600_000;
        const due = [...single.values()].filter((s) => s.deadline_ms !== null && s.deadline_ms <= now_ms);
        expect(table.dueRows(now_ms, 100).map((row) => table.vehicleId(row))).toHaveLength(due.length);
        expect(
          table
            .dueRows(now_ms, 100)
            .map((row) => table.vehicleId(row))
            .toSorted(),
        ).toEqual(due.map((s) => s.vehicleId).toSorted());
        const next = targets(VEHICLES)
          .toSorted((a, b) => a.wave - b.wave || a.rank - b.rank)
          .filter((t) => {
            const s = single.get(t.vehicleId);
            return t.wave === 1 && s?.phase === 'waiting' && (s.notBefore_ms ?? 0) <= now_ms;
          });
        expect(table.waitingRows(now_ms, 1, 100, () => true).map((row) => table.vehicleId(row))).toEqual(
          next.map((t) => t.vehicleId),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('ends where the outcome with the highest seq says, however messages are reordered and repeated', () => {
    const outcomes = fc.array(
      fc.record({
        kind: fc.constantFrom('succeeded', 'failed', 'reverted'),
        attempt: fc.integer({ min: 1, max: 2 }),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(outcomes, fc.array(fc.nat(), { maxLength: 30 }), (said, picks) => {
        // Two attempts were offered and ended by our timeouts; then all that the car ever said comes in any order.
        let state = newAssignment(vin(0), 1, 0);
        const run = (next: AssignmentCommand, now_ms: number): void => {
          const decision = assignmentDecider.decide(state, next, context(now_ms, { maxAttempts: 2 }));
          if (decision.kind === 'events')
            for (const event of decision.events) state = assignmentDecider.evolve(state, event);
        };
        for (const attempt of [1, 2]) {
          const at = T0 + attempt * 1e9;
          run(offer(at + 1e6), at);
          run(says('accepted', { seq: attempt, offer: attempt, attempt }), at);
          run({ type: 'TimeOut' }, at + 1e8);
        }
        expect(isSettled(state.phase)).toBe(true);
        const messages = said.map(({ kind, attempt }, i) =>
          says(kind as 'failed', { seq: i + 10, offer: attempt, attempt }),
        );
        const order = [...picks.map((n) => n % messages.length), ...messages.keys()];
        for (const index of order) run(messages[index] ?? offer(), T0 + 1e10);
        expect(state.phase).toBe(said.at(-1)?.kind);
      }),
      { numRuns: 200 },
    );
  });

  it('takes at most 64 bytes a vehicle', () => {
    const table = new AssignmentTable(targets(10_000));
    expect(table.bytes / 10_000).toBeLessThanOrEqual(64);
    expect(table.vehicleId(table.indexOf(vin(1234)))).toBe(vin(1234));
    expect(table.indexOf('UNKNOWN')).toBe(-1);
  });
});
