import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { StreamCache } from '../../../../src/adapters/event-store/sqlite/stream-cache.ts';

const hashOf = (value: number): string => String.fromCharCode(value + 150).repeat(32);

it('holds at most its capacity, never a stale head, and keeps what is in use', async () => {
  const step = fc.record({ name: fc.integer({ min: 0, max: 12 }), revision: fc.nat({ max: 99 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { maxLength: 60 }),
      async (capacity, steps) => {
        const cache = new StreamCache(capacity);
        const latest = new Map<string, number>();
        for (const { name, revision } of steps) {
          const stream = `s-${name}`;
          cache.set(stream, { id: name + 1, revision, hash: hashOf(revision) });
          latest.set(stream, revision);
          expect(cache.get(stream)?.revision).toBe(revision);
          const held = [...latest].filter(([known, value]) => {
            const head = cache.get(known);
            if (head === undefined) return false;
            expect(head).toEqual({
              id: Number(known.slice(2)) + 1,
              revision: value,
              hash: hashOf(value),
            });
            return true;
          });
          expect(held.length).toBeLessThanOrEqual(capacity);
          expect(held.length).toBe(Math.min(capacity, latest.size));
        }
      },
    ),
    { numRuns: 60 },
  );
});

it('gives copies, so that a transaction that is rolled back leaves it as it was', () => {
  const cache = new StreamCache(2);
  cache.set('a', { id: 1, revision: 0, hash: hashOf(0) });
  const head = cache.get('a');
  if (head !== undefined) {
    head.revision = 9;
    head.hash = hashOf(9);
  }
  expect(cache.get('a')).toEqual({ id: 1, revision: 0, hash: hashOf(0) });
});
