import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSticky } from '../../../src/adapters/kafka/sticky-assigner.ts';

const memberIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
const partitionsOf = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const cluster = fc
  .record({ ids: memberIds, count: fc.integer({ min: 0, max: 70 }) })
  .chain(({ ids, count }) =>
    fc.record({
      partitions: fc.constant(partitionsOf(count)),
      members: fc.tuple(
        ...ids.map((memberId) =>
          fc.record({ memberId: fc.constant(memberId), claims: fc.uniqueArray(fc.nat({ max: 80 })) }),
        ),
      ),
    }),
  );

describe('dealing partitions out', () => {
  it('gives every partition to one member, evenly, whatever they claim', () => {
    fc.assert(
      fc.property(cluster, ({ members, partitions }) => {
        const assigned = assignSticky(members, partitions);
        expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual(partitions);
        const counts = members.map(({ memberId }) => assigned.get(memberId)?.length ?? -1);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('gives the same to the same members in any order', () => {
    fc.assert(
      fc.property(cluster, ({ members, partitions }) => {
        expect(assignSticky(members.toReversed(), partitions)).toEqual(assignSticky(members, partitions));
      }),
    );
  });

  it('moves no more than evenness asks for when a member comes or goes', () => {
    fc.assert(
      fc.property(memberIds, memberIds, fc.integer({ min: 1, max: 70 }), (before, after, count) => {
        const partitions = partitionsOf(count);
        const first = assignSticky(
          before.map((memberId) => ({ memberId, claims: [] })),
          partitions,
        );
        const second = assignSticky(
          after.map((memberId) => ({ memberId, claims: first.get(memberId) ?? [] })),
          partitions,
        );
        const least = Math.floor(count / after.length);
        let larger = count % after.length;
        for (const memberId of after.toSorted((a, b) => (a < b ? -1 : 1))) {
          const had = new Set(first.get(memberId));
          const kept = (second.get(memberId) ?? []).filter((partition) => had.has(partition)).length;
          const mayKeep = had.size > least && larger > 0 ? least + 1 : least;
          if (mayKeep > least) larger -= 1;
          expect(kept).toBe(Math.min(had.size, mayKeep));
        }
      }),
    );
  });

  it('leaves the only partition with who has it', () => {
    const members = [
      { memberId: 'a', claims: [] },
      { memberId: 'z', claims: [0] },
    ];
    expect(assignSticky(members, [0]).get('z')).toEqual([0]);
  });
});
