/** Queries on the read models, on a connection of their own: they never wait for the projector. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Document, FindOptions, Page, Position, ReadModelReader } from '../../../app/ports.ts';
import { checkLimit, type IndexValue, indexValue, readCursor, writeCursor } from '../cursor.ts';
import { column, type LiveTable, liveTable, openForReading, quote, readCheckpoint } from './schema.ts';

interface Row {
  readonly id: string;
  readonly doc: string;
  readonly sorted?: IndexValue;
}

/** Thrown for a collection, field or cursor that is not there: a mistake of the caller. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

const DUMP_PAGE = 500;
const KEPT_STATEMENTS = 200;

export class SqliteReader implements ReadModelReader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get<T extends Document>(collection: string, id: string): Promise<T | null> {
    return this.#query(collection, ({ table }) => this.#one<T>(table, id));
  }

  getMany<T extends Document>(collection: string, ids: readonly string[]): Promise<readonly (T | null)[]> {
    return this.#query(collection, ({ table }) => ids.map((id) => this.#one<T>(table, id)));
  }

  find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>> {
    return this.#query(collection, (live) => {
      const rows = this.#page(live, options);
      const items = rows.slice(0, options.limit);
      const last = items.at(-1);
      const next =
        rows.length > options.limit && last !== undefined
          ? writeCursor({ value: last.sorted ?? '', id: last.id })
          : null;
      return { items: items.map((row) => JSON.parse(row.doc) as T), next };
    });
  }

  count(collection: string, where: FindOptions['where'] = {}): Promise<number> {
    return this.#query(collection, (live) => {
      const { clause, values } = condition(live, where);
      const row = this.#prepare(`SELECT count(*) AS n FROM ${quote(live.table)}${clause}`).get(...values) as {
        n: number;
      };
      return row.n;
    });
  }

  async checkpoint(projection: string): Promise<Position> {
    return readCheckpoint(this.#db, projection);
  }

  async *dump(collection: string): AsyncIterable<Document> {
    let cursor: string | null = null;
    do {
      const options: FindOptions = cursor === null ? { limit: DUMP_PAGE } : { limit: DUMP_PAGE, cursor };
      const page: Page<Document> = await this.find(collection, options);
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** A rebuild can take a table away between looking it up and reading it: the second look finds the new one. */
  async #query<T>(collection: string, work: (live: LiveTable) => T): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const live = liveTable(this.#db, collection);
      if (live === null) throw new QueryError(`there is no collection ${collection}`);
      try {
        return work(live);
      } catch (error) {
        const gone = error instanceof Error && error.message.includes('no such table');
        if (!gone || attempt > 0) throw error;
        this.#statements.clear();
      }
    }
  }

  #one<T extends Document>(table: string, id: string): T | null {
    const row = this.#prepare(`SELECT doc FROM ${quote(table)} WHERE id = ?`).get(id) as
      | { doc: string }
      | undefined;
    return row === undefined ? null : (JSON.parse(row.doc) as T);
  }

  #page(live: LiveTable, options: FindOptions): readonly Row[] {
    checkLimit(options.limit);
    const { clause, values } = condition(live, options.where ?? {});
    const field = options.sort?.field ?? 'id';
    const sorted = field === 'id' ? 'id' : indexed(live, field);
    const descending = options.sort?.descending === true;
    const order = descending ? 'DESC' : 'ASC';
    let sql = `SELECT id, doc, ${sorted} AS sorted FROM ${quote(live.table)}${clause}`;
    if (options.cursor !== undefined) {
      const cursor = readCursor(options.cursor);
      sql += `${clause === '' ? ' WHERE' : ' AND'} (${sorted}, id) ${descending ? '<' : '>'} (?, ?)`;
      values.push(cursor.value, cursor.id);
    }
    sql += ` ORDER BY ${sorted} ${order}, id ${order} LIMIT ?`;
    return this.#prepare(sql).all(...values, options.limit + 1) as unknown as Row[];
  }

  #prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    if (this.#statements.size >= KEPT_STATEMENTS) this.#statements.clear();
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function indexed(live: LiveTable, field: string): string {
  if (!live.indexes.includes(field)) throw new QueryError(`${field} is not indexed in ${live.table}`);
  return column(field);
}

function condition(
  live: LiveTable,
  where: NonNullable<FindOptions['where']>,
): { clause: string; values: IndexValue[] } {
  const entries = Object.entries(where);
  const clause = entries.map(([field]) => `${indexed(live, field)} = ?`).join(' AND ');
  return {
    clause: clause === '' ? '' : ` WHERE ${clause}`,
    values: entries.map(([, value]) => indexValue(value)),
  };
}

/** Opens the read models beside the projector that writes them. */
export const openSqliteReader = (path: string): SqliteReader => new SqliteReader(openForReading(path));
