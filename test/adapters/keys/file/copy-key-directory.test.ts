import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyKeyDirectory } from '../../../../src/adapters/keys/file/copy-key-directory.ts';

describe('copying a directory of keys', () => {
  let base: string;
  let from: string;
  let to: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'fleetwave-keys-'));
    [from, to] = [join(base, 'from'), join(base, 'to')];
    mkdirSync(join(from, 'trusted'), { recursive: true });
    writeFileSync(join(from, 'master.json'), '{"a":1}', { mode: 0o600 });
    writeFileSync(join(from, 'trusted', 'oem.pem'), 'public');
    writeFileSync(join(from, '.draft.new'), 'half');
  });
  afterEach(() => rmSync(base, { recursive: true }));

  const database = (directory: string): DatabaseSync => {
    const db = new DatabaseSync(join(directory, 'vin-keys.sqlite'));
    db.exec(
      'PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS vin_keys (vehicle_id TEXT PRIMARY KEY, key BLOB)',
    );
    return db;
  };
  const add = (db: DatabaseSync, id: string): unknown =>
    db.prepare('INSERT INTO vin_keys VALUES (?, ?)').run(id, Buffer.from(id));
  const rowsIn = (directory: string): unknown[] => {
    const db = new DatabaseSync(join(directory, 'vin-keys.sqlite'), { readOnly: true });
    try {
      return db.prepare('SELECT vehicle_id FROM vin_keys ORDER BY 1').all();
    } finally {
      db.close();
    }
  };

  it('copies every key, for nobody else to read, and no drafts', async () => {
    expect(await copyKeyDirectory(from, to, false)).toBe(2);
    expect(readFileSync(join(to, 'master.json'), 'utf8')).toBe('{"a":1}');
    expect(readFileSync(join(to, 'trusted', 'oem.pem'), 'utf8')).toBe('public');
    expect(readdirSync(to).sort()).toEqual(['master.json', 'trusted']);
    for (const path of ['master.json', 'trusted/oem.pem'])
      expect(statSync(join(to, path)).mode & 0o777).toBe(0o600);
    expect(statSync(to).mode & 0o777).toBe(0o700);
  });

  it('copies a database that a server is writing, with all that was committed', async () => {
    const db = database(from);
    add(db, 'A');
    expect(await copyKeyDirectory(from, to, true)).toBe(3);
    expect(rowsIn(to)).toHaveLength(1);
    add(db, 'B');
    await copyKeyDirectory(from, to, true);
    expect(rowsIn(to)).toHaveLength(2);
    db.close();
    expect(readdirSync(to).sort()).toEqual(['master.json', 'trusted', 'vin-keys.sqlite']);
  });

  it('is a repetition where the same keys are there, however their database looks', async () => {
    const db = database(from);
    for (const id of ['A', 'B', 'C']) add(db, id);
    await copyKeyDirectory(from, to, false);
    db.exec("DELETE FROM vin_keys WHERE vehicle_id = 'B'; VACUUM");
    add(db, 'B');
    const before = statSync(join(to, 'vin-keys.sqlite')).ino;
    expect(await copyKeyDirectory(from, to, false)).toBe(3);
    expect(statSync(join(to, 'vin-keys.sqlite')).ino).toBe(before);
    db.close();
  });

  it.each(['master.json', 'vin-keys.sqlite'])(
    'never puts a restored %s in the place of another',
    async (name) => {
      database(from).close();
      await copyKeyDirectory(from, to, false);
      rmSync(join(to, 'trusted'), { recursive: true });
      if (name === 'master.json') writeFileSync(join(to, name), '{"b":2}');
      else {
        const db = database(to);
        add(db, 'Z');
        db.close();
      }
      await expect(copyKeyDirectory(from, to, false)).rejects.toThrow(
        new RegExp(`${name} is another key than the one to be restored.*Nothing was changed`),
      );
      expect(existsSync(join(to, 'trusted'))).toBe(false);
    },
  );
});
