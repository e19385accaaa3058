import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteReader } from '../../../../src/adapters/read-model/sqlite/sqlite-reader.ts';
import { openSqliteReadModel } from '../../../../src/adapters/read-model/sqlite/sqlite-writer.ts';
import type { ReadModelWriter } from '../../../../src/app/ports.ts';

const at = (n: number): string => n.toString(16).padStart(16, '0');
const collections = [{ name: 'cars', indexes: ['model'] }];
const put = (writer: ReadModelWriter, id: string, position: number, model = 'A') =>
  writer.write('garage@1', {
    puts: [{ collection: 'cars', id, model, position: at(position), eventId: `e${position}` }],
    deletes: [],
    checkpoint: at(position),
  });

describe('read models in a SQLite file', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fleetwave-read-model-'));
    path = join(directory, 'read-models.sqlite');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const tables = (): number => {
    const db = new DatabaseSync(path, { readOnly: true });
    const { n } = db
      .prepare(`SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name LIKE 'cars#%'`)
      .get() as { n: number };
    db.close();
    return n;
  };

  it('are there again after they were closed', async () => {
    const first = openSqliteReadModel(path);
    await first.prepare('garage@1', collections);
    await put(first, 'c1', 1);
    await first.close();
    const second = openSqliteReadModel(path);
    await second.prepare('garage@1', collections);
    expect(await second.get('cars', 'c1')).toMatchObject({ id: 'c1', position: at(1) });
    expect(await second.checkpoint('garage@1')).toBe(at(1));
    await second.close();
  });

  it('forget a rebuild that was cut off', async () => {
    const first = openSqliteReadModel(path);
    await first.prepare('garage@1', collections);
    await put(first, 'c1', 1);
    const rebuild = await first.rebuild('garage@1');
    await put(rebuild.writer, 'c1', 9);
    expect(tables()).toBe(2);
    await first.close();
    const second = openSqliteReadModel(path);
    expect(tables()).toBe(1);
    expect(await second.get('cars', 'c1')).toMatchObject({ position: at(1) });
    expect(await second.checkpoint('garage@1')).toBe(at(1));
    await second.close();
  });

  it('are read while a batch is being written', async () => {
    const writer = openSqliteReadModel(path);
    await writer.prepare('garage@1', collections);
    await put(writer, 'c1', 1);
    const reader = openSqliteReader(path);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE; DELETE FROM checkpoints');
    expect(await reader.get('cars', 'c1')).toMatchObject({ position: at(1) });
    expect(await reader.checkpoint('garage@1')).toBe(at(1));
    other.exec('ROLLBACK');
    other.close();
    reader.close();
    await writer.close();
  });

  it('say which field or collection is not there', async () => {
    const writer = openSqliteReadModel(path);
    await writer.prepare('garage@1', collections);
    await expect(writer.find('cars', { where: { colour: 'red' }, limit: 1 })).rejects.toThrow(
      'colour is not indexed',
    );
    await expect(writer.find('ships', { limit: 1 })).rejects.toThrow('no collection ships');
    await expect(writer.find('cars', { limit: 0 })).rejects.toThrow('1..1000');
    await writer.close();
  });
});
