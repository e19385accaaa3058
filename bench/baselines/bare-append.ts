/** The least that makes the same rows durable: a loop over node:sqlite, without threads, checks, JSON or hashes. */
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { configureWriter, createSchema } from '../../src/adapters/event-store/sqlite/schema.ts';

export interface BareRow {
  /** Number of the stream, from 1; its row is written on the first append and updated on every other. */
  readonly streamId: number;
  readonly stream: string;
  readonly revision: number;
  readonly metadata: string;
  readonly body: string;
}

export class BareLog {
  readonly #db: DatabaseSync;
  readonly #hash = randomBytes(32);
  readonly #append: ReturnType<DatabaseSync['prepare']>;
  readonly #insert: ReturnType<DatabaseSync['prepare']>;
  readonly #update: ReturnType<DatabaseSync['prepare']>;
  #position = 0;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    configureWriter(this.#db);
    createSchema(this.#db);
    this.#append = this.#db.prepare(
      `INSERT INTO appends (position, count, stream_id, first_revision, hash, metadata, body)
       VALUES (?, 1, ?, ?, ?, ?, ?)`,
    );
    this.#insert = this.#db.prepare('INSERT INTO streams (id, name, revision, hash) VALUES (?, ?, 0, ?)');
    this.#update = this.#db.prepare('UPDATE streams SET revision = ?, hash = ? WHERE id = ?');
  }

  /** One transaction, durable when it returns. */
  commit(rows: readonly BareRow[]): void {
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { streamId, stream, revision, metadata, body } of rows) {
      this.#append.run(++this.#position, streamId, revision, this.#hash, metadata, body);
      if (revision === 0) this.#insert.run(streamId, stream, this.#hash);
      else this.#update.run(revision, this.#hash, streamId);
    }
    this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }
}
