/** Copies a directory of keys while a server may be using it: each file whole or not at all, mode 0600. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { KeyFileError } from './secret-file.ts';

const SQLITE = '.sqlite';
/** What SQLite keeps beside a database, and drafts of a key file. */
const PASSING = /(-wal|-shm|-journal)$|^\..*\.new$/;

/**
 * @param replace whether a file there that is another one is replaced (a backup that is brought up to date), or
 *   refused before anything is written (a restore must not take keys away).
 * @returns how many files there are now.
 * @throws KeyFileError for a file that is refused.
 */
export async function copyKeyDirectory(from: string, to: string, replace: boolean): Promise<number> {
  const names = await filesOf(from);
  const different: string[] = [];
  for (const name of names) if (!(await isSame(join(from, name), join(to, name)))) different.push(name);
  if (!replace) await mustBeMissing(to, different);
  for (const name of different) {
    const target = join(to, name);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await put(join(from, name), target);
  }
  return names.length;
}

/** One file, as `copyKeyDirectory` copies them; nothing when there is none. */
export async function copyKeyFile(from: string, to: string): Promise<void> {
  if (existsSync(from)) await put(from, to);
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !PASSING.test(entry.name))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

async function mustBeMissing(directory: string, names: readonly string[]): Promise<void> {
  const other = names.map((name) => join(directory, name)).find((path) => existsSync(path));
  if (other !== undefined)
    throw new KeyFileError(
      `${other} is another key than the one to be restored: restore into an empty keys directory, or move it away. Nothing was changed there.`,
    );
}

const isSame = async (one: string, other: string): Promise<boolean> =>
  existsSync(other) && (await digestOf(one)).equals(await digestOf(other));

async function digestOf(path: string): Promise<Buffer> {
  const digest = createHash('sha256');
  if (!path.endsWith(SQLITE)) return digest.update(await readFile(path)).digest();
  for (const row of rowsOf(path)) digest.update(row);
  return digest.digest();
}

/** What a database holds, whatever its pages look like. */
function* rowsOf(path: string): Generator<string> {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    const tables = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    for (const { name, sql } of tables) {
      yield `${String(sql)}\n`;
      for (const row of db.prepare(`SELECT * FROM "${String(name)}" ORDER BY 1`).iterate())
        yield `${Object.values(row).map(asText).join(' ')}\n`;
    }
  } finally {
    db.close();
  }
}

const asText = (value: unknown): string =>
  JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);

async function put(from: string, to: string): Promise<void> {
  const draft = join(dirname(to), `.${randomUUID()}.new`);
  try {
    await (await open(draft, 'wx', 0o600)).close();
    if (from.endsWith(SQLITE)) await copyDatabase(from, draft);
    else await copyFile(from, draft);
    await chmod(draft, 0o600);
    await sync(draft);
    // Of the database that was there: SQLite would take it for the new one's.
    for (const rest of ['-wal', '-shm']) await rm(to + rest, { force: true });
    await rename(draft, to);
  } finally {
    await rm(draft, { force: true });
  }
  if (process.platform !== 'win32') await sync(dirname(to));
}

async function copyDatabase(from: string, to: string): Promise<void> {
  const db = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    await backup(db, to);
  } finally {
    db.close();
  }
  // In one file: whoever only reads it leaves nothing beside it. A server that opens it changes that again.
  const copy = new DatabaseSync(to);
  copy.exec('PRAGMA journal_mode = DELETE');
  copy.close();
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
