import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Span, withRevision } from '../../../src/domain/rollout/spans.ts';

const fold = (revisions: readonly number[]): readonly Span[] =>
  revisions.reduce<readonly Span[]>(withRevision, []);
/** Steps from one own event to the next, near and far. */
const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 120,
});
const placed = (gaps: readonly number[]): number[] => {
  let at = -1;
  return gaps.map((gap) => {
    at += gap;
    return at;
  });
};

describe('spans of an assignment', () => {
  it('hold every event, in order and apart from each other, and are few', () => {
    fc.assert(
      fc.property(steps, (gaps) => {
        const revisions = placed(gaps);
        const spans = fold(revisions);
        expect(spans.length).toBeLessThanOrEqual(16);
        for (const revision of revisions)
          expect(spans.some(([first, last]) => first <= revision && revision <= last)).toBe(true);
        for (const [n, [first, last]] of spans.entries()) {
          expect(revisions).toContain(first);
          expect(revisions).toContain(last);
          expect(first).toBeGreaterThan(spans[n - 1]?.[1] ?? -1);
          expect(last).toBeGreaterThanOrEqual(first);
        }
      }),
    );
  });

  it('are the same when an event is folded once more', () => {
    fc.assert(
      fc.property(steps, (gaps) => {
        const revisions = placed(gaps);
        const spans = fold(revisions);
        for (const revision of revisions) expect(withRevision(spans, revision)).toEqual(spans);
      }),
    );
  });

  it('leave out what lies between two campaigns weeks apart, and join what is nearest when there are too many', () => {
    expect(fold([10, 40, 90_000, 90_010])).toEqual([
      [10, 40],
      [90_000, 90_010],
    ]);
    const far = Array.from({ length: 16 }, (_, n) => n * 10_000);
    const [first, second] = fold([...far, 150_300]).slice(-2);
    expect([first, second]).toEqual([
      [140_000, 140_000],
      [150_000, 150_300],
    ]);
  });
});
