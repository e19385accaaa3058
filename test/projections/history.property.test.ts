/** What history keeps gives, at any instant and position, what folding from the first event on gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { campaignStateAt, NOW, replayStates } from '../../src/api/history/campaign-state.ts';
import { campaignSeries, inBuckets, instantsOf } from '../../src/api/history/series.ts';
import type { EventStore, Projection } from '../../src/app/ports.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { applyToTally, emptyTally, moveOf } from '../../src/domain/campaign/tally.ts';
import { readEvent } from '../../src/domain/events.ts';
import type { RolloutEvent } from '../../src/domain/rollout/events.ts';
import type { Cut } from '../../src/domain/shared/cut.ts';
import { progressWith } from '../../src/projections/progress.ts';
import { id, START_MS, type Step, step, written } from './campaign-script.ts';

async function folded(store: EventStore, projection: Projection) {
  const model = createMemoryReadModel();
  await rebuildProjection({ log: store, writer: model }, projection);
  return model;
}

/** Small enough that a short log has many chunks and pages. */
const limits = fc.record({
  minEntries: fc.integer({ min: 1, max: 6 }),
  maxEntries: fc.integer({ min: 6, max: 12 }),
  chunksPerPage: fc.integer({ min: 1, max: 4 }),
});

describe('the history of a campaign', () => {
  it('gives the same as folding from zero, at any instant and any position', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), limits, async (steps, sizes) => {
        const { store, now_ms } = await written(steps);
        const model = await folded(store, progressWith(sizes));
        const cuts: Cut[] = [];
        for (let ms = START_MS - 400; ms <= now_ms + 1000; ms += 171) cuts.push({ instant_ms: ms });
        for (const cut of cuts) {
          const { unknown: _, ...expected } = (await replayStates(store, id, [cut]))[0] ?? { unknown: [] };
          expect(await campaignStateAt(model, store, id, cut)).toEqual(expected);
        }
        for await (const { events } of store.readAll())
          for (const { position } of events) {
            const { unknown: _, ...expected } = (await replayStates(store, id, [{ position }]))[0] ?? {
              unknown: [],
            };
            expect(await campaignStateAt(model, store, id, { position })).toEqual(expected);
          }
      }),
      { numRuns: 25 },
    );
  });

  it('counts as gates do, who know nothing of documents', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), limits, async (steps, sizes) => {
        const freeze: Step = { kind: 'freeze', vehicle: 0, to: 0, wait_ms: 0, clock_ms: 0 };
        const { store } = await written([freeze, ...steps.filter(({ kind }) => kind !== 'freeze')]);
        const model = await folded(store, progressWith(sizes));
        let tally = emptyTally([5, 4]);
        for await (const { events } of store.readAll({ prefixes: ['rollout-'] }))
          for (const recorded of events) {
            const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
            const move = read.known ? moveOf(read.event as RolloutEvent) : null;
            if (move !== null) tally = applyToTally(tally, move);
            const state = await campaignStateAt(model, store, id, { position: recorded.position });
            const counted = Object.entries(tally.totals).filter(([, vehicles]) => vehicles !== 0);
            expect(state?.progress?.byPhase).toEqual(Object.fromEntries(counted));
          }
      }),
      { numRuns: 25 },
    );
  });

  it('gives the same totals in a series as one instant after the other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        limits,
        fc.integer({ min: 1, max: 40 }),
        async (steps, sizes, buckets) => {
          const { store } = await written(steps);
          const model = await folded(store, progressWith(sizes));
          const series = await campaignSeries(model, id, {}, (span) => inBuckets(span, buckets));
          const points = series?.points ?? [];
          expect(points).toHaveLength(buckets + 1);
          for (const { at, byPhase, attempts, events, succeeded } of points) {
            const state = await campaignStateAt(model, store, id, { instant_ms: Date.parse(at) });
            expect({ byPhase, attempts, events, succeeded }).toEqual({
              byPhase: state?.progress?.byPhase ?? {},
              attempts: state?.progress?.attempts ?? {},
              events: state?.events,
              succeeded: state?.progress?.succeeded ?? 0,
            });
          }
          expect(points.at(-1)?.events).toBe((await campaignStateAt(model, store, id, NOW))?.events);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('divides time into equal steps, both ends included', () => {
    expect(instantsOf(inBuckets({ from_ms: 10, to_ms: 20 }, 4))).toEqual([10, 13, 15, 18, 20]);
  });
});
