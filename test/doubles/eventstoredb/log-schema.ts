/** The SQLite file behind the double: a table of streams and one of events. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A process that was killed frees the log a moment later. */
const LOCK_WAIT_MS = 2000;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS streams (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  -- Revision of the first event that can be read; one past every revision when the stream is deleted.
  truncate_before INTEGER NOT NULL DEFAULT 0,
  tombstoned INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS events (
  position INTEGER PRIMARY KEY,
  next INTEGER NOT NULL,
  stream_id INTEGER NOT NULL REFERENCES streams (id),
  revision INTEGER NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  is_json INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  metadata BLOB NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS events_by_stream ON events (stream_id, revision);
`;

/**
 * Opens the log in this directory, or in memory without one. A commit is on disk when it returns.
 * @throws Error when another process has it open.
 */
export function openLog(directory: string | undefined): DatabaseSync {
  if (directory !== undefined) mkdirSync(directory, { recursive: true });
  const db = new DatabaseSync(directory === undefined ? ':memory:' : join(directory, 'log.db'), {
    timeout: LOCK_WAIT_MS,
  });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    db.exec(SCHEMA);
  } catch (error) {
    db.close();
    throw new Error(`The log in ${directory ?? 'memory'} can't be opened.`, { cause: error });
  }
  return db;
}
