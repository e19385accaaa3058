/** Tables as they leave: the same rows in every format, typed, and readable by DuckDB. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { toParquet } from '../../src/api/export/parquet.ts';
import { toCsv, toNdjson } from '../../src/api/export/text-formats.ts';
import { optional, type Row, required, type Table } from '../../src/app/export/table.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { vehicleStream } from '../../src/domain/shared/streams.ts';
import { projections } from '../../src/projections/all.ts';
import { CAMPAIGN, OTHER, openWorld, VEHICLE } from '../app/evidence/world.ts';
import { type DuckDb, openDuckDb } from '../support/duckdb.ts';
import { type Harness, startHarness } from './support/harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'fleetwave-export-'));
let harness: Harness;
let duckdb: DuckDb;
beforeAll(async () => {
  const { given } = await openWorld();
  // It moves after it was frozen.
  const moved = { brand: 'B', model: 'X', variant: 'estate', region: 'FR', timeZone: 'UTC', tags: [] };
  await given.append(vehicleStream(VEHICLE), {
    type: 'VehicleDescribed',
    data: { vehicleId: VEHICLE, description: { ...moved, buildDate: null } },
  });
  const reader = createMemoryReadModel();
  for (const projection of projections)
    await rebuildProjection({ log: given.store, writer: reader }, projection);
  harness = await startHarness({}, (base) => ({
    reader,
    log: given.store,
    vehicles: { ...base.vehicles, resolve: async (id) => (id === VEHICLE ? id : null) },
  }));
  duckdb = await openDuckDb(directory);
});
afterAll(async () => {
  duckdb.close();
  await harness.close();
  rmSync(directory, { recursive: true, force: true });
});

async function get(url: string, status = 200) {
  const answer = await harness.call({ method: 'GET', url: `/v1/exports/${url}` });
  expect(answer.statusCode, answer.body.slice(0, 500)).toBe(status);
  return answer;
}

async function fileOf(name: string, url: string): Promise<string> {
  writeFileSync(join(directory, name), (await get(url)).rawPayload);
  return `'${name}'`;
}

describe('an exported table', () => {
  it('has the same rows in every format', async () => {
    for (const table of ['assignments', `events?campaign=${CAMPAIGN}`, 'software-history']) {
      const url = (format: string) => `${table}${table.includes('?') ? '&' : '?'}format=${format}`;
      const name = table.replace(/\?.*/, '');
      const parquet = await duckdb.rows(`FROM ${await fileOf(`${name}.parquet`, url('parquet'))}`);
      expect(parquet.length).toBeGreaterThan(1);
      const lines = (await get(url('ndjson'))).body.trimEnd().split('\n');
      const ndjson = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const plain = ndjson.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([column, value]) => [
            column,
            typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
          ]),
        ),
      );
      const read = parquet.map((row) =>
        Object.fromEntries(Object.entries(row).map(([column, value]) => [column, comparable(column, value)])),
      );
      expect(read).toEqual(plain);
      const csv = await duckdb.rows(
        `FROM read_csv(${await fileOf(`${name}.csv`, url('csv'))}, all_varchar = true)`,
      );
      expect(csv).toHaveLength(parquet.length);
    }
  });

  it('has types that need no guessing', async () => {
    const file = await fileOf('typed.parquet', `events?campaign=${CAMPAIGN}`);
    const types = await duckdb.rows(`SELECT column_name, column_type FROM (DESCRIBE FROM ${file})`);
    expect(Object.fromEntries(types.map((row) => [row['column_name'], row['column_type']]))).toMatchObject({
      position: 'VARCHAR',
      revision: 'BIGINT',
      schema_version: 'INTEGER',
      time: 'TIMESTAMP WITH TIME ZONE',
      wave: 'INTEGER',
      data: 'VARCHAR',
    });
  });

  it('says what a vehicle had, and until when', async () => {
    const file = await fileOf('history.parquet', `software-history?vehicle=${VEHICLE}`);
    expect(
      await duckdb.rows(`SELECT vehicle_id, software_version, valid_to IS NULL AS now FROM ${file}`),
    ).toEqual([
      { vehicle_id: VEHICLE, software_version: '1.4.0', now: false },
      { vehicle_id: VEHICLE, software_version: '2.0.0', now: true },
    ]);
    const all = (await get('software-history?format=ndjson')).body;
    expect(all).toContain(OTHER);
  });

  it('has vehicles as the campaign counts them, and beside that as they are now', async () => {
    const file = await fileOf('slices.parquet', 'assignments');
    const columns =
      'model, region, time_zone, hardware_before, software_before, model_now, region_now, variant_now';
    const frozen = {
      model: 'X',
      region: 'DE',
      time_zone: 'UTC',
      hardware_before: 'TCM-7 2',
      software_before: '1.4.0',
    };
    expect(await duckdb.rows(`SELECT ${columns} FROM ${file} ORDER BY vehicle_id`)).toEqual([
      { ...frozen, model_now: 'X', region_now: 'FR', variant_now: 'estate' },
      { ...frozen, model_now: 'X', region_now: 'DE', variant_now: '' },
    ]);
  });

  it('is a file with a name, of a campaign that there is', async () => {
    const { headers } = await get('assignments?format=csv');
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="assignments.csv"',
    });
    expect((await get(`assignments?campaign=${CAMPAIGN}&format=ndjson`)).body.split('\n')).toHaveLength(3);
    await get('events', 400);
    await get('events?campaign=none', 404);
    await get('assignments?campaign=none', 404);
    await get('software-history?vehicle=NOBODY', 404);
    await get('assignments?format=xlsx', 400);
  });
});

/** Times and 64-bit integers are text in DuckDB's JSON. */
function comparable(column: string, value: unknown): unknown {
  if (value === null) return null;
  if (/^(time|updated_at|valid_from|valid_to)$/.test(column))
    return new Date(`${value}`.replace(' ', 'T').replace(/\+00$/, 'Z')).toISOString();
  return column === 'revision' ? Number(value) : value;
}

describe('the formats', () => {
  const columns = [required('id', 'long'), optional('text', 'string'), optional('at', 'timestamp')];
  const table = (rows: AsyncIterable<readonly Row[]>): Table => ({ name: 't', columns, rows });
  async function* batches(...rows: readonly (readonly Row[])[]): AsyncGenerator<readonly Row[]> {
    yield* rows;
  }
  const text = async (parts: AsyncIterable<string | Uint8Array>): Promise<Buffer> => {
    const all: Buffer[] = [];
    for await (const part of parts) all.push(Buffer.from(part));
    return Buffer.concat(all);
  };
  const awkward: Row[] = [
    [1, 'a "quoted", text\r\nof two lines', '2027-01-01T00:00:00.001Z'],
    [2 ** 53 - 1, '', null],
    [-3, null, '1969-12-31T23:59:59.999Z'],
    [4, 'Grüße 😀', null],
  ];

  it('keep whatever text and number there is', async () => {
    writeFileSync(join(directory, 'a.parquet'), await text(toParquet(table(batches(awkward)))));
    writeFileSync(join(directory, 'a.csv'), await text(toCsv(table(batches(awkward)))));
    const expected = awkward.map(([id, words, at]) => ({
      id,
      text: words,
      ms: at === null ? null : Date.parse(String(at)),
    }));
    for (const source of [
      "'a.parquet'",
      `read_csv('a.csv', columns = {id: 'BIGINT', text: 'VARCHAR', "at": 'TIMESTAMPTZ'}, allow_quoted_nulls = false)`,
    ]) {
      const rows = await duckdb.rows(
        `SELECT id::DOUBLE AS id, text, epoch_ms("at")::DOUBLE AS ms FROM ${source}`,
      );
      expect(rows).toEqual(expected);
    }
    const lines = String(await text(toNdjson(table(batches(awkward)))))
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      awkward.map(([id, words, at]) => ({ id, text: words, at })),
    );
  });

  it('are files also without rows', async () => {
    writeFileSync(join(directory, 'none.parquet'), await text(toParquet(table(batches()))));
    expect(await duckdb.rows("SELECT count(*)::INTEGER AS n FROM 'none.parquet'")).toEqual([{ n: 0 }]);
    expect(String(await text(toCsv(table(batches()))))).toBe('id,text,at\r\n');
  });

  it('are made while rows come: nothing waits for the last one', async () => {
    let made = 0;
    async function* many(): AsyncGenerator<readonly Row[]> {
      for (let n = 0; n < 60; n++) {
        made += 1000;
        yield Array.from({ length: 1000 }, (_, k): Row => [n * 1000 + k, `text ${k % 7}`, null]);
      }
    }
    const parts: Buffer[] = [];
    for await (const part of toParquet(table(many()))) {
      if (parts.length === 0) expect(made).toBe(5000);
      parts.push(Buffer.from(part));
    }
    writeFileSync(join(directory, 'many.parquet'), Buffer.concat(parts));
    const [row] = await duckdb.rows(
      "SELECT count(*)::INTEGER AS n, sum(id)::DOUBLE AS ids FROM 'many.parquet'",
    );
    expect(row).toEqual({ n: 60_000, ids: (60_000 * 59_999) / 2 });
  });

  it('are not made of what is no such table', async () => {
    await expect(text(toParquet(table(batches([[null, 'x', null]]))))).rejects.toThrow('has no id');
  });
});
