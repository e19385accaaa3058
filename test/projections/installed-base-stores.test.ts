/** The installed base on every store of read models: the same documents, and the same series of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { openMongoReadModel } from '../../src/adapters/read-model/mongodb/mongo-writer.ts';
import { openSqliteReadModel } from '../../src/adapters/read-model/sqlite/sqlite-writer.ts';
import type { EventStore, ReadModelReader, ReadModelWriter } from '../../src/app/ports.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { withInstalledBase } from '../../src/projections/installed-base/projection.ts';
import { installedBaseOf } from '../../src/projections/installed-base/read.ts';
import { vehiclesAlone } from '../../src/projections/vehicles.ts';
import { freshDatabase, servers } from '../adapters/read-model/mongodb/databases.ts';
import { START_MS, step, TARGETS, written } from './installed-base-script.ts';

const STEPS = 400;
const SEED = 11;
/** Small enough that pages are turned and dropped. */
const projection = withInstalledBase(vehiclesAlone, {
  pageNumbers: 40,
  cells: 1000,
  resolutions: [
    { step_ms: 10, kept_ms: 2000 },
    { step_ms: 60, kept_ms: 10_000 },
    { step_ms: 240, kept_ms: null },
  ],
});

let store: EventStore;
let now_ms = 0;
let expected: readonly string[] = [];
let expectedSeries: unknown;
beforeAll(async () => {
  const [steps = []] = fc.sample(fc.array(step, { minLength: STEPS, maxLength: STEPS }), {
    seed: SEED,
    numRuns: 1,
  });
  ({ store, now_ms } = await written(steps));
  const memory = createMemoryReadModel();
  await rebuildProjection({ log: store, writer: memory }, projection);
  [expected, expectedSeries] = [await documentsOf(memory), await seriesOf(memory)];
});

async function documentsOf(model: ReadModelReader): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { name } of projection.collections)
    for await (const document of model.dump(name)) lines.push(`${name} ${JSON.stringify(document)}`);
  return lines;
}

const seriesOf = (model: ReadModelReader) =>
  Promise.all(
    TARGETS.flatMap((target) =>
      [START_MS, now_ms - 1500].map((from_ms) =>
        installedBaseOf(model, target, {
          from_ms,
          to_ms: null,
          now_ms,
          buckets: 100,
          slice: { kind: 'region', value: 'DE' },
        }),
      ),
    ),
  );

async function sameIn(writer: ReadModelWriter): Promise<void> {
  const small = {
    readAll: (options: Parameters<EventStore['readAll']>[0]) => store.readAll({ ...options, batchSize: 37 }),
  };
  await writer.prepare('vehicles@2', projection.collections);
  await rebuildProjection({ log: small, writer }, projection);
  expect(await documentsOf(writer)).toEqual(expected);
  expect(await seriesOf(writer)).toEqual(expectedSeries);
}

it('the log is long enough that pages were turned and dropped', () => {
  const pages = expected.filter((line) => line.startsWith('installed-base-pages '));
  expect(pages.length).toBeGreaterThan(10);
  const dropped = expected.filter((line) => /^installed-base .*"firstPage":[1-9]/.test(line));
  expect(dropped.length).toBe(TARGETS.length);
});

describe('the installed base', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fleetwave-installed-base-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is the same in SQLite as in memory', async () => {
    const sqlite = openSqliteReadModel(join(directory, 'read-models.sqlite'));
    await sameIn(sqlite);
    await sqlite.close();
  });

  it.each(servers)(
    'is the same in MongoDB ($name) as in memory',
    async (server) => {
      const mongo = await openMongoReadModel({ url: freshDatabase(await server.url()), log: () => {} });
      await sameIn(mongo);
      await mongo.close();
    },
    120_000,
  );
});
