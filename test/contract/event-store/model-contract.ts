/** Random interleavings of appends and reads against the simplest thing that could be right: an array. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppendRequest, AppendResult, EventStore } from '../../../src/app/ports.ts';
import { Collector, events, ids, readAll, readStream, request, verify } from './samples.ts';
import type { Opened, OpenSubject } from './subject.ts';

const STREAMS = ['a-1', 'a-2', 'b-1', 'ab-1'];

interface ModelEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
}

class Model {
  readonly log: ModelEvent[] = [];
  /** Every request so far, to be repeated at random. */
  readonly requests: AppendRequest[] = [];

  stream(name: string): ModelEvent[] {
    return this.log.filter(({ stream }) => stream === name);
  }

  append({ stream, expectedRevision, events: added }: AppendRequest): Partial<AppendResult> {
    const there = this.stream(stream);
    if (there.length - 1 !== expectedRevision) {
      const same = there.slice(expectedRevision + 1, expectedRevision + 1 + added.length);
      const repeated = expectedRevision < there.length && added.every(({ id }, n) => same[n]?.id === id);
      return repeated
        ? { status: 'appended', revision: expectedRevision + added.length, repeated: true }
        : { status: 'conflict', actualRevision: there.length - 1 };
    }
    added.forEach(({ id }, n) => {
      this.log.push({ id, stream, revision: expectedRevision + 1 + n });
    });
    return { status: 'appended', revision: expectedRevision + added.length, repeated: false };
  }

  /** Appends of one call to different streams may be recorded in any order: takes the store's, by its positions. */
  reorder(from: number, requests: readonly AppendRequest[], results: readonly AppendResult[]): void {
    const positions = new Map<string, string>();
    for (const [n, { events: added }] of requests.entries()) {
      const result = results[n];
      if (result?.status === 'appended') for (const { id } of added) positions.set(id, result.position);
    }
    const placeOf = ({ id }: ModelEvent): string => positions.get(id) ?? '';
    const recorded = this.log.splice(from);
    this.log.push(
      ...recorded.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0)),
    );
  }
}

const stream = fc.constantFrom(...STREAMS);
const oneAppend = fc.record({
  stream,
  count: fc.integer({ min: 1, max: 4 }),
  /** Mostly the right revision. */
  offBy: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: -2, max: 2 })),
  /** Now and then an earlier request again. */
  repeat: fc.option(fc.nat(), { freq: 5 }),
});
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      appends: fc.array(oneAppend, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('stream' as const),
      stream,
      direction: fc.constantFrom('forward' as const, 'backward' as const),
      from: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
      limit: fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('all' as const),
      after: fc.nat({ max: 40 }),
      size: fc.integer({ min: 1, max: 7 }),
      prefixes: fc.option(fc.subarray(['a', 'a-', 'b-', 'ab-1', 'c-']), { nil: undefined }),
    }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

async function run(subject: Opened, model: Model, operations: readonly Operation[]): Promise<void> {
  for (const step of operations) {
    if (step.kind === 'append') await runAppend(subject.store, model, step.appends);
    else if (step.kind === 'stream') await runReadStream(subject.store, model, step);
    else await runReadAll(subject.store, model, step);
  }
}

async function runAppend(
  store: EventStore,
  model: Model,
  appends: readonly { stream: string; count: number; offBy: number; repeat: number | null }[],
): Promise<void> {
  // Expected revisions are guessed before the batch, so later ones of a stream are often stale: as in a race.
  const requests = appends.map(({ stream: name, count, offBy, repeat }) => {
    const earlier = repeat === null ? undefined : model.requests[repeat % Math.max(1, model.requests.length)];
    return earlier ?? request(name, Math.max(-1, model.stream(name).length - 1 + offBy), events(count));
  });
  const before = model.log.length;
  const expected = requests.map((one) => model.append(one));
  model.requests.push(...requests);
  const results = await store.append(requests);
  expect(results).toMatchObject(expected);
  model.reorder(before, requests, results);
}

async function runReadStream(
  store: EventStore,
  model: Model,
  step: Extract<Operation, { kind: 'stream' }>,
): Promise<void> {
  const { direction, from, limit } = step;
  const found = await readStream(store, step.stream, {
    direction,
    ...(from === undefined ? {} : { from }),
    ...(limit === undefined ? {} : { limit }),
  });
  const there = model.stream(step.stream);
  const wanted =
    direction === 'forward'
      ? there.filter(({ revision }) => revision >= (from ?? 0))
      : there.filter(({ revision }) => revision <= (from ?? there.length)).reverse();
  expect(ids(found)).toEqual(ids(wanted.slice(0, limit ?? wanted.length)));
}

async function runReadAll(
  store: EventStore,
  model: Model,
  step: Extract<Operation, { kind: 'all' }>,
): Promise<void> {
  const { size: batchSize, prefixes } = step;
  const after = (await readAll(store))[step.after]?.position ?? '';
  const found = await readAll(store, { after, batchSize, ...(prefixes === undefined ? {} : { prefixes }) });
  const from = after === '' ? 0 : step.after + 1;
  const wanted = model.log
    .slice(from)
    .filter(
      ({ stream: name }) => prefixes === undefined || prefixes.some((prefix) => name.startsWith(prefix)),
    );
  expect(found.map(({ id, stream: name, revision }) => ({ id, stream: name, revision }))).toEqual(wanted);
}

export function modelContract(open: OpenSubject): void {
  describe('against a model', () => {
    it('behaves like an array under any sequence of appends and reads, and a reopening', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
          await using subject = await open();
          const model = new Model();
          const collector = new Collector();
          const half = operations.length >> 1;
          await run(subject, model, operations.slice(0, half));
          if (subject.durable) await subject.reopen();
          await run(subject, model, operations.slice(half));
          const { store } = subject;
          expect(ids(await readAll(store))).toEqual(ids(model.log));
          const subscription = store.subscribe({ ...collector, batchSize: 3 });
          await collector.until(({ events: seen }) => seen.length === model.log.length);
          await subscription.stop();
          expect(ids(collector.events)).toEqual(ids(model.log));
          expect((await verify(store)).problems).toEqual([]);
        }),
        { numRuns: 15 },
      );
    });

    it('keeps every stream whole when many writers race', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(stream, { maxLength: 8 }), { maxLength: 8 }), async (writers) => {
          await using subject = await open();
          const { store } = subject;
          const won = await Promise.all(
            writers.map(async (targets) => {
              let appended = 0;
              for (const name of targets) {
                const revision = (await readStream(store, name)).length - 1;
                const [result] = await store.append([request(name, revision, events(2))]);
                if (result?.status === 'appended') appended += 2;
              }
              return appended;
            }),
          );
          const all = await readAll(store);
          expect(all).toHaveLength(won.reduce((sum, one) => sum + one, 0));
          for (const name of STREAMS) {
            const revisions = all.filter((one) => one.stream === name).map(({ revision }) => revision);
            expect(revisions).toEqual(revisions.map((_, n) => n));
          }
          expect((await verify(store)).problems).toEqual([]);
        }),
        { numRuns: 10 },
      );
    });
  });
}
