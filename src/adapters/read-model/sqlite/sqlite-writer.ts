/** Writes the read models: guarded by position, a batch and its checkpoint in one transaction. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  CollectionSpec,
  Document,
  FindOptions,
  Page,
  Position,
  ReadModelWriter,
} from '../../../app/ports.ts';
import { type IndexValue, indexValue } from '../cursor.ts';
import * as schema from './schema.ts';
import { SqliteReader } from './sqlite-reader.ts';

type Batch = Parameters<ReadModelWriter['write']>[1];

/** @param path file of the read models; made when it is missing. */
export const openSqliteReadModel = (path: string): ReadModelWriter => {
  const db = schema.openForWriting(path);
  return new SqliteWriter(db, new SqliteReader(db), null);
};

/** What a rebuild writes into, beside the live tables. */
interface Shadow {
  readonly projection: string;
  readonly tables: ReadonlyMap<string, schema.LiveTable>;
}

class SqliteWriter implements ReadModelWriter {
  readonly #db: DatabaseSync;
  readonly #reader: SqliteReader;
  readonly #shadow: Shadow | null;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, reader: SqliteReader, shadow: Shadow | null) {
    this.#db = db;
    this.#reader = reader;
    this.#shadow = shadow;
  }

  async prepare(projection: string, collections: readonly CollectionSpec[]): Promise<void> {
    if (this.#shadow !== null) return;
    schema.inTransaction(this.#db, () => schema.ensureCollections(this.#db, projection, collections));
  }

  async write(projection: string, batch: Batch): Promise<void> {
    schema.inTransaction(this.#db, () => {
      for (const document of batch.puts) this.#put(document);
      for (const { collection, id } of batch.deletes)
        this.#prepared(`DELETE FROM ${schema.quote(this.#live(collection).table)} WHERE id = ?`).run(id);
      schema.writeCheckpoint(this.#db, this.#checkpointName(projection), batch.checkpoint);
    });
  }

  async rebuild(
    projection: string,
  ): Promise<{ writer: ReadModelWriter; swap(): Promise<void>; discard(): Promise<void> }> {
    const shadow = schema.inTransaction(this.#db, () => this.#makeShadow(projection));
    const drop = (): void => {
      for (const { table } of shadow.tables.values())
        this.#db.exec(`DROP TABLE IF EXISTS ${schema.quote(table)}`);
      this.#db.prepare('DELETE FROM checkpoints WHERE projection = ?').run(`${projection}#rebuild`);
    };
    return {
      writer: new SqliteWriter(this.#db, this.#reader, shadow),
      swap: async () => schema.inTransaction(this.#db, () => this.#swap(shadow)),
      discard: async () => schema.inTransaction(this.#db, drop),
    };
  }

  async get<T extends Document>(collection: string, id: string): Promise<T | null> {
    const [found] = await this.getMany<T>(collection, [id]);
    return found ?? null;
  }

  async getMany<T extends Document>(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (T | null)[]> {
    const statement = this.#prepared(
      `SELECT doc FROM ${schema.quote(this.#live(collection).table)} WHERE id = ?`,
    );
    return ids.map((id) => {
      const row = statement.get(id) as { doc: string } | undefined;
      return row === undefined ? null : (JSON.parse(row.doc) as T);
    });
  }

  find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>> {
    return this.#reader.find<T>(collection, options);
  }

  count(collection: string, where?: FindOptions['where']): Promise<number> {
    return this.#reader.count(collection, where);
  }

  async checkpoint(projection: string): Promise<Position> {
    return schema.readCheckpoint(this.#db, this.#checkpointName(projection));
  }

  dump(collection: string): AsyncIterable<Document> {
    return this.#reader.dump(collection);
  }

  async close(): Promise<void> {
    if (this.#shadow === null) this.#reader.close();
  }

  #live(collection: string): schema.LiveTable {
    const live = this.#shadow?.tables.get(collection) ?? schema.liveTable(this.#db, collection);
    if (live === null) throw new Error(`there is no collection ${collection}: prepare it first`);
    return live;
  }

  /** Statements are kept until tables change. */
  #prepared(sql: string): StatementSync {
    const kept = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, kept);
    return kept;
  }

  #checkpointName(projection: string): string {
    return this.#shadow === null ? projection : `${projection}#rebuild`;
  }

  #put(document: Document & { collection: string }): void {
    const { collection, ...stored } = document;
    const { table, indexes } = this.#live(collection);
    const columns = indexes.map((field) => schema.column(field));
    const sets = ['position', 'event_id', 'doc', ...columns].map((name) => `${name} = excluded.${name}`);
    const marks = columns.map(() => ', ?').join('');
    const values: IndexValue[] = indexes.map((field) => indexValue(stored[field]));
    this.#prepared(
      `INSERT INTO ${schema.quote(table)} (id, position, event_id, doc${columns.map((name) => `, ${name}`).join('')})
         VALUES (?, ?, ?, ?${marks})
         ON CONFLICT (id) DO UPDATE SET ${sets.join(', ')} WHERE excluded.position > position`,
    ).run(stored.id, stored.position ?? '', stored.eventId ?? '', JSON.stringify(stored), ...values);
  }

  #makeShadow(projection: string): Shadow {
    const generation = schema.nextGeneration(this.#db);
    const rows = this.#db
      .prepare('SELECT name, indexes FROM collections WHERE projection = ?')
      .all(projection) as {
      name: string;
      indexes: string;
    }[];
    if (rows.length === 0) throw new Error(`there is no projection ${projection} to rebuild`);
    const tables = new Map<string, schema.LiveTable>();
    for (const { name, indexes: text } of rows) {
      const indexes = JSON.parse(text) as string[];
      const table = `${name}#${generation}`;
      schema.createTable(this.#db, table, indexes);
      tables.set(name, { table, projection, indexes });
    }
    // What a rebuild that was cut off left behind must not count for this one.
    this.#db.prepare('DELETE FROM checkpoints WHERE projection = ?').run(`${projection}#rebuild`);
    return { projection, tables };
  }

  #swap({ projection, tables }: Shadow): void {
    this.#statements.clear();
    for (const [name, { table, indexes }] of tables) {
      const old = schema.liveTable(this.#db, name);
      schema.setLive(this.#db, projection, name, table, indexes);
      if (old !== null) this.#db.exec(`DROP TABLE ${schema.quote(old.table)}`);
    }
    schema.writeCheckpoint(this.#db, projection, schema.readCheckpoint(this.#db, `${projection}#rebuild`));
    this.#db.prepare('DELETE FROM checkpoints WHERE projection = ?').run(`${projection}#rebuild`);
  }
}
