import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../../../src/adapters/read-model/memory/memory-read-model.ts';
import { Connection } from '../../../../src/adapters/read-model/mongodb/connection.ts';
import { MongoWriter } from '../../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import { pageQuery, whereFilter } from '../../../../src/adapters/read-model/mongodb/queries.ts';
import type { Document, FindOptions, Page, ReadModelReader } from '../../../../src/app/ports.ts';
import { laneNotRun } from '../../../support/engines.ts';
import { freshDatabase, servers } from './databases.ts';

const cars = { name: 'cars', indexes: ['model', 'year'] };
const at = (n: number): string => n.toString(16).padStart(16, '0');

const key = fc.constantFrom('A', 'B', 'b', 'é', '', '10', 7, -1, 2 ** 40, 1.5, true, false, null, undefined);
const documents = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom('C', 'a', 'b', 'Z', 'a.b', '$a', 'ä', '1', '10', '2'),
    model: key,
    year: key,
  }),
  { selector: ({ id }) => id, maxLength: 10 },
);
const options = fc.record({
  limit: fc.integer({ min: 1, max: 4 }),
  field: fc.constantFrom('id', 'model', 'year'),
  descending: fc.boolean(),
  where: fc.option(fc.record({ model: fc.constantFrom('A', 'b', '', 7, true, null) }), { nil: undefined }),
});

async function pages(reader: ReadModelReader, find: FindOptions): Promise<Page<Document>[]> {
  const found: Page<Document>[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Document> = await reader.find('cars', cursor === null ? find : { ...find, cursor });
    found.push(page);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

describe.each(servers)('queries on $name', (server) => {
  let connection: Connection;
  let writer: MongoWriter;
  beforeAll(async () => {
    const url = freshDatabase(await server.url());
    connection = await Connection.open({ url, log: () => {}, retry_ms: 0 });
    writer = new MongoWriter(connection);
  });
  afterAll(async () => {
    await connection.db.dropDatabase();
    await connection.close();
  });

  let serial = 0;
  /** New collections under another version of the projection. */
  const prepare = async (): Promise<string> => {
    const projection = `garage@${++serial}`;
    await writer.prepare(projection, [cars]);
    return projection;
  };

  it('give the same pages and cursors as the other adapters, for keys of every type', async () => {
    await fc.assert(
      fc.asyncProperty(
        documents,
        fc.array(options, { minLength: 1, maxLength: 4 }),
        async (found, queries) => {
          const projection = await prepare();
          const memory = createMemoryReadModel();
          await memory.prepare(projection, [cars]);
          const puts = found.map((document) => ({ ...document, position: at(1), collection: 'cars' }));
          for (const model of [writer, memory])
            await model.write(projection, { puts, deletes: [], checkpoint: at(1) });
          for (const { limit, field, descending, where } of queries) {
            const find = { limit, sort: { field, descending }, ...(where === undefined ? {} : { where }) };
            expect(await pages(writer, find)).toEqual(await pages(memory, find));
            expect(await writer.count('cars', where)).toBe(await memory.count('cars', where));
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  it('do not see what was deleted', async () => {
    const projection = await prepare();
    const ids = Array.from({ length: 9 }, (_, n) => `c${n}`);
    const puts = ids.map((id) => ({ id, model: 'A', position: at(1), collection: 'cars' }));
    await writer.write(projection, { puts, deletes: [], checkpoint: at(1) });
    const deletes = ['c1', 'c4', 'c8', 'never'].map((id) => ({ collection: 'cars', id }));
    await writer.write(projection, { puts: [], deletes, checkpoint: at(2) });
    const left = ['c0', 'c2', 'c3', 'c5', 'c6', 'c7'];
    for (const sort of [{ field: 'id' }, { field: 'model' }]) {
      const found = await pages(writer, { limit: 2, sort });
      expect(found.flatMap(({ items }) => items.map(({ id }) => id))).toEqual(left);
    }
    expect(await writer.count('cars')).toBe(6);
    expect(await writer.count('cars', { model: 'A' })).toBe(6);
    expect(await writer.get('cars', 'c4')).toBeNull();
  });

  it('get thousands of documents at once, in the order that they are asked for', async () => {
    const projection = await prepare();
    const ids = Array.from({ length: 2500 }, (_, n) => `c${String(n).padStart(5, '0')}`);
    const puts = ids.map((id) => ({ id, position: at(1), collection: 'cars' }));
    await writer.write(projection, { puts, deletes: [], checkpoint: at(1) });
    const asked = ['none', ...ids.toReversed(), 'none'];
    const found = await writer.getMany('cars', asked);
    expect(found.map((document) => document?.id ?? 'none')).toEqual(asked);
  });

  it('keep keys with dots and dollars, and values that look like operators', async () => {
    const projection = await prepare();
    const document = {
      id: '$where',
      model: '$gt',
      year: { $ne: null } as unknown,
      byPart: { '5Q0.035.842': 1, $set: { 'a.b': [{ $in: [] }] }, '': 0, ['__proto__x']: 2 ** 53 },
    };
    const { year, ...rest } = document;
    const put = { ...rest, query: year, position: at(1), eventId: 'e', collection: 'cars' };
    await writer.write(projection, { puts: [put], deletes: [], checkpoint: at(1) });
    const { collection, ...expected } = put;
    const [found] = (await writer.find('cars', { where: { model: '$gt' }, limit: 1 })).items;
    expect(JSON.stringify(found)).toBe(JSON.stringify(expected));
    expect(collection).toBe('cars');
  });

  it('have these indexes and no others', async () => {
    await prepare();
    const names = await connection.db.listCollections({}, { nameOnly: true }).toArray();
    const newest =
      names
        .map(({ name }) => name)
        .filter((name) => name.startsWith('cars@'))
        .sort()
        .at(-1) ?? '';
    const indexes = await connection.db.collection(newest).indexes();
    const keys = indexes.map((index) => JSON.stringify(index['key'])).sort();
    expect(keys).toEqual(
      ['{"_id":1}', '{"deleted":1}', '{"keys.model":1,"_id":1}', '{"keys.year":1,"_id":1}'].sort(),
    );
  });

  if (server.real)
    it('never scan a collection', async () => {
      const projection = await prepare();
      const puts = Array.from({ length: 200 }, (_, n) => ({
        id: `c${n}`,
        model: `M${n % 3}`,
        year: 2000 + (n % 20),
        position: at(1),
        collection: 'cars',
      }));
      await writer.write(projection, { puts, deletes: [], checkpoint: at(1) });
      const names = await connection.db.listCollections({}, { nameOnly: true }).toArray();
      const physical =
        names
          .map(({ name }) => name)
          .filter((name) => name.startsWith('cars@'))
          .sort()
          .at(-1) ?? '';
      const collection = connection.db.collection<{ _id: string }>(physical);
      const page = (find: FindOptions) => pageQuery(cars, find);
      const cursor = (await writer.find('cars', { limit: 50, sort: { field: 'year' } })).next ?? '';
      const plans = [
        page({ limit: 10 }),
        page({ limit: 10, where: { model: 'M1' } }),
        page({ limit: 10, where: { model: 'M1', year: 2003 } }),
        page({ limit: 10, sort: { field: 'year', descending: true } }),
        page({ limit: 10, sort: { field: 'year' }, cursor }),
        { filter: whereFilter(cars, { model: 'M1' }), options: {} },
        { filter: { _id: { $gte: '' } }, options: {} },
        { filter: { deleted: true }, options: {} },
        { filter: { _id: { $in: ['c1', 'c2'] } }, options: {} },
        { filter: { _id: 'c1', position: { $lt: at(2) } }, options: {} },
      ];
      for (const { filter, options: how } of plans) {
        const explained = JSON.stringify(
          await collection.find(filter as object, how).explain('queryPlanner'),
        );
        const winning = JSON.stringify(
          (JSON.parse(explained) as Record<string, Record<string, unknown>>)['queryPlanner']?.['winningPlan'],
        );
        expect(winning, JSON.stringify(filter)).not.toContain('COLLSCAN');
        expect(winning, JSON.stringify(filter)).toMatch(/IXSCAN|IDHACK|EXPRESS|COUNT_SCAN/);
      }
    });
});

if (!servers.some(({ real }) => real))
  laneNotRun({
    suite: 'read-model (queries by index)',
    adapter: 'mongodb',
    server: 'MongoDB',
    why: 'mongo-java-server explains no query; MONGODB_URL is not set',
    needs: 'MONGODB_URL',
  });
