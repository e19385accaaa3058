/** What is in the database, and under which names. */
import type { Collection, Db } from 'mongodb';
import type { CollectionSpec, Document, Position } from '../../../app/ports.ts';
import { type IndexValue, indexValue } from '../cursor.ts';
import { toStored } from './document-codec.ts';

/** A document of a read model, or the grave of one: a late write of an older state must not bring it back. */
export interface StoredDocument {
  readonly _id: string;
  /** Of its last event, or of the batch that deleted it: only what is newer takes its place. */
  readonly position: Position;
  /** Indexed fields in the order of `indexValue`; not there when it is deleted. */
  readonly keys?: Readonly<Record<string, IndexValue>>;
  readonly document?: unknown;
  readonly deleted?: true;
}

/** One set of collections of a projection: served, being built, or waiting to be dropped. */
export interface GenerationDocument {
  readonly _id: number;
  readonly projection: string;
  readonly collections: readonly CollectionSpec[];
  /** Of the one writer that may write. */
  readonly epoch: number;
  /** Whether it has been served, so that it is not being built when it isn't any more. */
  readonly served: boolean;
  /** The checkpoint. */
  readonly position: Position;
  /** A batch that is recorded as a whole but perhaps not applied as a whole. */
  readonly redo: Redo | null;
}

export interface Redo {
  /** Of the writer that recorded it. */
  readonly epoch: number;
  readonly batch: number;
  readonly chunks: number;
  readonly checkpoint: Position;
}

/** Part of a recorded batch; its id says which (`chunkId`). */
export interface ChunkDocument {
  readonly _id: string;
  readonly bytes: unknown;
}

/** The one document that says what is served. Numbers taken from `revision` are epochs and names of generations. */
export interface PointerDocument {
  readonly _id: string;
  readonly revision: number;
  /** Who wrote it, so that a lost answer can be told from a lost race. */
  readonly token: string;
  readonly served: readonly ServedGeneration[];
}

export interface ServedGeneration {
  readonly projection: string;
  readonly generation: number;
  readonly collections: readonly CollectionSpec[];
}

export const POINTER_ID = 'served';
/** An epoch that no writer has: nobody writes to this generation any more. */
export const RETIRED = Number.MAX_SAFE_INTEGER;

export const pointers = (db: Db): Collection<PointerDocument> => db.collection('_pointer');
export const generations = (db: Db): Collection<GenerationDocument> => db.collection('_generations');
export const chunks = (db: Db): Collection<ChunkDocument> => db.collection('_redo');
export const documentsIn = (db: Db, collection: string): Collection<StoredDocument> =>
  db.collection(collection);

export const physicalName = (collection: string, generation: number): string => `${collection}@${generation}`;

/** The generation in the name of a physical collection; null for other collections. */
export const generationIn = (physical: string): number | null => {
  const number = /.@(\d+)$/.exec(physical)?.[1];
  return number === undefined ? null : Number(number);
};

const padded = (number: number): string => String(number).padStart(16, '0');
/** In the order of writing: chunks of earlier writers and batches of a generation come before. */
export const chunkId = (generation: number, epoch: number, batch: number, chunk: number): string =>
  [generation, epoch, batch, chunk].map(padded).join('/');
export const firstChunkId = (generation: number): string => chunkId(generation, 0, 0, 0);

export const keyField = (field: string): string => (field === 'id' ? '_id' : `keys.${field}`);

/** Makes a collection with its indexes, or those of them that are missing. */
export async function ensureIndexes(db: Db, physical: string, fields: readonly string[]): Promise<void> {
  await documentsIn(db, physical).createIndexes([
    ...fields.map((field) => ({ key: { [keyField(field)]: 1, _id: 1 } })),
    { key: { deleted: 1 }, sparse: true },
  ]);
}

/** @throws TypeError when an indexed field holds anything but text, a number, a boolean or null. */
export function storedDocument(document: Document, indexes: readonly string[]): StoredDocument {
  const { id, position = '' } = document;
  const keys = Object.fromEntries(indexes.map((field) => [field, indexValue(document[field])]));
  return { _id: id, position, keys, document: toStored(document) };
}

export const grave = (id: string, position: Position): StoredDocument => ({
  _id: id,
  position,
  deleted: true,
});

export const sameCollections = (a: readonly CollectionSpec[], b: readonly CollectionSpec[]): boolean =>
  JSON.stringify(a.map(({ name, indexes }) => [name, indexes])) ===
  JSON.stringify(b.map(({ name, indexes }) => [name, indexes]));
