/** What verification finds in a log that somebody has changed behind our back. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openEventStoreDb } from '../../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import { append, events, readAll, verify } from '../../../contract/event-store/samples.ts';
import { startEventStoreDouble } from '../../../doubles/eventstoredb/double.ts';
import { type TestedStore, tempDirectory } from './support.ts';

/** Fills a log, changes its file, and looks at what is left. */
async function tampered(sql: string, look: (store: TestedStore) => Promise<void>): Promise<void> {
  const { directory, remove } = await tempDirectory();
  const opened = async () => {
    const double = await startEventStoreDouble({ directory });
    return { double, store: await openEventStoreDb({ connectionString: double.url, log: () => {} }) };
  };
  const before = await opened();
  await append(before.store, 'a-1', -1, events(2));
  await append(before.store, 'b-1', -1, events(1));
  await append(before.store, 'a-1', 1, events(3));
  await append(before.store, 'a-1', 4, events(1));
  await before.store.close();
  await before.double.stop();
  const db = new DatabaseSync(join(directory, 'log.db'));
  expect(db.prepare(sql).run().changes).toBeGreaterThan(0);
  db.close();
  const after = await opened();
  await look(after.store);
  await after.store.close();
  await after.double.stop();
  await remove();
}

const OF_A1 = "stream_id = (SELECT id FROM streams WHERE name = 'a-1')";
const change = (column: string, from: string, to: string, revision: number): string =>
  `UPDATE events SET ${column} = CAST(replace(CAST(${column} AS TEXT), '${from}', '${to}') AS BLOB)
   WHERE ${OF_A1} AND revision = ${revision}`;

const withHash = (hash: string, revision: number): string =>
  `UPDATE events SET metadata = CAST(json_set(CAST(metadata AS TEXT), '$.fw.hash', '${hash}') AS BLOB)
   WHERE ${OF_A1} AND revision = ${revision}`;

describe('verification', () => {
  it('finds nothing in a log that is as it was written', async () => {
    await tampered("UPDATE events SET created_ms = 1 WHERE type = 'Tested'", async (store) => {
      expect(await verify(store)).toEqual({ appends: 4, streams: 2, problems: [] });
    });
  });

  it.each([
    ['changed data', change('data', '"index":1', '"index":7', 3)],
    ['data that says the same in other bytes', change('data', '"index":1', '"index": 1', 3)],
    ['changed metadata', change('metadata', 'ada', 'eve', 2)],
    ['another type', `UPDATE events SET type = 'Other' WHERE ${OF_A1} AND revision = 4`],
    [
      'another id',
      `UPDATE events SET id = 'aaaaaaaa-0000-4000-8000-000000000000' WHERE ${OF_A1} AND revision = 3`,
    ],
    ['another hash', withHash('0'.repeat(64), 4)],
  ])('finds %s', async (_what, sql) => {
    await tampered(sql, async (store) => {
      const { problems } = await verify(store);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems[0]).toMatchObject({ stream: 'a-1', revision: 2 });
      expect((await verify(store, 'b-1')).problems).toEqual([]);
      expect((await verify(store, 'a-1')).problems).toEqual(problems);
    });
  });

  it('finds a missing event, in the middle of an append and a whole one', async () => {
    await tampered(`DELETE FROM events WHERE ${OF_A1} AND revision = 3`, async (store) => {
      const { problems } = await verify(store);
      expect(problems).toContainEqual({ stream: 'a-1', revision: 2, what: 'its last events are missing' });
      const all = async () => {
        for await (const batch of store.appends()) expect(batch.length).toBeGreaterThan(0);
      };
      await expect(all()).rejects.toThrow(/is not whole/);
    });
    await tampered(`DELETE FROM events WHERE ${OF_A1} AND revision BETWEEN 2 AND 4`, async (store) => {
      expect((await verify(store)).problems).toContainEqual({
        stream: 'a-1',
        revision: 5,
        what: 'the append after revision 1 is missing or out of order',
      });
    });
  });

  it('does not take events of others for its own', async () => {
    await tampered(
      `UPDATE events SET metadata = CAST('{}' AS BLOB) WHERE ${OF_A1} AND revision = 0`,
      async (store) => {
        await expect(readAll(store)).rejects.toMatchObject({
          code: 'read-failed',
          message: expect.stringContaining('an event store of its own'),
        });
        await expect(verify(store)).rejects.toMatchObject({ code: 'read-failed' });
      },
    );
  });
});
