/** What is served changes at once, for everybody; what is not served any more goes away, and only that. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../../../../src/adapters/read-model/mongodb/connection.ts';
import { MongoReader } from '../../../../src/adapters/read-model/mongodb/mongo-reader.ts';
import { MongoWriter } from '../../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import {
  ReadModelFencedError,
  ReadModelUnavailableError,
  type ReadModelWriter,
} from '../../../../src/app/ports.ts';
import { freshDatabase, servers } from './databases.ts';
import { withPause } from './faults.ts';

const collections = [
  { name: 'cars', indexes: ['model'] },
  { name: 'makers', indexes: [] },
];
const GARAGE = 'garage@1';
const at = (n: number): string => n.toString(16).padStart(16, '0');
const car = (id: string, n: number) => ({ collection: 'cars', id, model: `M${n}`, position: at(n) });
const write = (writer: ReadModelWriter, n: number, ...ids: string[]) =>
  writer.write(GARAGE, { puts: ids.map((id) => car(id, n)), deletes: [], checkpoint: at(n) });

describe.each(servers)('generations of read models on $name', (server) => {
  let connection: Connection;
  let lines: string[];
  beforeEach(async () => {
    // Time passes when the tests say so: what is measured by it is for how long collections are kept.
    vi.useFakeTimers({ toFake: ['performance'] });
    lines = [];
    const url = freshDatabase(await server.url());
    connection = await Connection.open({ url, log: (_, line) => lines.push(line), retry_ms: 5000 });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await connection.db.dropDatabase();
    await connection.close();
  });

  const prepared = async (on = connection): Promise<MongoWriter> => {
    const writer = new MongoWriter(on);
    await writer.prepare(GARAGE, collections);
    return writer;
  };
  const physical = async (name = 'cars'): Promise<string[]> => {
    const all = await connection.db.listCollections({}, { nameOnly: true }).toArray();
    return all
      .map((one) => one.name)
      .filter((one) => one.startsWith(`${name}@`))
      .sort();
  };
  const rebuilt = async (writer: MongoWriter, n: number, ...ids: string[]): Promise<void> => {
    const rebuild = await writer.rebuild(GARAGE);
    await write(rebuild.writer, n, ...ids);
    await rebuild.swap();
  };
  const ids = async (from: MongoReader | MongoWriter): Promise<string[]> =>
    (await from.find('cars', { limit: 100 })).items.map(({ id }) => id);

  it('are seen by a reader once it looks at the pointer again, and whole until then', async () => {
    const writer = await prepared();
    const reader = new MongoReader(connection, 1000);
    await write(writer, 1, 'old1', 'old2');
    expect(await ids(reader)).toEqual(['old1', 'old2']);
    await rebuilt(writer, 5, 'new');
    expect(await ids(reader)).toEqual(['old1', 'old2']);
    expect(await reader.checkpoint(GARAGE)).toBe(at(1));
    vi.advanceTimersByTime(1001);
    expect(await ids(reader)).toEqual(['new']);
    expect(await reader.checkpoint(GARAGE)).toBe(at(5));
    expect(() => new MongoReader(connection, 1001)).toThrow(RangeError);
  });

  it('are not taken from one who begins to build them while another one looks for what is left behind', async () => {
    const writer = await prepared();
    const list = connection.db.listCollections.bind(connection.db);
    const begun = Promise.withResolvers<Awaited<ReturnType<MongoWriter['rebuild']>>>();
    let lists = 0;
    // The first list is that of what is served.
    connection.db.listCollections = ((filter: object, options: object) => ({
      async toArray() {
        if (++lists === 2) {
          const rebuild = await writer.rebuild(GARAGE);
          await write(rebuild.writer, 5, 'new');
          begun.resolve(rebuild);
        }
        return await list(filter, options).toArray();
      },
    })) as typeof connection.db.listCollections;
    await prepared();
    await (await begun.promise).swap();
    expect(await ids(new MongoReader(connection))).toEqual(['new']);
  });

  it('never answer from a dropped collection as if it were empty', async () => {
    const writer = await prepared();
    await write(writer, 1, 'old');
    const asked = connection.db.collection.bind(connection.db);
    let stopped = false;
    const reader = new MongoReader(connection, 1000);
    expect(await ids(reader)).toEqual(['old']);
    await rebuilt(writer, 5, 'new');
    // Between the look at the pointer and the query: long enough for the old collection to go.
    const spy = vi.spyOn(connection.db, 'collection').mockImplementation(((name: string) => {
      if (name.startsWith('cars@') && !stopped) {
        stopped = true;
        vi.advanceTimersByTime(20_000);
        const late = async () => {
          await connection.db.dropCollection(name);
          return await asked(name).find().toArray();
        };
        return { find: () => ({ toArray: late }) };
      }
      return asked(name);
    }) as typeof connection.db.collection);
    expect(await ids(reader)).toEqual(['new']);
    spy.mockRestore();
    expect(stopped).toBe(true);
  });

  it('are dropped after a while, with what was recorded of them', async () => {
    const writer = await prepared();
    await write(writer, 1, 'c1');
    const [old] = await physical();
    await rebuilt(writer, 5, 'c1');
    vi.advanceTimersByTime(9000);
    await write(writer, 6, 'c2');
    expect(await physical()).toContain(old);
    vi.advanceTimersByTime(1500);
    await write(writer, 7, 'c3');
    expect(await physical()).not.toContain(old);
    expect(await physical('makers')).toHaveLength(1);
    expect(await connection.db.collection('_generations').countDocuments()).toBe(1);
    expect(writer.stats()).toMatchObject({ dropped: 1 });
  });

  it('are dropped by the next projector when the one that replaced them has died', async () => {
    const first = await prepared();
    await write(first, 1, 'c1');
    const [old] = await physical();
    await rebuilt(first, 5, 'c1');
    const second = await prepared();
    vi.advanceTimersByTime(10_001);
    await write(second, 6, 'c2');
    expect(await physical()).not.toContain(old);
    expect(await ids(second)).toEqual(['c1', 'c2']);
  });

  it('are thrown away when their rebuild was cut off, but not while it goes on elsewhere', async () => {
    const builder = await prepared();
    const dead = await builder.rebuild(GARAGE);
    await write(dead.writer, 1, 'x');
    const alive = await builder.rebuild(GARAGE);
    await write(alive.writer, 1, 'y');
    const projector = await prepared();
    expect(await physical()).toHaveLength(3);
    vi.advanceTimersByTime(40_000);
    await write(alive.writer, 2, 'y');
    vi.advanceTimersByTime(30_000);
    await write(projector, 3, 'z');
    expect(await physical()).toHaveLength(2);
    await expect(write(dead.writer, 4, 'x')).rejects.toThrow(ReadModelFencedError);
    await expect(dead.swap()).rejects.toThrow(ReadModelFencedError);
    await alive.swap();
    expect(await ids(projector)).toEqual(['y']);
  });

  it('fence the projector whose collections were replaced by another process; it goes on with the new ones', async () => {
    const projector = await prepared();
    await write(projector, 1, 'c1');
    const other = new MongoWriter(connection);
    await rebuilt(other, 5, 'c5');
    await expect(write(projector, 2, 'c2')).rejects.toThrow(ReadModelFencedError);
    await projector.prepare(GARAGE, collections);
    expect(await projector.checkpoint(GARAGE)).toBe(at(5));
    await write(projector, 6, 'c6');
    expect(await ids(projector)).toEqual(['c5', 'c6']);
    await expect(write(other, 7, 'c7')).rejects.toThrow(ReadModelFencedError);
  });

  it('leave nothing of a rebuild that was given up', async () => {
    const writer = await prepared();
    await write(writer, 1, 'c1');
    const before = await physical();
    const rebuild = await writer.rebuild(GARAGE);
    await write(rebuild.writer, 9, 'c9');
    expect(await rebuild.writer.count('cars')).toBe(1);
    expect((await rebuild.writer.find('cars', { limit: 1 })).items).toMatchObject([{ id: 'c9' }]);
    await rebuild.discard();
    expect(await physical()).toEqual(before);
    await write(writer, 2, 'c2');
    expect(await ids(writer)).toEqual(['c1', 'c2']);
  });

  it('are made anew by a newer version of the projection, which fences the older one', async () => {
    const older = await prepared();
    await write(older, 1, 'c1');
    const newer = new MongoWriter(connection);
    await newer.prepare('garage@2', collections);
    await expect(write(older, 2, 'c2')).rejects.toThrow(ReadModelFencedError);
    expect(await ids(newer)).toEqual([]);
    expect(await newer.checkpoint('garage@2')).toBe('');
  });

  it.each([
    [
      'a collection',
      async () => void (await connection.db.dropCollection((await physical('makers'))[0] ?? '')),
    ],
    [
      'the state of the writer',
      async () => void (await connection.db.collection('_generations').deleteMany()),
    ],
    ['everything', async () => void (await connection.db.dropDatabase())],
  ])('begin anew after somebody has dropped %s', async (_, drop) => {
    const writer = await prepared();
    await write(writer, 1, 'c1');
    await drop();
    await writer.prepare(GARAGE, collections);
    expect(await writer.checkpoint(GARAGE)).toBe('');
    expect(await writer.get('cars', 'c1')).toBeNull();
    await write(writer, 2, 'c2');
    expect(await ids(writer)).toEqual(['c2']);
  });

  it('begin anew when the record of a half-written batch is lost', async () => {
    const paused = withPause(connection, 8);
    const sleeper = await prepared(paused.connection);
    const writing = write(sleeper, 1, 'c1').then(
      () => null,
      (error: unknown) => error,
    );
    await paused.reached;
    const [generation] = await connection.db.collection('_generations').find().toArray();
    expect(generation?.['redo']).not.toBeNull();
    await connection.db.collection('_redo').deleteMany();
    const writer = await prepared();
    expect(await writer.checkpoint(GARAGE)).toBe('');
    expect(lines).toContainEqual(expect.stringContaining('building it anew'));
    paused.resume();
    expect(await writing).toBeInstanceOf(ReadModelFencedError);
    expect(await ids(writer)).toEqual([]);
  });

  it('say that they are gone to a projector that is writing, and to readers', async () => {
    const writer = await prepared();
    const reader = new MongoReader(connection, 0);
    await write(writer, 1, 'c1');
    await connection.db.dropDatabase();
    await expect(write(writer, 2, 'c2')).rejects.toThrow(/not in MongoDB any more/);
    await expect(reader.find('cars', { limit: 1 })).rejects.toThrow(ReadModelUnavailableError);
    expect(await reader.checkpoint(GARAGE)).toBe('');
    // What the late writer left in the new database is not taken for anything.
    await writer.prepare(GARAGE, collections);
    expect(await writer.count('cars')).toBe(0);
    expect(await physical()).toHaveLength(1);
  });

  it('are not written by who has not prepared them', async () => {
    const writer = new MongoWriter(connection);
    await expect(write(writer, 1, 'c1')).rejects.toThrow(ReadModelFencedError);
    await expect(writer.get('cars', 'c1')).rejects.toThrow(/prepare it first/);
    await expect(writer.rebuild(GARAGE)).rejects.toThrow(/no projection/);
  });
});
