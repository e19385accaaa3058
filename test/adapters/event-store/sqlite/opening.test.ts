import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteEventReader } from '../../../../src/adapters/event-store/sqlite/sqlite-event-reader.ts';
import { openSqliteEventStore } from '../../../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { append, events, readAll, verify } from '../../../contract/event-store/samples.ts';
import { temporaryDirectory } from './temporary.ts';

/** Another process that appends one event after another and prints the position of each that is durable. */
function startWriter(path: string): { child: ChildProcess; lines: AsyncIterableIterator<string> } {
  const script = new URL('./writing-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('the child has no output');
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('opening a log', () => {
  it('is refused to a second writer, naming the data directory, and allowed after close', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    const second = openSqliteEventStore({ path: place.path });
    await expect(second).rejects.toMatchObject({ code: 'in-use' });
    await expect(second).rejects.toThrow(`the data directory ${place.directory} is in use`);
    await append(store, 'a-1', -1);
    await store.close();
    const third = await openSqliteEventStore({ path: place.path });
    expect(await readAll(third)).toHaveLength(1);
    await third.close();
  });

  it('is refused while another process writes; after kill -9 all that it was told is there', async () => {
    await using place = await temporaryDirectory();
    const { child, lines } = startWriter(place.path);
    let last = '';
    for (let n = 0; n < 40; n++) last = String((await lines.next()).value);
    await expect(openSqliteEventStore({ path: place.path })).rejects.toMatchObject({ code: 'in-use' });
    await kill(child);
    for await (const line of lines) last = line;
    const store = await openSqliteEventStore({ path: place.path });
    expect((await store.head()) >= last).toBe(true);
    expect((await readAll(store)).some(({ position }) => position === last)).toBe(true);
    expect((await verify(store)).problems).toEqual([]);
    await store.close();
  });

  it('lets a reader follow another process', async () => {
    await using place = await temporaryDirectory();
    const { child, lines } = startWriter(place.path);
    await lines.next();
    const reader = openSqliteEventReader({ path: place.path });
    let seen = 0;
    await new Promise<void>((resolve, reject) => {
      reader.subscribe({
        onBatch: async ({ events: batch }) => {
          seen += batch.length;
          if (seen >= 30) resolve();
        },
        onError: reject,
      });
    });
    await reader.close();
    await kill(child);
    expect(seen).toBeGreaterThanOrEqual(30);
  });

  it('is refused for a file of a newer version', async () => {
    await using place = await temporaryDirectory();
    await (await openSqliteEventStore({ path: place.path })).close();
    const db = new DatabaseSync(place.path);
    db.exec('PRAGMA user_version = 7');
    db.close();
    const message = /log version 7, this program knows 1: use a newer Fleetwave/;
    await expect(openSqliteEventStore({ path: place.path })).rejects.toThrow(message);
    expect(() => openSqliteEventReader({ path: place.path })).toThrow(message);
  });

  it('is refused for anything that is not a log', async () => {
    await using place = await temporaryDirectory();
    expect(() => openSqliteEventReader({ path: place.path })).toThrow(/there is no event log/);
    const db = new DatabaseSync(place.path);
    db.exec('CREATE TABLE other (id)');
    db.close();
    await expect(openSqliteEventStore({ path: place.path })).rejects.toMatchObject({ code: 'no-log' });
    await writeFile(
      `${place.path}.txt`,
      'a text that is long enough to be no database header at all '.repeat(20),
    );
    await expect(openSqliteEventStore({ path: `${place.path}.txt` })).rejects.toThrow(/can't be read/);
  });

  it('shows events to people who look into the file', async () => {
    await using place = await temporaryDirectory();
    const store = await openSqliteEventStore({ path: place.path });
    await append(store, 'a-1', -1, events(2));
    await append(store, 'a-1', 1, events(1));
    await store.close();
    const db = new DatabaseSync(place.path, { readOnly: true });
    const rows = db.prepare('SELECT position, stream, revision, type, data FROM events').all();
    db.close();
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { position: '0000000000000001', stream: 'a-1', revision: 0, type: 'Tested', data: '{"index":0}' },
      { position: '0000000000000002', stream: 'a-1', revision: 1, type: 'Tested', data: '{"index":1}' },
      { position: '0000000000000003', stream: 'a-1', revision: 2, type: 'Tested', data: '{"index":0}' },
    ]);
  });
});
