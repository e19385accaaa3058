/** What is recorded of a batch before it is written, and what is refused before anything is recorded. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from '../../../../src/adapters/read-model/mongodb/connection.ts';
import { MongoWriter } from '../../../../src/adapters/read-model/mongodb/mongo-writer.ts';
import { dropRedo, loadRedo, storeRedo } from '../../../../src/adapters/read-model/mongodb/redo.ts';
import type { Document } from '../../../../src/app/ports.ts';
import { freshDatabase, servers } from './databases.ts';

const changes = {
  puts: [{ collection: 'cars', id: 'c1', name: 'Ünïcode 😀'.repeat(20), position: '1' }],
  deletes: [{ collection: 'cars', id: 'c2' }],
};

describe.each(servers)('batches on $name', (server) => {
  let connection: Connection;
  beforeAll(async () => {
    const url = freshDatabase(await server.url());
    connection = await Connection.open({ url, log: () => {}, retry_ms: 5000 });
  });
  beforeEach(async () => {
    await connection.db.dropDatabase();
  });
  afterAll(async () => {
    await connection.db.dropDatabase();
    await connection.close();
  });

  const stored = async (): Promise<string[]> =>
    (await connection.db.collection('_redo').find().toArray()).map(({ _id }) => String(_id)).sort();

  it('are recorded in as many chunks as they need, and come back whole', async () => {
    const place = { generation: 7, epoch: 8, batch: 1 };
    const chunks = await storeRedo(connection, place, changes, 50);
    expect(chunks).toBeGreaterThan(5);
    expect(await stored()).toHaveLength(chunks);
    expect(await loadRedo(connection, place, chunks)).toEqual(changes);
    await connection.db.collection('_redo').deleteOne({ _id: (await stored())[3] as never });
    expect(await loadRedo(connection, place, chunks)).toBeNull();
  });

  it('take the place of the records of earlier batches and writers, and of no others', async () => {
    for (const [generation, epoch, batch] of [
      [6, 9, 9],
      [7, 8, 2],
      [7, 9, 1],
      [7, 9, 3],
      [8, 1, 1],
    ] as const)
      await connection.db.collection('_redo').insertOne({
        _id: [generation, epoch, batch, 0].map((n) => String(n).padStart(16, '0')).join('/') as never,
      });
    await storeRedo(connection, { generation: 7, epoch: 9, batch: 2 }, changes);
    expect((await stored()).map((id) => id.split('/').map(Number).join('/'))).toEqual([
      '6/9/9/0',
      '7/9/2/0',
      '7/9/3/0',
      '8/1/1/0',
    ]);
    await dropRedo(connection, 7);
    expect(await stored()).toHaveLength(2);
  });

  it('that can never be written are refused before they are recorded', async () => {
    const writer = new MongoWriter(connection);
    await writer.prepare('garage@1', [{ name: 'cars', indexes: ['model'] }]);
    const write = (document: Document & { collection: string }, n: number) =>
      writer.write('garage@1', { puts: [document], deletes: [], checkpoint: `0${n}` });
    const huge = {
      collection: 'cars',
      id: 'huge',
      position: '01',
      parts: Array(40).fill('x'.repeat(500_000)),
    };
    await expect(write(huge, 1)).rejects.toThrow(/cars\/huge has \d+ bytes/);
    const odd = { collection: 'cars', id: 'odd', position: '01', model: { nested: true } };
    await expect(write(odd, 1)).rejects.toThrow(/indexed field/);
    await expect(write({ collection: 'ships', id: 's', position: '01' }, 1)).rejects.toThrow(/ships/);
    expect(await stored()).toEqual([]);
    // Nothing has happened: the writer goes on.
    const large = { ...huge, id: 'large', parts: huge.parts.slice(0, 30) };
    await write(large, 2);
    expect(await writer.get('cars', 'large')).toEqual({ ...large, collection: undefined });
    expect(await writer.checkpoint('garage@1')).toBe('02');
  });
});
