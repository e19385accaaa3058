/** Writes the read models: guarded by position, a batch and its checkpoint in one transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type {
  CollectionSpec,
  Document,
  FindOptions,
  Page,
  Position,
  ReadModelWriter,
} from '../../../app/ports.ts';
import * as schema from './schema.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { TableWriter } from './table-writer.ts';

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
  /** By collection; forgotten when tables change. */
  readonly #tables = new Map<string, TableWriter>();

  constructor(db: DatabaseSync, reader: SqliteReader, shadow: Shadow | null) {
    this.#db = db;
    this.#reader = reader;
    this.#shadow = shadow;
  }

  async prepare(projection: string, collections: readonly CollectionSpec[]): Promise<void> {
    if (this.#shadow !== null) return;
    this.#tables.clear();
    schema.inTransaction(this.#db, () => schema.ensureCollections(this.#db, projection, collections));
  }

  async write(projection: string, batch: Batch): Promise<void> {
    schema.inTransaction(this.#db, () => {
      for (const { collection, ...document } of batch.puts) this.#table(collection).put(document);
      for (const { collection, id } of batch.deletes) this.#table(collection).delete(id);
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
    return this.#table(collection).get<T>(id);
  }

  async getMany<T extends Document>(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (T | null)[]> {
    const table = this.#table(collection);
    return ids.map((id) => table.get<T>(id));
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

  #table(collection: string): TableWriter {
    const known = this.#tables.get(collection);
    if (known !== undefined) return known;
    const live = this.#shadow?.tables.get(collection) ?? schema.liveTable(this.#db, collection);
    if (live === null) throw new Error(`there is no collection ${collection}: prepare it first`);
    const table = new TableWriter(this.#db, live);
    this.#tables.set(collection, table);
    return table;
  }

  #checkpointName(projection: string): string {
    return this.#shadow === null ? projection : `${projection}#rebuild`;
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
    this.#tables.clear();
    for (const [name, { table, indexes }] of tables) {
      const old = schema.liveTable(this.#db, name);
      schema.setLive(this.#db, projection, name, table, indexes);
      if (old !== null) this.#db.exec(`DROP TABLE ${schema.quote(old.table)}`);
    }
    schema.writeCheckpoint(this.#db, projection, schema.readCheckpoint(this.#db, `${projection}#rebuild`));
    this.#db.prepare('DELETE FROM checkpoints WHERE projection = ?').run(`${projection}#rebuild`);
  }
}
