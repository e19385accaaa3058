/** Queries in MongoDB's words: by index only, in the order that every adapter has. */
import type { Filter, FindOptions as MongoFindOptions } from 'mongodb';
import type { CollectionSpec, Document, FindOptions, Page } from '../../../app/ports.ts';
import { checkLimit, type IndexValue, indexValue, readCursor, writeCursor } from '../cursor.ts';
import type { Connection } from './connection.ts';
import { fromStored } from './document-codec.ts';
import { documentsIn, keyField, physicalName, type StoredDocument } from './schema.ts';

/** Thrown for a collection, field or cursor that is not there: a mistake of the caller. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

/** A collection of one generation. */
export interface Live extends CollectionSpec {
  readonly generation: number;
}

/** Ids in one question. */
const IDS_AT_ONCE = 1000;

type StoredFilter = Filter<StoredDocument>;

export interface Query {
  readonly filter: StoredFilter;
  readonly options: MongoFindOptions;
}

/** The page after the cursor, and one more to see whether there is another. */
export function pageQuery(collection: CollectionSpec, options: FindOptions): Query {
  checkLimit(options.limit);
  const field = options.sort?.field ?? 'id';
  if (field !== 'id') mustBeIndexed(collection, field);
  const direction = options.sort?.descending === true ? -1 : 1;
  const filters: StoredFilter[] = [whereFilter(collection, options.where ?? {})];
  if (options.cursor !== undefined) {
    const { value, id } = readCursor(options.cursor);
    filters.push(field === 'id' ? idsBeyond(id, direction) : beyond(keyField(field), value, id, direction));
  }
  const limit = options.limit + 1;
  const sort: Record<string, 1 | -1> =
    field === 'id' ? { _id: direction } : { [keyField(field)]: direction, _id: direction };
  return {
    filter: filters.length === 1 ? (filters[0] ?? {}) : { $and: filters },
    options: { sort, limit, batchSize: limit, projection: { document: 1, [keyField(field)]: 1 } },
  };
}

const LIVE: StoredFilter = { deleted: { $exists: false } };

/** The dead have no keys, so that a condition on a key leaves them out by its index alone. */
export function whereFilter(
  collection: CollectionSpec,
  where: NonNullable<FindOptions['where']>,
): StoredFilter {
  const conditions = Object.entries(where).map(([field, value]) => {
    mustBeIndexed(collection, field);
    return [keyField(field), indexValue(value)] as const;
  });
  return conditions.length === 0 ? LIVE : Object.fromEntries(conditions);
}

const idsBeyond = (id: string, direction: 1 | -1): StoredFilter => ({
  _id: direction === 1 ? { $gt: id } : { $lt: id },
});

/** Comparisons stay within one type: numbers come before text, so the rest of the other type is named beside. */
function beyond(key: string, value: IndexValue, id: string, direction: 1 | -1): StoredFilter {
  const further = direction === 1 ? '$gt' : '$lt';
  const cases: Record<string, unknown>[] = [
    { [key]: { [further]: value } },
    { [key]: value, _id: { [further]: id } },
  ];
  if (direction === 1 && typeof value === 'number') cases.push({ [key]: { $gte: '' } });
  if (direction === -1 && typeof value === 'string') cases.push({ [key]: { $lte: Number.MAX_VALUE } });
  return { $or: cases } as StoredFilter;
}

function mustBeIndexed({ name, indexes }: CollectionSpec, field: string): void {
  if (!indexes.includes(field)) throw new QueryError(`${field} is not indexed in ${name}`);
}

const documentOf = <T extends Document>(stored: StoredDocument): T =>
  fromStored(stored.document) as unknown as T;

export async function findPage<T extends Document>(
  connection: Connection,
  live: Live,
  options: FindOptions,
): Promise<Page<T>> {
  const query = pageQuery(live, options);
  const documents = documentsIn(connection.db, physicalName(live.name, live.generation));
  const rows = await connection.run(() => documents.find(query.filter, query.options).toArray());
  const items = rows.slice(0, options.limit);
  const last = items.at(-1);
  const field = options.sort?.field ?? 'id';
  const next =
    rows.length > options.limit && last !== undefined
      ? writeCursor({ value: field === 'id' ? last._id : (last.keys?.[field] ?? ''), id: last._id })
      : null;
  return { items: items.map((row) => documentOf<T>(row)), next };
}

export async function getManyFrom<T extends Document>(
  connection: Connection,
  live: Live,
  ids: readonly string[],
): Promise<readonly (T | null)[]> {
  const documents = documentsIn(connection.db, physicalName(live.name, live.generation));
  const found = new Map<string, T>();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const filter = { _id: { $in: ids.slice(from, from + IDS_AT_ONCE) } };
    const rows = await connection.run(() =>
      documents.find(filter, { projection: { document: 1 } }).toArray(),
    );
    for (const row of rows) if (row.document !== undefined) found.set(row._id, documentOf<T>(row));
  }
  return ids.map((id) => found.get(id) ?? null);
}

/** Each is counted from an index alone. Graves are subtracted: there are few of them. */
export async function countIn(
  connection: Connection,
  live: Live,
  where: NonNullable<FindOptions['where']>,
): Promise<number> {
  const documents = documentsIn(connection.db, physicalName(live.name, live.generation));
  const count = (filter: StoredFilter): Promise<number> =>
    connection.run(() => documents.countDocuments(filter));
  const filter = whereFilter(live, where);
  if (filter !== LIVE) return await count(filter);
  return (await count({ _id: { $gte: '' } })) - (await count({ deleted: true }));
}
