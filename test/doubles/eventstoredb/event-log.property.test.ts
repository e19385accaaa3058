/** The rules of appending, against the simplest thing that could follow them: arrays of ids. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AppendOutcome, EventLog } from './event-log.ts';
import { EXPECTED, type ProposedEvent } from './stored-event.ts';

const STREAMS = ['a', 'b'];
const NOTHING = new Uint8Array(0);

interface Attempt {
  readonly stream: string;
  readonly expected: number;
  readonly ids: readonly number[];
}

/** Few ids and revisions, so that repeats, partial repeats and conflicts all come up. */
const attempt: fc.Arbitrary<Attempt> = fc.record({
  stream: fc.constantFrom(...STREAMS),
  expected: fc.oneof(fc.integer({ min: -1, max: 6 }), fc.constantFrom(EXPECTED.any, EXPECTED.streamExists)),
  ids: fc.uniqueArray(fc.nat(12), { minLength: 1, maxLength: 3 }),
});

const event = (stream: string, id: number): ProposedEvent => ({
  id: `${stream}-${id}`,
  type: 'T',
  isJson: false,
  data: NOTHING,
  metadata: NOTHING,
});

/** What the server's documentation says of one attempt: the revision it ends at, or the one that is in the way. */
function verdict(held: readonly string[], { stream, expected, ids }: Attempt): number | { actual: number } {
  const names = ids.map((id) => `${stream}-${id}`);
  const actual = held.length - 1;
  if (expected === EXPECTED.streamExists && actual < 0) return { actual };
  if (expected < EXPECTED.noStream) {
    const known = names.map((name) => held.lastIndexOf(name));
    if (known[0] === -1) return actual + names.length;
    return known.includes(-1) ? { actual } : (known.at(-1) ?? -1);
  }
  if (expected === actual) return actual + names.length;
  const there = held.slice(expected + 1, expected + 1 + names.length);
  return expected < actual && there.join() === names.join() ? expected + names.length : { actual };
}

const told = (outcome: AppendOutcome | undefined): unknown =>
  outcome?.result === 'success'
    ? outcome.lastRevision
    : { actual: (outcome as { currentRevision: number }).currentRevision };

it('appends, repeats and refuses as it should; streams have no gaps, positions only grow', () => {
  fc.assert(
    fc.property(fc.array(fc.array(attempt, { minLength: 1, maxLength: 3 }), { maxLength: 15 }), (groups) => {
      const log = new EventLog(undefined, 1000);
      const held = new Map<string, string[]>(STREAMS.map((stream) => [stream, []]));
      for (const group of groups) {
        const { outcomes } = log.commit(
          group.map(({ stream, expected, ids }) => ({
            stream,
            expected,
            events: ids.map((id) => event(stream, id)),
          })),
        );
        for (const [index, one] of group.entries()) {
          const names = held.get(one.stream) ?? [];
          const expected = verdict(names, one);
          expect(told(outcomes[index])).toEqual(expected);
          if (typeof expected === 'number' && expected === names.length - 1 + one.ids.length)
            names.push(...one.ids.map((id) => `${one.stream}-${id}`));
        }
      }
      const limits = { maxCount: 1000, maxSearchWindow: 1000, filter: () => true };
      const { events } = log.forward({ commit: 0, prepare: 0 }, limits);
      for (const stream of STREAMS) {
        const its = events.filter((one) => one.stream === stream);
        expect(its.map(({ id }) => id)).toEqual(held.get(stream));
        expect(its.map(({ revision }) => revision)).toEqual(its.keys().toArray());
      }
      expect(events.every(({ position }, index) => position >= (events[index - 1]?.next ?? 0))).toBe(true);
      log.close();
    }),
    { numRuns: 200 },
  );
});
