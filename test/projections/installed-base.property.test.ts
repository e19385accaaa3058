/** The installed base at any instant that is told is what folding every vehicle from its first event gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import type { EventStore, Projection, ReadModelReader, ReadModelWriter } from '../../src/app/ports.ts';
import { rebuildProjection, startProjector } from '../../src/app/projector.ts';
import type { InstalledBaseLimits, Slice } from '../../src/projections/installed-base/format.ts';
import { withInstalledBase } from '../../src/projections/installed-base/projection.ts';
import { installedBaseOf } from '../../src/projections/installed-base/read.ts';
import { vehiclesAlone } from '../../src/projections/vehicles.ts';
import { expectedAt, START_MS, step, TARGETS, written } from './installed-base-script.ts';

async function folded(store: EventStore, limits: InstalledBaseLimits, batchSize: number) {
  const model = createMemoryReadModel();
  const log = {
    readAll: (options: Parameters<EventStore['readAll']>[0]) => store.readAll({ ...options, batchSize }),
  };
  await rebuildProjection({ log, writer: model }, withInstalledBase(vehiclesAlone, limits));
  return model;
}

/** A projector that starts where the one before ended, and ends when it is there. */
async function catchUp(store: EventStore, writer: ReadModelWriter, projection: Projection): Promise<void> {
  const head = await store.head();
  const reached = Promise.withResolvers<void>();
  const projector = await startProjector({
    log: store,
    writer,
    projections: [projection],
    onError: reached.reject,
    onMoved: (position) => {
      if (position >= head) reached.resolve();
    },
  });
  if (projector.position() < head) await reached.promise;
  await projector.stop();
}

const COLLECTIONS = ['installed-base', 'installed-base-tails', 'installed-base-pages'];

/** Small enough that a short log has many pages, and drops some. */
const limits: fc.Arbitrary<InstalledBaseLimits> = fc.record({
  pageNumbers: fc.integer({ min: 1, max: 12 }),
  cells: fc.constant(1000),
  resolutions: fc.record({ fine: fc.nat(400), middle: fc.nat(3000) }).map(({ fine, middle }) => [
    { step_ms: 10, kept_ms: fine },
    { step_ms: 60, kept_ms: middle },
    { step_ms: 240, kept_ms: null },
  ]),
});
const slices: readonly Slice[] = [
  { kind: 'all' },
  { kind: 'model', value: 'A7' },
  { kind: 'region', value: 'DE' },
  { kind: 'region', value: 'DE-BY' },
];
const asked = fc.record({
  // Also just before the start, which is a whole multiple of every step: no step has both sides of it.
  from: fc.option(fc.oneof(fc.double({ min: -0.2, max: 1.2, noNaN: true }), fc.constant(-0.01)), {
    nil: null,
  }),
  length: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
  buckets: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 60 })),
  slice: fc.constantFrom(...slices),
});

async function seriesOf(model: ReadModelReader, target: string, ask: Parameters<typeof installedBaseOf>[2]) {
  const series = await installedBaseOf(model, target, ask);
  if (series === null) throw new Error(`${target} has no series`);
  return series;
}

async function dumped(model: ReadModelReader, collection: string): Promise<readonly unknown[]> {
  const documents: unknown[] = [];
  for await (const document of model.dump(collection)) documents.push(document);
  return documents;
}

describe('the installed base over time', () => {
  it('is what folding all vehicles from their first event gives, at every instant it tells', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80 }),
        limits,
        fc.integer({ min: 1, max: 30 }),
        fc.array(asked, { minLength: 4, maxLength: 8 }),
        async (steps, sizes, batchSize, questions) => {
          const { store, changes, now_ms } = await written(steps);
          const model = await folded(store, sizes, batchSize);
          for (const target of TARGETS) {
            const own = changes[target] ?? [];
            if (own.length === 0) expect(await model.get('installed-base', target)).toBeNull();
            else
              for (const { from, length, buckets, slice } of questions) {
                const span = now_ms - START_MS;
                const from_ms = from === null ? null : Math.round(START_MS + span * from);
                const to_ms = length === null ? null : Math.round((from_ms ?? START_MS) + span * length);
                const series = await seriesOf(model, target, { from_ms, to_ms, now_ms, buckets, slice });
                for (const { at_ms, counts } of series.points)
                  expect([at_ms, counts]).toEqual([at_ms, expectedAt(own, at_ms, slice)]);
                expect(series.points.length).toBeLessThanOrEqual(buckets + 2);
                const latest_ms = own.at(-1)?.from_ms ?? 0;
                const end_ms = to_ms ?? Math.max(now_ms, latest_ms);
                if (from_ms !== null && from_ms > end_ms) {
                  expect(series.points).toEqual([]);
                  continue;
                }
                const begin_ms = from_ms ?? Math.min(end_ms, own[0]?.from_ms ?? 0);
                expect(series.points[0]?.at_ms).toBeLessThanOrEqual(begin_ms);
                if (end_ms >= latest_ms) expect(series.points.at(-1)?.at_ms).toBe(end_ms);
              }
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is the same when the projector is stopped and started again, with nothing left in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), limits, async (steps, sizes) => {
        const projection = withInstalledBase(vehiclesAlone, sizes);
        const resumed = createMemoryReadModel();
        const { store } = await written(steps, (log) => catchUp(log, resumed, projection));
        const whole = await folded(store, sizes, 10_000);
        for (const name of COLLECTIONS)
          expect(await dumped(resumed, name)).toEqual(await dumped(whole, name));
      }),
      { numRuns: 30 },
    );
  });

  it('is the same documents however the log is cut into batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        limits,
        fc.integer({ min: 1, max: 20 }),
        async (steps, sizes, batchSize) => {
          const { store } = await written(steps);
          const [whole, cut] = [
            await folded(store, sizes, 10_000),
            await folded(store, sizes, batchSize),
          ] as const;
          for (const name of COLLECTIONS) expect(await dumped(cut, name)).toEqual(await dumped(whole, name));
        },
      ),
      { numRuns: 50 },
    );
  });
});
