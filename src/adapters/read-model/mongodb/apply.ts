/** Writes the documents of a batch: guarded by position, so that it can be done twice, late, or beside another who does it. */
import { type AnyBulkWriteOperation, BSON } from 'mongodb';
import type { CollectionSpec, Position } from '../../../app/ports.ts';
import type { Connection } from './connection.ts';
import { duplicatesOf } from './errors.ts';
import type { Changes } from './redo.ts';
import { documentsIn, grave, physicalName, type StoredDocument, storedDocument } from './schema.ts';

export type Operation = AnyBulkWriteOperation<StoredDocument>;
/** By collection, as the read model names it. */
export type Operations = ReadonlyMap<string, readonly Operation[]>;

/** MongoDB's limit is 16 MiB; some is left for what surrounds the document. */
const MAX_DOCUMENT_BYTES = 16 * 2 ** 20 - 64 * 2 ** 10;
const UNLIKELY_TOO_LARGE = 100_000;

/**
 * What is to be written. Everything that can be wrong with a batch is found here, before any of it is stored.
 * @throws TypeError for a document that can't be stored, Error for a collection that is not of the projection.
 */
export function operationsOf(
  { puts, deletes }: Changes,
  checkpoint: Position,
  collections: readonly CollectionSpec[],
): Operations {
  const indexes = new Map(collections.map((spec) => [spec.name, spec.indexes]));
  const newest = new Map<string, Map<string, StoredDocument>>();
  const of = (collection: string): Map<string, StoredDocument> => {
    if (!indexes.has(collection)) throw new Error(`there is no collection ${collection}: prepare it first`);
    const documents = newest.get(collection) ?? new Map<string, StoredDocument>();
    newest.set(collection, documents);
    return documents;
  };
  for (const { collection, ...document } of puts) {
    const documents = of(collection);
    const held = documents.get(document.id);
    if (held !== undefined && (document.position ?? '') <= held.position) continue;
    documents.set(document.id, storedDocument(document, indexes.get(collection) ?? []));
  }
  for (const { collection, id } of deletes) of(collection).set(id, grave(id, checkpoint));
  return new Map(
    [...newest].map(([collection, documents]) => [
      collection,
      [...documents.values()].map((stored) => {
        checkSize(stored, collection);
        return stored.deleted === true ? bury(stored) : upsert(stored);
      }),
    ]),
  );
}

function checkSize(stored: StoredDocument, collection: string): void {
  // Most documents are small: those are not worth a serialization more.
  if (roughSize(stored.document, UNLIKELY_TOO_LARGE) < UNLIKELY_TOO_LARGE) return;
  const bytes = BSON.calculateObjectSize(stored);
  if (bytes > MAX_DOCUMENT_BYTES)
    throw new TypeError(
      `${collection}/${stored._id} has ${bytes} bytes: MongoDB takes ${MAX_DOCUMENT_BYTES}`,
    );
}

/** Characters and values in it, counted up to `enough`: a lower bound within a factor of twenty of its bytes. */
function roughSize(value: unknown, enough: number): number {
  if (typeof value === 'string') return value.length + 1;
  if (typeof value !== 'object' || value === null) return 1;
  let size = 1;
  for (const [key, inner] of Object.entries(value)) {
    if (size >= enough) return size;
    size += key.length + roughSize(inner, enough - size);
  }
  return size;
}

const upsert = ({ _id, position, ...rest }: StoredDocument): Operation => ({
  replaceOne: {
    filter: { _id, position: { $lt: position } },
    replacement: { position, ...rest },
    upsert: true,
  },
});

/** Only where there is a document: what is not there has been written by nobody, so nobody writes it late. */
const bury = ({ _id, position, ...rest }: StoredDocument): Operation => ({
  replaceOne: { filter: { _id, position: { $lte: position } }, replacement: { position, ...rest } },
});

/** Gives back how many documents were there already, as new or newer. */
export async function apply(
  connection: Connection,
  generation: number,
  operations: Operations,
): Promise<number> {
  const stale = await Promise.all(
    [...operations].map(([collection, own]) =>
      connection.run(() => write(connection, collection, generation, own)),
    ),
  );
  return stale.reduce((sum, n) => sum + n, 0);
}

async function write(
  connection: Connection,
  collection: string,
  generation: number,
  operations: readonly Operation[],
): Promise<number> {
  const bulk = (some: readonly Operation[]): Promise<readonly number[]> =>
    documentsIn(connection.db, physicalName(collection, generation))
      .bulkWrite(some, { ordered: false })
      .then(() => [], duplicatesOf);
  // A guard that matches nothing ends as an insert of an id that is there: the stored one is newer, or it was
  // inserted at this very moment by someone else. Documents are never removed, so the second look is the truth.
  const met = await bulk(operations);
  if (met.length === 0) return 0;
  return (await bulk(met.flatMap((index) => operations[index] ?? []))).length;
}
