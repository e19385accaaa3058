/** Tables of the read models: one per collection and generation, so that a rebuilt one takes over in one step. */
import { DatabaseSync } from 'node:sqlite';
import type { CollectionSpec, Position } from '../../../app/ports.ts';
import { START } from '../../../app/ports.ts';

/** Raised when what is stored is laid out differently: older files are then built anew. */
const LAYOUT = 1;

/** KiB of page cache: documents come in any order, so pages of a batch lie anywhere. */
const CACHE_KIB = 65_536;
/** Pages of WAL after which a commit also checkpoints: 64 MiB, so that a page changed often is copied once. */
const CHECKPOINT_PAGES = 16_384;

export interface LiveTable {
  readonly table: string;
  readonly projection: string;
  readonly indexes: readonly string[];
}

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const column = (field: string): string => quote(`f_${field}`);

export function openForWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000');
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version !== 0 && version !== LAYOUT) dropEverything(db);
  db.exec(`
    CREATE TABLE IF NOT EXISTS checkpoints (projection TEXT PRIMARY KEY, position TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS collections (
      name TEXT PRIMARY KEY, projection TEXT NOT NULL, live_table TEXT NOT NULL, indexes TEXT NOT NULL
    );
    PRAGMA user_version = ${LAYOUT};
  `);
  dropUnfinished(db);
  return db;
}

export function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  db.exec('PRAGMA busy_timeout = 5000');
  return db;
}

/** Read models are disposable: another layout is not migrated. */
function dropEverything(db: DatabaseSync): void {
  const tables = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all() as {
    name: string;
  }[];
  for (const { name } of tables) db.exec(`DROP TABLE ${quote(name)}`);
}

/** What a rebuild that was killed has left: nobody reads it. There is one writer of a file at a time. */
function dropUnfinished(db: DatabaseSync): void {
  const tables = db
    .prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%#%'
       AND name NOT IN (SELECT live_table FROM collections)`,
    )
    .all() as { name: string }[];
  for (const { name } of tables) db.exec(`DROP TABLE ${quote(name)}`);
}

export function createTable(db: DatabaseSync, table: string, indexes: readonly string[]): void {
  const columns = indexes.map((field) => `, ${column(field)}`).join('');
  db.exec(
    `CREATE TABLE ${quote(table)} (id TEXT PRIMARY KEY, position TEXT NOT NULL, event_id TEXT NOT NULL, doc TEXT NOT NULL${columns})`,
  );
  for (const field of indexes)
    db.exec(`CREATE INDEX ${quote(`${table}/${field}`)} ON ${quote(table)} (${column(field)}, id)`);
}

export function liveTable(db: DatabaseSync, collection: string): LiveTable | null {
  const row = db
    .prepare('SELECT live_table, projection, indexes FROM collections WHERE name = ?')
    .get(collection) as { live_table: string; projection: string; indexes: string } | undefined;
  return row === undefined
    ? null
    : { table: row.live_table, projection: row.projection, indexes: JSON.parse(row.indexes) as string[] };
}

/**
 * Tables of a projection for its collections. Where one is missing, indexed differently or of another version
 * (which has another name), all are made anew: documents are folded again from the beginning, and must not be
 * folded into what is left of before.
 */
export function ensureCollections(
  db: DatabaseSync,
  projection: string,
  collections: readonly CollectionSpec[],
): void {
  const fits = ({ name, indexes }: CollectionSpec): boolean => {
    const live = liveTable(db, name);
    return live?.projection === projection && JSON.stringify(live.indexes) === JSON.stringify(indexes);
  };
  if (collections.every(fits)) return;
  for (const { name, indexes } of collections) {
    const live = liveTable(db, name);
    if (live !== null) db.exec(`DROP TABLE ${quote(live.table)}`);
    const table = `${name}#${nextGeneration(db)}`;
    createTable(db, table, indexes);
    setLive(db, projection, name, table, indexes);
  }
  db.prepare('DELETE FROM checkpoints WHERE projection = ?').run(projection);
}

export function setLive(
  db: DatabaseSync,
  projection: string,
  name: string,
  table: string,
  indexes: readonly string[],
): void {
  db.prepare(
    `INSERT INTO collections (name, projection, live_table, indexes) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET projection = excluded.projection, live_table = excluded.live_table, indexes = excluded.indexes`,
  ).run(name, projection, table, JSON.stringify(indexes));
}

/** A number that no table has in its name yet. */
export function nextGeneration(db: DatabaseSync): number {
  const tables = db
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%#%'`)
    .all() as { name: string }[];
  return (
    tables.reduce((newest, { name }) => Math.max(newest, Number(name.slice(name.lastIndexOf('#') + 1))), 0) +
    1
  );
}

export function readCheckpoint(db: DatabaseSync, projection: string): Position {
  const row = db.prepare('SELECT position FROM checkpoints WHERE projection = ?').get(projection) as
    | { position: string }
    | undefined;
  return row?.position ?? START;
}

export function writeCheckpoint(db: DatabaseSync, projection: string, position: Position): void {
  db.prepare(
    'INSERT INTO checkpoints (projection, position) VALUES (?, ?) ON CONFLICT (projection) DO UPDATE SET position = excluded.position',
  ).run(projection, position);
}

/** Runs the work in one transaction; a failure leaves nothing of it. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
