import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateGate, isNewDecision, lastGate } from '../../../src/domain/campaign/gates.ts';
import { counters, gate } from './samples.ts';

const NOW = '2027-03-01T12:00:00.000Z';
const LATER = '2027-03-01T12:01:00.000Z';
const soaking = { outcome: 'soaking', soakUntil: LATER } as const;
const of100 = (change: object) => ({
  targets: 100,
  succeeded: 0,
  failed: 0,
  excused: 0,
  inFlight: 0,
  waiting: 0,
  ...change,
});

describe('a gate', () => {
  it('stays open while vehicles are under way', () => {
    expect(evaluateGate(gate, of100({ succeeded: 50, inFlight: 50 }), NOW, null)).toMatchObject({
      outcome: 'open',
      reason: '50 of 100 targets succeeded: 50 %, less than the 90 % required; 50 are not settled yet.',
    });
  });
  it('soaks once the success share is reached, passes when it has held', () => {
    const good = of100({ succeeded: 90, waiting: 10 });
    expect(evaluateGate(gate, good, NOW, null)).toMatchObject({ outcome: 'soaking', soakUntil: LATER });
    expect(evaluateGate(gate, good, '2027-03-01T12:00:59.999Z', soaking)).toMatchObject(soaking);
    expect(evaluateGate(gate, good, LATER, soaking)).toEqual({
      outcome: 'passed',
      soakUntil: null,
      reason: '90 of 100 targets succeeded: 90 %, at least 90 % and held for 60 s.',
    });
  });
  it('holds when the success is lost in the soak, and soaks anew when it is back', () => {
    expect(evaluateGate(gate, of100({ succeeded: 89, failed: 1, waiting: 10 }), NOW, soaking).outcome).toBe(
      'held',
    );
    expect(
      evaluateGate(gate, of100({ succeeded: 90, waiting: 10 }), LATER, { outcome: 'held', soakUntil: null }),
    ).toMatchObject({ outcome: 'soaking', soakUntil: '2027-03-01T12:02:00.000Z' });
  });
  it('passes at once without a soak, or waits for a person', () => {
    const good = of100({ succeeded: 100 });
    expect(evaluateGate({ ...gate, soak_s: 0 }, good, NOW, null).outcome).toBe('passed');
    expect(evaluateGate({ ...gate, soak_s: 0, confirm: true }, good, NOW, null).outcome).toBe(
      'awaiting-confirmation',
    );
    expect(evaluateGate({ ...gate, confirm: true }, good, LATER, soaking).outcome).toBe(
      'awaiting-confirmation',
    );
    expect(evaluateGate(lastGate({ ...gate, confirm: true }), good, NOW, null).outcome).toBe('passed');
  });
  it('fails above the failure limit, not at it, whatever else is good', () => {
    expect(evaluateGate(gate, of100({ failed: 10, succeeded: 90 }), NOW, null).outcome).toBe('soaking');
    expect(
      evaluateGate(gate, of100({ failed: 11, succeeded: 89 }), NOW, { outcome: 'passed', soakUntil: null }),
    ).toMatchObject({
      outcome: 'failed',
      reason: '11 of 100 targets failed: 11 %, more than the 10 % allowed.',
    });
  });
  it('holds when all is settled and not enough', () => {
    expect(evaluateGate(gate, of100({ succeeded: 85, failed: 10, excused: 5 }), NOW, null)).toMatchObject({
      outcome: 'held',
      reason:
        '85 of 95 targets succeeded (5 excused): 89.47 %, less than the 90 % required, and every target is settled.',
    });
  });
  it('leaves excused vehicles out of the success share, not of the failure share', () => {
    expect(evaluateGate(gate, of100({ succeeded: 9, excused: 90, failed: 1 }), NOW, null).outcome).toBe(
      'soaking',
    );
    expect(evaluateGate(gate, of100({ excused: 100 }), NOW, null).outcome).toBe('held');
  });
  it('passes a wave without targets', () => {
    expect(evaluateGate({ ...gate, confirm: true }, of100({ targets: 0 }), NOW, null).outcome).toBe('passed');
  });
  it.each([
    ['unknown counters', null],
    ['parts that do not add up', of100({ succeeded: 101 })],
    ['a negative count', of100({ succeeded: 101, failed: -1 })],
    ['a fraction', of100({ succeeded: 99.5, failed: 0.5 })],
    ['no number at all', of100({ succeeded: Number.NaN })],
  ])('fails closed on %s', (_, numbers) => {
    expect(evaluateGate(gate, numbers, NOW, { outcome: 'passed', soakUntil: null }).outcome).toBe('held');
  });
  it('never passes without its success share, never passes above its failure limit, and settles down', () => {
    const count = fc.nat(50);
    const parts = fc.record({
      succeeded: count,
      failed: count,
      excused: count,
      inFlight: count,
      waiting: count,
    });
    const outcome = fc.constantFrom('soaking', 'passed', 'awaiting-confirmation', 'held', 'failed');
    fc.assert(
      fc.property(
        parts,
        outcome,
        fc.boolean(),
        fc.nat(100),
        fc.nat(100),
        (some, before, confirm, successPercent, failurePercent) => {
          const targets = Object.values(some).reduce((a, b) => a + b, 0);
          const policy = { successPercent, failurePercent, soak_s: 60, confirm };
          const previous = { outcome: before, soakUntil: before === 'soaking' ? NOW : null };
          const judged = evaluateGate(policy, { targets, ...some }, NOW, previous);
          if (targets > 0 && (some.failed * 100) / targets > failurePercent)
            expect(judged.outcome).toBe('failed');
          else if (judged.outcome === 'passed' && targets > 0)
            expect((some.succeeded * 100) / (targets - some.excused)).toBeGreaterThanOrEqual(successPercent);
          if (judged.outcome === 'open') return;
          const again = evaluateGate(policy, { targets, ...some }, NOW, {
            outcome: judged.outcome,
            soakUntil: judged.soakUntil,
          });
          expect(isNewDecision(again, { outcome: judged.outcome, soakUntil: judged.soakUntil })).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });
  it('says something new only when outcome or soak change', () => {
    expect(isNewDecision({ outcome: 'held', soakUntil: null }, null)).toBe(true);
    expect(isNewDecision({ outcome: 'open', soakUntil: null }, null)).toBe(false);
    expect(isNewDecision(soaking, { outcome: 'soaking', soakUntil: NOW })).toBe(true);
    expect(evaluateGate(gate, counters(), NOW, soaking).soakUntil).toBe(LATER);
  });
});
