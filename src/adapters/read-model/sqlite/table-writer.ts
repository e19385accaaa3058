/** Statements on the table of one collection, prepared once: they are run for every document of every batch. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Document } from '../../../app/ports.ts';
import { indexValue } from '../cursor.ts';
import { column, type LiveTable, quote } from './schema.ts';

export class TableWriter {
  readonly #indexes: readonly string[];
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, { table, indexes }: LiveTable) {
    this.#indexes = indexes;
    const name = quote(table);
    const columns = ['position', 'event_id', 'doc', ...indexes.map(column)];
    const sets = columns.map((one) => `${one} = excluded.${one}`).join(', ');
    this.#get = db.prepare(`SELECT doc FROM ${name} WHERE id = ?`);
    this.#delete = db.prepare(`DELETE FROM ${name} WHERE id = ?`);
    this.#put = db.prepare(
      `INSERT INTO ${name} (id, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})
       ON CONFLICT (id) DO UPDATE SET ${sets} WHERE excluded.position > position`,
    );
  }

  get<T extends Document>(id: string): T | null {
    const row = this.#get.get(id) as { doc: string } | undefined;
    return row === undefined ? null : (JSON.parse(row.doc) as T);
  }

  /** Leaves a document alone that is as new or newer. */
  put(document: Document): void {
    const values = this.#indexes.map((field) => indexValue(document[field]));
    const { id, position = '', eventId = '' } = document;
    this.#put.run(id, position, eventId, JSON.stringify(document), ...values);
  }

  delete(id: string): void {
    this.#delete.run(id);
  }
}
