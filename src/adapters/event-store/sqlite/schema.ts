/** The log file: tables, version, pragmas and the lock that keeps a second writer out. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EventStoreError, messageOf } from '../errors.ts';

/** PRAGMA user_version of a log that this code reads and writes. */
export const LOG_VERSION = 1;
/** `FLWL`: tells a log from any other SQLite file. */
const APPLICATION_ID = 0x464c574c;

/**
 * One row per append, its key being the number of its first event in the log: an event's position is that plus
 * its index. Numbers have no gaps. `streams` holds the head of each stream, so that a missing tail shows.
 */
const SCHEMA = `
CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TABLE appends (
  position INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  stream_id INTEGER NOT NULL,
  first_revision INTEGER NOT NULL,
  hash BLOB NOT NULL,
  metadata TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX appends_by_stream ON appends (stream_id, first_revision);
CREATE VIEW events AS
  SELECT printf('%016x', a.position + e.key) AS position, s.name AS stream,
    a.first_revision + e.key AS revision, e.value ->> 'id' AS id, e.value ->> 'type' AS type,
    e.value ->> 'v' AS schema_version, e.value -> 'data' AS data, a.metadata AS metadata
  FROM appends a JOIN streams s ON s.id = a.stream_id, json_each(a.body) e;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${LOG_VERSION};
`;

/** KiB of page cache: the writer meets old streams everywhere, readers have the system's cache behind them. */
const WRITER_CACHE_KIB = 65_536;
const READER_CACHE_KIB = 16_384;
/** Pages of WAL after which a commit also checkpoints: 64 MiB, so that a page changed often is copied once. */
const CHECKPOINT_PAGES = 16_384;

export interface WriterOptions {
  readonly path: string;
  /** Limit of the file in pages of 4 KiB: a disk of that size. */
  readonly maxPages?: number;
}

/** Pragmas of the writing connection: a commit is on disk when it returns. */
export function configureWriter(db: DatabaseSync, maxPages?: number): void {
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec(`PRAGMA cache_size = -${WRITER_CACHE_KIB}`);
  db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
}

export function createSchema(db: DatabaseSync): void {
  db.exec(`BEGIN IMMEDIATE;${SCHEMA}COMMIT;`);
}

/** @throws EventStoreError 'in-use', 'newer-file' or 'no-log'. */
export function openWriter(options: WriterOptions): { db: DatabaseSync; lock: DatabaseSync } {
  const lock = acquireLock(options.path);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(options.path, { timeout: 5000 });
    checkVersion(db, options.path, true);
    configureWriter(db, options.maxPages);
    if (pragma(db, 'user_version') === 0) createSchema(db);
    return { db, lock };
  } catch (error) {
    db?.close();
    lock.close();
    throw error;
  }
}

/** Reads beside a writer of this or another process, or without one. @throws EventStoreError 'newer-file' or 'no-log'. */
export function openReader(path: string): DatabaseSync {
  if (!existsSync(path)) throw new EventStoreError('no-log', `there is no event log at ${path}`);
  const db = new DatabaseSync(path, { timeout: 5000, readOnly: true });
  try {
    checkVersion(db, path, false);
    db.exec(`PRAGMA cache_size = -${READER_CACHE_KIB}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * A second, empty SQLite file whose exclusive lock is held as long as the log is open for writing. The system
 * drops it when the process dies, however it dies; readers of the log itself are not hindered.
 */
function acquireLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw new EventStoreError(
      'in-use',
      `the data directory ${dirname(path)} is in use: another process has ${path} open for writing (${messageOf(error)})`,
    );
  }
}

function checkVersion(db: DatabaseSync, path: string, mayBeNew: boolean): void {
  let version: number;
  let application: number;
  try {
    version = pragma(db, 'user_version');
    application = pragma(db, 'application_id');
  } catch (error) {
    throw new EventStoreError('no-log', `${path} can't be read as an event log: ${messageOf(error)}`);
  }
  const isNew = version === 0 && application === 0 && pragma(db, 'schema_version') === 0;
  if (isNew && mayBeNew) return;
  if (application !== APPLICATION_ID) throw new EventStoreError('no-log', `${path} is not an event log`);
  if (version > LOG_VERSION)
    throw new EventStoreError(
      'newer-file',
      `${path} has log version ${version}, this program knows ${LOG_VERSION}: use a newer Fleetwave`,
    );
}

export function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
