import type { Actor } from '../../domain/shared/decider.ts';

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

/** One append as it is stored: what the hash chain of its stream is made of. */
export interface StoredAppend {
  readonly stream: string;
  readonly firstRevision: number;
  readonly metadata: AppendMetadata;
  readonly events: readonly NewEvent[];
  /** Position of its last event. */
  readonly position: Position;
  /** Its link of the chain as it is stored: 64 lower-case hexadecimal digits, the same in every kind of log. */
  readonly hash: string;
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
  /**
   * Whole appends in the global order, in batches, up to what was the head at the beginning.
   * @param after position of an append, to begin behind it; default the beginning.
   */
  appends(after?: Position): AsyncIterable<readonly StoredAppend[]>;
  /**
   * Whole appends of one stream, oldest first, in batches; none for a stream that does not exist.
   * @param from begin with the append that this revision is in; default the first.
   * @param until end with the append that this revision is in; default the last.
   */
  streamAppends(stream: string, from?: number, until?: number): AsyncIterable<readonly StoredAppend[]>;
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
