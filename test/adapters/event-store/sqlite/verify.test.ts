import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteEventReader } from '../../../../src/adapters/event-store/sqlite/sqlite-event-reader.ts';
import { openSqliteEventStore } from '../../../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import type { VerifyProgress } from '../../../../src/app/ports.ts';
import { append, event, events, verify } from '../../../contract/event-store/samples.ts';
import { temporaryDirectory } from './temporary.ts';

/** Three streams: `a-1` with appends at 0, 2 and 5, `b-1` and `c-1` with one each. Then `sql` is done to the file. */
async function tamper(sql: string): Promise<VerifyProgress> {
  await using place = await temporaryDirectory();
  const store = await openSqliteEventStore({ path: place.path });
  await append(store, 'a-1', -1, events(2));
  await append(store, 'b-1', -1, [event({ text: 'ü\ufffd' })]);
  await append(store, 'a-1', 1, events(3));
  await append(store, 'c-1', -1);
  await append(store, 'a-1', 4);
  expect(await verify(store)).toEqual({ appends: 5, streams: 3, problems: [] });
  await store.close();
  const db = new DatabaseSync(place.path);
  db.exec(sql);
  db.close();
  const reader = openSqliteEventReader({ path: place.path });
  const found = await verify(reader);
  await reader.close();
  return found;
}

const problemsOf = async (sql: string) =>
  (await tamper(sql)).problems.map(({ stream, revision, what }) => `${stream}@${revision}: ${what}`);

/** Id of a stream. */
const id = (stream: string) => `(SELECT id FROM streams WHERE name = '${stream}')`;
const at = (stream: string, revision: number) =>
  `WHERE stream_id = ${id(stream)} AND first_revision = ${revision}`;

describe('verification', () => {
  it.each([
    [
      'a changed character of a body',
      `UPDATE appends SET body = replace(body, '"index":1', '"index":7') ${at('a-1', 2)}`,
    ],
    [
      'a changed character of metadata',
      `UPDATE appends SET metadata = replace(metadata, 'ada', 'bob') ${at('a-1', 2)}`,
    ],
    ['a changed hash', `UPDATE appends SET hash = zeroblob(32) ${at('a-1', 2)}`],
  ])('finds %s', async (_, sql) => {
    expect((await problemsOf(sql))[0]).toBe('a-1@2: the hash does not match');
  });

  it('finds a byte that would read the same as before', async () => {
    // U+FFFD replaced by a byte that is no UTF-8 and that decoders show as U+FFFD.
    const sql = `UPDATE appends SET body = CAST(replace(CAST(body AS BLOB), x'efbfbd', x'ff') AS TEXT) ${at('b-1', 0)}`;
    expect(await problemsOf(sql)).toEqual(['b-1@0: the hash does not match']);
  });

  it('finds a removed append in the middle of a stream', async () => {
    const found = await problemsOf(`DELETE FROM appends ${at('a-1', 2)}`);
    expect(found).toContain('a-1@5: the append after revision 1 is missing or out of order');
    expect(found).toContain('c-1@0: positions jump from 0000000000000003 to 0000000000000007');
  });

  it('finds a removed tail', async () => {
    expect(await problemsOf(`DELETE FROM appends ${at('a-1', 5)}`)).toEqual([
      'a-1@5: the head does not match: its last append ends at revision 4',
    ]);
  });

  it('finds a stream whose appends are all gone, and appends whose stream is gone', async () => {
    expect((await problemsOf(`DELETE FROM appends WHERE stream_id = ${id('b-1')}`))[0]).toBe(
      'b-1@0: the head does not match: its last append ends at revision -1',
    );
    expect(await problemsOf(`DELETE FROM streams WHERE name = 'b-1'`)).toEqual([
      '@0: an append belongs to no stream',
    ]);
  });

  it('finds appends that have changed places', async () => {
    const swapped = `
      UPDATE appends SET first_revision = 100 ${at('a-1', 0)};
      UPDATE appends SET first_revision = 0 ${at('a-1', 5)};
      UPDATE appends SET first_revision = 5 ${at('a-1', 100)};`;
    expect((await problemsOf(swapped)).length).toBeGreaterThan(0);
    const moved = `
      UPDATE appends SET position = 100 ${at('a-1', 0)};
      UPDATE appends SET position = 1 ${at('a-1', 5)};
      UPDATE appends SET position = 8 ${at('a-1', 0)};`;
    expect(await problemsOf(moved)).toContain('a-1@2: its position is before that of the append before it');
  });

  it('finds a head that does not match', async () => {
    expect(await problemsOf(`UPDATE streams SET revision = 9 WHERE name = 'a-1'`)).toEqual([
      'a-1@9: the head does not match: its last append ends at revision 5',
    ]);
    expect(await problemsOf(`UPDATE streams SET hash = zeroblob(32) WHERE name = 'c-1'`)).toHaveLength(1);
  });

  it('finds a renamed stream and a number of events that does not match', async () => {
    expect((await problemsOf(`UPDATE streams SET name = 'x-1' WHERE name = 'c-1'`))[0]).toBe(
      'x-1@0: the hash does not match',
    );
    expect(await problemsOf(`UPDATE appends SET count = 2 ${at('c-1', 0)}`)).toContain(
      'c-1@0: it holds another number of events than the stated 2',
    );
  });

  it('goes in steps that tell how far it is, also inside a long stream', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    const requests = Array.from({ length: 4500 }, (_, n) => ({
      stream: 'long-1',
      expectedRevision: n - 1,
      events: [event()],
      metadata: {
        actor: { kind: 'system' as const, id: 'test' },
        time: '2026-03-01T10:00:00.000Z',
        correlationId: 'c',
        causationId: null,
        source: 'system',
      },
    }));
    await store.append(requests);
    const steps: number[] = [];
    for await (const { appends } of store.verify()) steps.push(appends);
    expect(steps.slice(0, 3)).toEqual([2000, 4000, 4500]);
    await store.close();
  });
});
