import type { Position } from './event-store.ts';

/** A document of a read model. `id` is unique in its collection. Only JSON values; no wall clock. */
export interface Document {
  readonly id: string;
  /** Position and id of the last event folded into it; set by the projector, compared on every write. */
  readonly position?: Position;
  readonly eventId?: string;
  readonly [field: string]: unknown;
}

export interface CollectionSpec {
  readonly name: string;
  /** Top-level fields that queries may filter and sort by. */
  readonly indexes: readonly string[];
}

export interface DocumentKey {
  readonly collection: string;
  readonly id: string;
}

export interface FindOptions {
  /** Equality on indexed fields. */
  readonly where?: Readonly<Record<string, string | number | boolean | null>>;
  /** Indexed field or `id`; default `id`. Ties are broken by id. */
  readonly sort?: { readonly field: string; readonly descending?: boolean };
  /** Opaque, from a previous page. */
  readonly cursor?: string;
  /** 1..1000. */
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Null at the end. */
  readonly next: string | null;
}

/** What readers need: safe to use while the projector writes. */
export interface ReadModelReader {
  get<T extends Document>(collection: string, id: string): Promise<T | null>;
  getMany<T extends Document>(collection: string, ids: readonly string[]): Promise<readonly (T | null)[]>;
  find<T extends Document>(collection: string, options: FindOptions): Promise<Page<T>>;
  count(collection: string, where?: FindOptions['where']): Promise<number>;
  checkpoint(projection: string): Promise<Position>;
  /** Collections of a projection as they are served now, documents in id order, for comparing rebuilds. */
  dump(collection: string): AsyncIterable<Document>;
}

export interface ReadModelWriter extends ReadModelReader {
  /** Makes the collections and their indexes. */
  prepare(projection: string, collections: readonly CollectionSpec[]): Promise<void>;
  /**
   * Writes documents whose stored position is older, removes `deletes`, and moves the checkpoint; all or
   * nothing where the store can, guarded and repeatable where it can't.
   */
  write(
    projection: string,
    batch: {
      readonly puts: readonly (Document & { collection: string })[];
      readonly deletes: readonly DocumentKey[];
      readonly checkpoint: Position;
    },
  ): Promise<void>;
  /** A writer on new, empty collections of the projection; `swap` puts them in the place of the old ones at once. */
  rebuild(
    projection: string,
  ): Promise<{ readonly writer: ReadModelWriter; swap(): Promise<void>; discard(): Promise<void> }>;
  close(): Promise<void>;
}

/**
 * A writer that must not go on: another one has taken its place, what it wrote into is not served any more, or a
 * write of its own ended in the middle. `prepare` again, and go on from the checkpoint that is stored.
 */
export class ReadModelFencedError extends Error {
  override readonly name = 'ReadModelFencedError';
  readonly code = 'read-model-fenced';
}

/** The store can't be reached now, or has lost its read models until the projector makes them anew: try later. */
export class ReadModelUnavailableError extends Error {
  override readonly name = 'ReadModelUnavailableError';
  readonly code = 'read-model-unavailable';
}
