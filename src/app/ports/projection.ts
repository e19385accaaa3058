import type { DomainEvent } from '../../domain/events.ts';
import type { RecordedEvent } from './event-store.ts';
import type { CollectionSpec, Document, DocumentKey } from './read-model.ts';

/** An event as projections get it: parsed and of the newest schema, with where it came from. */
export interface ProjectedEvent {
  readonly event: DomainEvent;
  readonly recorded: Omit<RecordedEvent, 'data'>;
}

/** The documents of one batch. What `get` gives may be changed in place and put again. */
export interface Documents {
  get<T extends Document>(collection: string, id: string): T | null;
  put(collection: string, document: Document): void;
  delete(collection: string, id: string): void;
}

/**
 * A read model: documents as a function of the log. No clock, no random, nothing but documents and event, so
 * that a rebuild gives the same bytes.
 */
export interface Projection {
  readonly name: string;
  /** Raised when the documents change for the same events: what is stored is then built anew. */
  readonly version: number;
  /** Streams it looks at. */
  readonly prefixes: readonly string[];
  readonly collections: readonly CollectionSpec[];
  /** What `apply` will look at: loaded for a whole batch at once. */
  keys(event: ProjectedEvent): readonly DocumentKey[];
  /** What it will look at too, by what the documents of `keys` say as they were before the batch. */
  furtherKeys?(event: ProjectedEvent, documents: Pick<Documents, 'get'>): readonly DocumentKey[];
  apply(event: ProjectedEvent, documents: Documents): void;
}
