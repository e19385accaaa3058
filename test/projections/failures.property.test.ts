/** The list of failures is what the log says, in its order, whatever is asked of it; on every read model. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { openSqliteReadModel } from '../../src/adapters/read-model/sqlite/sqlite-writer.ts';
import type { ReadModelReader, ReadModelWriter } from '../../src/app/ports.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import type { RolloutEvent } from '../../src/domain/rollout/events.ts';
import { failureOf } from '../../src/domain/rollout/failure.ts';
import {
  type FailureDocument,
  type FailureFilter,
  failures,
  failuresWhere,
} from '../../src/projections/failures.ts';
import { progress } from '../../src/projections/progress.ts';
import { id as campaignId, type Script, step, written } from './campaign-script.ts';

const steps = fc.array(step, { maxLength: 60 });
const MODELS = ['M0', 'M1'];
const REGIONS = ['DE', 'FR'];
const CODES = ['c0', 'c1', 'c2', 'none'];
const maybe = (values: readonly string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const filter = fc
  .record({
    campaignId: maybe([campaignId, 'autumn']),
    model: maybe(MODELS),
    region: maybe(REGIONS),
    code: maybe(CODES),
  })
  .map(
    (asked) =>
      Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as FailureFilter,
  );

async function folded(script: Script, writer: ReadModelWriter): Promise<ReadModelWriter> {
  for (const projection of [failures, progress])
    await rebuildProjection({ log: script.store, writer }, projection);
  return writer;
}

async function all(reader: ReadModelReader, asked: FailureFilter, limit: number): Promise<FailureDocument[]> {
  const found: FailureDocument[] = [];
  let cursor: string | undefined;
  do {
    const page = await reader.find<FailureDocument>('failures', {
      where: failuresWhere(asked),
      sort: { field: 'id', descending: true },
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** Positions of what failed, newest first, straight from the log. */
async function failedIn({ store }: Script): Promise<string[]> {
  const found: string[] = [];
  for await (const { events } of store.readAll({ prefixes: ['rollout-'] }))
    for (const { position, type, data } of events)
      if (failureOf({ type, data } as RolloutEvent) !== null) found.push(position);
  return found.reverse();
}

describe('failures', () => {
  it('are those of the log, newest first, and as many of each code as the progress counts', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 7 }), async (script, limit) => {
        const campaign = await written([{ ...FREEZE }, ...script.filter(({ kind }) => kind !== 'freeze')]);
        const model = await folded(campaign, createMemoryReadModel());
        const listed = await all(model, {}, limit);
        expect(listed.map(({ id }) => id)).toEqual(await failedIn(campaign));
        const counted = await model.get<{ id: string; failureCodes: Record<string, number> }>(
          'progress',
          campaignId,
        );
        const byCode = Map.groupBy(listed, ({ code }) => code);
        expect(Object.fromEntries([...byCode].map(([code, those]) => [code, those.length]))).toEqual(
          counted?.failureCodes ?? {},
        );
      }),
      { numRuns: 40 },
    );
  });

  it('come by any filters together as they would by looking through all of them, and the same from SQLite', async () => {
    await fc.assert(
      fc.asyncProperty(steps, filter, fc.integer({ min: 1, max: 5 }), async (script, asked, limit) => {
        const campaign = await written(script);
        const directory = mkdtempSync(join(tmpdir(), 'fleetwave-failures-'));
        const sqlite = openSqliteReadModel(join(directory, 'read-models.db'));
        try {
          const memory = await folded(campaign, createMemoryReadModel());
          const expected = (await all(memory, {}, 1000)).filter((one) =>
            Object.entries(asked).every(([name, value]) => one[name] === value),
          );
          expect(await all(memory, asked, limit)).toEqual(expected);
          expect(await all(await folded(campaign, sqlite), asked, limit)).toEqual(expected);
        } finally {
          await sqlite.close();
          rmSync(directory, { recursive: true });
        }
      }),
      { numRuns: 25 },
    );
  });

  it('have the slice that was frozen, by its number in the shard', async () => {
    const campaign = await written([{ ...FREEZE }, { ...FREEZE, kind: 'move', vehicle: 3, to: FAILED }]);
    const model = await folded(campaign, createMemoryReadModel());
    // The fourth vehicle is the second of the first shard.
    expect(await all(model, {}, 10)).toMatchObject([
      { vehicleId: 'V3', model: 'M1', region: 'FR', code: 'c0', attempt: 1, wave: 2 },
    ]);
  });
});

const FAILED = 7;
const FREEZE = { kind: 'freeze', vehicle: 0, to: 0, wait_ms: 1, clock_ms: 0 } as const;
