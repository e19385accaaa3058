/** The durable event store: one thread writes with group commit, another reads (DESIGN §10). */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type {
  AppendRequest,
  AppendResult,
  EventBatch,
  EventStore,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StoredAppend,
  SubscribeOptions,
  Subscription,
  VerifyProgress,
} from '../../../app/ports.ts';
import { type AppendRow, checkRequest, decodeRow, encodeAppends } from '../append-codec.ts';
import { EventStoreError } from '../errors.ts';
import { toPosition } from '../position.ts';
import { follow } from '../subscription.ts';
import type {
  AppendReply,
  LinkedRow,
  ReaderCall,
  ScanReply,
  StreamAppendsRequest,
  StreamReply,
  VerifyReply,
  WriterCall,
} from './messages.ts';
import { deliver, Outbox, type Sealed } from './outbox.ts';
import { pageAll, pageAppends, pageStream, pageStreamAppends, pageVerification } from './paging.ts';
import { ThreadClient } from './thread-client.ts';

export interface SqliteEventStoreOptions {
  /** The log file; its directory is made when it is missing. Beside it lie `-wal`, `-shm` and `.lock`. */
  readonly path: string;
  /** Bytes of appends that may wait for the disk before further ones are refused; default 256 MiB. */
  readonly maxWaitingBytes?: number;
  /** Limit of the file in pages of 4 KiB, to try out a full disk. */
  readonly maxPages?: number;
  /** Another script for the writer thread, to try out its death. */
  readonly writerScript?: URL;
}

/**
 * Bytes gathered before they are sent without waiting for the end of the turn: the writer begins with them while
 * the rest is still being encoded, and the two threads keep out of step from then on.
 */
const SEND_BYTES = 524_288;
const MAX_WAITING_BYTES = 268_435_456;
/** Names in one round trip. */
const STREAMS_PER_CALL = 4096;

/**
 * @throws EventStoreError 'in-use' when another store has the log open for writing, 'newer-file' when a newer
 * version wrote it, 'no-log' when the file is something else.
 */
export async function openSqliteEventStore(options: SqliteEventStoreOptions): Promise<EventStore> {
  mkdirSync(dirname(options.path), { recursive: true });
  const store = new SqliteEventStore(options.maxWaitingBytes ?? MAX_WAITING_BYTES);
  await store.open(options);
  return store;
}

class SqliteEventStore implements EventStore {
  readonly #maxWaitingBytes: number;
  readonly #listeners = new Set<() => void>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #outbox = new Outbox();
  #writer: ThreadClient<WriterCall> | null = null;
  #reader: ThreadClient<ReaderCall> | null = null;
  #head = 0;
  #sentBytes = 0;
  #sendPlanned = false;
  #closing: Promise<void> | null = null;

  constructor(maxWaitingBytes: number) {
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  async open({ path, maxPages, writerScript }: SqliteEventStoreOptions): Promise<void> {
    const onFailure = () => this.#ring();
    const script = writerScript ?? new URL('./writer-thread.ts', import.meta.url);
    const data = maxPages === undefined ? { path } : { path, maxPages };
    const writer = await ThreadClient.start<WriterCall>({
      script,
      name: 'event-log writer',
      data,
      onFailure,
    });
    try {
      const reader = await ThreadClient.start<ReaderCall>({
        script: new URL('./reader-thread.ts', import.meta.url),
        name: 'event-log reader',
        data: { path },
        onFailure,
        gathers: true,
      });
      this.#reader = reader.client;
    } catch (error) {
      await writer.client.close({ kind: 'close' });
      throw error;
    }
    this.#writer = writer.client;
    this.#head = Number(writer.ready);
  }

  async append(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    this.#mustBeOpen();
    if (requests.length === 0) return [];
    for (const request of requests) checkRequest(request);
    const encoded = encodeAppends(requests);
    if (this.#sentBytes + this.#outbox.bytes > this.#maxWaitingBytes)
      throw new EventStoreError(
        'overloaded',
        `${this.#sentBytes + this.#outbox.bytes} bytes of appends wait for the disk already`,
      );
    const results = this.#outbox.add(encoded);
    if (this.#outbox.bytes >= SEND_BYTES) this.#send();
    else if (!this.#sendPlanned) {
      this.#sendPlanned = true;
      setImmediate(() => this.#send());
    }
    return results;
  }

  /** Hands everything gathered to the writer, which commits it with whatever else has reached it. */
  #send(): void {
    this.#sendPlanned = false;
    if (this.#outbox.isEmpty) return;
    const sealed = this.#outbox.seal();
    const { batch } = sealed;
    const size = batch.bytes.length;
    this.#sentBytes += size;
    this.#thread(this.#writer)
      .call({ kind: 'append', batch }, [batch.bytes.buffer as ArrayBuffer])
      .then(
        (value) => this.#committed(sealed, value as AppendReply),
        (error: unknown) => {
          for (const entry of sealed.entries) entry.reject(error);
        },
      )
      .finally(() => {
        this.#sentBytes -= size;
      });
  }

  #committed(sealed: Sealed, reply: AppendReply): void {
    const grown = reply.head > this.#head;
    this.#head = Math.max(this.#head, reply.head);
    deliver(sealed, reply);
    if (grown) this.#ring();
  }

  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    const read = (request: Parameters<Parameters<typeof pageStream>[0]>[0]) =>
      this.#read<StreamReply>({ kind: 'stream', request });
    return pageStream(read, stream, options);
  }

  async readStreams(streams: readonly string[]): Promise<readonly (readonly RecordedEvent[])[]> {
    const found: RecordedEvent[][] = [];
    for (let at = 0; at < streams.length; at += STREAMS_PER_CALL) {
      const names = streams.slice(at, at + STREAMS_PER_CALL);
      const rows = await this.#read<AppendRow[][]>({ kind: 'streams', names });
      for (const stream of rows) found.push(stream.flatMap(decodeRow));
    }
    return found;
  }

  readAll(options: ReadAllOptions = {}): AsyncIterable<EventBatch> {
    const scan = (request: Parameters<Parameters<typeof pageAll>[0]>[0]) =>
      this.#read<ScanReply>({ kind: 'scan', request });
    return pageAll(scan, () => this.#currentHead(), options);
  }

  appends(after: Position = ''): AsyncIterable<readonly StoredAppend[]> {
    const read = (request: Parameters<Parameters<typeof pageAppends>[0]>[0]) =>
      this.#read<LinkedRow[]>({ kind: 'appends', request });
    return pageAppends(read, () => this.#currentHead(), after);
  }

  streamAppends(stream: string, from = 0, until?: number): AsyncIterable<readonly StoredAppend[]> {
    const read = (request: StreamAppendsRequest) =>
      this.#read<LinkedRow[]>({ kind: 'stream-appends', request });
    return pageStreamAppends(read, stream, from, until);
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#mustBeOpen();
    const log = {
      readAll: (read: ReadAllOptions) => this.readAll(read),
      onGrowth: (listener: () => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    const subscription = follow(log, options, () => this.#subscriptions.delete(subscription));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async head(): Promise<Position> {
    return toPosition(this.#currentHead());
  }

  verify(stream?: string): AsyncIterable<VerifyProgress> {
    return pageVerification((cursor) => this.#read<VerifyReply>({ kind: 'verify', cursor }), stream);
  }

  /** Commits what was handed over before, ends the subscriptions, then the threads. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#send();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    try {
      await this.#reader?.close({ kind: 'close' });
    } finally {
      await this.#writer?.close({ kind: 'close' });
    }
  }

  async #read<Value>(call: ReaderCall): Promise<Value> {
    this.#currentHead();
    return (await this.#thread(this.#reader).call(call)) as Value;
  }

  /** @throws EventStoreError 'closed' also when the writer has died: what it would have told is missing. */
  #currentHead(): number {
    this.#mustBeOpen();
    return this.#head;
  }

  #mustBeOpen(): void {
    if (this.#closing !== null) throw new EventStoreError('closed', 'the event store is closed');
    const failure = this.#writer?.failure ?? this.#reader?.failure;
    if (failure !== undefined && failure !== null) throw failure;
  }

  #thread<Call>(client: ThreadClient<Call> | null): ThreadClient<Call> {
    if (client === null) throw new EventStoreError('closed', 'the event store is not open');
    return client;
  }

  #ring(): void {
    for (const listener of this.#listeners) listener();
  }
}
