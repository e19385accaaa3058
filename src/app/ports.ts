/**
 * Every interface to the outside (DESIGN §2). Asynchronous and batch-shaped; adapters implement them, one
 * contract suite each in `test/contract`. Nothing here knows of SQLite, Kafka, MongoDB or MQTT.
 */
import type { Actor } from '../domain/shared/decider.ts';

// ---------------------------------------------------------------- event store

/**
 * A place in the global order. Opaque outside its adapter, except that positions of one log are strings of
 * one width whose byte order is the log's order, so `<` and `max` work on them and in any document store.
 */
export type Position = string & { readonly __brand?: 'Position' };

/** Smaller than every position of every adapter: "from the beginning". */
export const START: Position = '';

/** Who, when and why; kept once per append. */
export interface AppendMetadata {
  readonly actor: Actor;
  /** ISO 8601 UTC with milliseconds. */
  readonly time: string;
  readonly correlationId: string;
  /** Id of the event or message that caused this append; null for a caller's own command. */
  readonly causationId: string | null;
  /** `http`, `mqtt`, `planner`, `gatekeeper`, `worker`, `cli`, `system`. */
  readonly source: string;
  /** The command handled, so that repeating it is seen: its id and SHA-256 of its body. */
  readonly command?: { readonly id: string; readonly digest: string };
}

export interface NewEvent {
  /** UUID, made once per append and kept over its retries. */
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
}

export interface RecordedEvent extends NewEvent {
  readonly stream: string;
  /** Place in the stream, from 0. */
  readonly revision: number;
  readonly position: Position;
  readonly metadata: AppendMetadata;
}

/** Revision of the last event expected in the stream; -1 = the stream must not exist. */
export interface AppendRequest {
  readonly stream: string;
  readonly expectedRevision: number;
  readonly events: readonly NewEvent[];
  readonly metadata: AppendMetadata;
}

export type AppendResult =
  | {
      readonly status: 'appended';
      /** Revision of the last event of this append. */
      readonly revision: number;
      readonly position: Position;
      /** True when the very same events were there already: a retry after a lost answer. */
      readonly repeated: boolean;
    }
  | { readonly status: 'conflict'; readonly actualRevision: number }
  | { readonly status: 'too-large'; readonly bytes: number; readonly limit: number };

/** 1 MiB: EventStoreDB's default limit of one append; every adapter enforces it. */
export const MAX_APPEND_BYTES = 1_048_576;

export interface ReadStreamOptions {
  /** First revision forward, last revision backward; default: the beginning or the end. */
  readonly from?: number;
  readonly direction?: 'forward' | 'backward';
  /** At most this many events; default all. */
  readonly limit?: number;
}

export interface ReadAllOptions {
  /** Events strictly after this position. */
  readonly after?: Position;
  /** Stop after this position (inclusive). */
  readonly until?: Position;
  /** Only streams whose name starts with one of these; default all. */
  readonly prefixes?: readonly string[];
  /** Events per batch; default 1000. */
  readonly batchSize?: number;
}

export interface EventBatch {
  readonly events: readonly RecordedEvent[];
  /** Everything up to here has been looked at, also events that the filter left out. */
  readonly position: Position;
}

export interface SubscribeOptions extends Omit<ReadAllOptions, 'until'> {
  /**
   * Called with one batch at a time and awaited before the next: that is the back-pressure. Batches without
   * events move the checkpoint over foreign events. A throw ends the subscription through `onError`.
   */
  readonly onBatch: (batch: EventBatch & { readonly live: boolean }) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface Subscription {
  /** Ends it; resolves when no batch is being handled any more. */
  stop(): Promise<void>;
}

/**
 * The log. Appends are durable when their promise resolves; each request of a batch stands or falls alone.
 * A commit that fails (disk full) rejects the promise, and nothing of it is recorded.
 */
export interface EventStore {
  append(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]>;
  /** Events of one stream, in batches; none for a stream that does not exist. */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<readonly RecordedEvent[]>;
  /** All events of several (short) streams at once, in the order of the names. */
  readStreams(streams: readonly string[]): Promise<readonly (readonly RecordedEvent[])[]>;
  readAll(options?: ReadAllOptions): AsyncIterable<EventBatch>;
  subscribe(options: SubscribeOptions): Subscription;
  /** Position of the last event; START for an empty log. */
  head(): Promise<Position>;
  /** Recomputes the hash chain of every stream (or one). Yields progress; ends with what is wrong. */
  verify(stream?: string): AsyncIterable<VerifyProgress>;
  close(): Promise<void>;
}

export interface VerifyProgress {
  readonly appends: number;
  readonly streams: number;
  readonly problems: readonly { readonly stream: string; readonly revision: number; readonly what: string }[];
}

// ---------------------------------------------------------------- read models

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

// ---------------------------------------------------------------- feedback

export type FeedbackChannel = 'feedback' | 'inventory';

/** One message of a vehicle as it came, on its way to the worker of its shard. */
export interface FeedbackRecord {
  readonly vehicleId: string;
  readonly shard: number;
  readonly channel: FeedbackChannel;
  readonly payload: Uint8Array;
  /** Broker time, milliseconds since 1970. */
  readonly receivedAt: number;
}

/** Where the bridge puts messages. Resolves when they are as safe as the adapter makes them. */
export interface FeedbackSink {
  publish(records: readonly FeedbackRecord[]): Promise<void>;
}

/** What a source calls. `process` resolves when the records' decisions are durable and receipted. */
export interface ShardOwner {
  assign(shards: readonly number[]): Promise<void>;
  revoke(shards: readonly number[]): Promise<void>;
  process(shard: number, records: readonly FeedbackRecord[]): Promise<void>;
}

export interface FeedbackSource {
  start(owner: ShardOwner): Promise<void>;
  /**
   * Broker time up to which everything received for a shard has been processed, milliseconds since 1970:
   * a timeout is decided only when this has passed the deadline.
   */
  watermark(shard: number): number;
  stop(): Promise<void>;
}

// ---------------------------------------------------------------- vehicle link

export type DownTopic = 'update' | 'grant' | 'receipt';

export interface DownMessage {
  readonly vehicleId: string;
  readonly topic: DownTopic;
  readonly payload: Uint8Array;
}

/** The way to vehicles. A message to a vehicle that is not there may be dropped: state is rendered again when it comes. */
export interface VehicleLink {
  send(messages: readonly DownMessage[]): Promise<void>;
}

/** What the link asks of the engine. */
export interface VehicleLinkHandlers {
  /** Whether the user name and password are a current credential of that vehicle. */
  authenticate(vehicleId: string, secret: string): Promise<boolean>;
  /** A message came. Resolves when it may be acknowledged at MQTT level (DESIGN §4.1). */
  deliver(record: {
    readonly vehicleId: string;
    readonly channel: FeedbackChannel;
    readonly payload: Uint8Array;
    readonly receivedAt: number;
  }): Promise<void>;
  /** What a vehicle that subscribes now should see; null = nothing. */
  render(vehicleId: string, topic: 'update' | 'grant'): Promise<Uint8Array | null>;
  presence(vehicleId: string, online: boolean, at: number): void;
}

// ---------------------------------------------------------------- artifact store

/** Immutable ciphertext by its SHA-256 (DESIGN §9). */
export interface BlobStore {
  /** Streams bytes in; nothing is visible under `sha256` until `commit`, which is durable and atomic. */
  begin(): Promise<{
    write(chunk: Uint8Array): Promise<void>;
    commit(sha256: string): Promise<void>;
    abort(): Promise<void>;
  }>;
  /** Size in bytes, or null. */
  size(sha256: string): Promise<number | null>;
  /** Bytes `start..end` (inclusive), or all. */
  read(sha256: string, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
  list(): AsyncIterable<string>;
}

export interface ManifestSigner {
  readonly keyId: string;
  sign(
    bytes: Uint8Array,
  ): Promise<{ readonly keyId: string; readonly alg: 'ed25519'; readonly value: string }>;
}

/** Wraps content keys by a master key (file, environment or KMS). */
export interface KeyWrapper {
  readonly masterKeyId: string;
  wrap(key: Uint8Array, context: string): Promise<string>;
  /** @throws Error when the wrapped key or its context was altered, or the master key is another one. */
  unwrap(wrapped: string, context: string, masterKeyId: string): Promise<Uint8Array>;
}

// ---------------------------------------------------------------- targeting

export interface TargetingCount {
  readonly matched: number;
  readonly compatible: number;
  /** Why matched vehicles can't take the artifacts: reason code and how many vehicles have it. */
  readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
  /** Matched and compatible vehicles by value, per attribute. */
  readonly facets: Readonly<Record<string, readonly { readonly value: string; readonly vehicles: number }[]>>;
}

export interface TargetRow {
  readonly vehicleId: string;
  /** Stream revision of the vehicle that was judged. */
  readonly revision: number;
  /** Index into the `slices` of the selection. */
  readonly slice: number;
}

// ---------------------------------------------------------------- the small ones

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after about that long; at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
