/** An event store in memory, with the same encoding and chain as the durable one. For tests and dry runs. */
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
import { MAX_APPEND_BYTES } from '../../../app/ports.ts';
import {
  type AppendRow,
  byteLength,
  checkRequest,
  decodeAppend,
  decodeRow,
  type EncodedAppend,
  encodeAppends,
  findRepeat,
} from '../append-codec.ts';
import { FIRST_LINK, linkHash } from '../chain.ts';
import { EventStoreError } from '../errors.ts';
import { fromPosition, toPosition } from '../position.ts';
import { follow } from '../subscription.ts';

export interface MemoryEventStoreOptions {
  /** Called before every append is recorded. A throw or rejection fails the append: nothing is recorded. */
  readonly beforeAppend?: (requests: readonly AppendRequest[]) => void | Promise<void>;
  /** Called after an append was recorded, before its answer. A throw loses the answer, as a crash would. */
  readonly afterAppend?: (results: readonly AppendResult[]) => void | Promise<void>;
}

interface MemoryRow extends AppendRow {
  readonly hash: Uint8Array;
}

interface MemoryStream {
  revision: number;
  readonly rows: MemoryRow[];
}

const STREAM_BATCH = 1000;

export const createMemoryEventStore = (options: MemoryEventStoreOptions = {}): EventStore =>
  new MemoryEventStore(options);

class MemoryEventStore implements EventStore {
  readonly #options: MemoryEventStoreOptions;
  readonly #rows: MemoryRow[] = [];
  readonly #streams = new Map<string, MemoryStream>();
  readonly #listeners = new Set<() => void>();
  readonly #subscriptions = new Set<Subscription>();
  #head = 0;
  #closed = false;

  constructor(options: MemoryEventStoreOptions) {
    this.#options = options;
  }

  async append(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    this.#mustBeOpen();
    for (const request of requests) checkRequest(request);
    const encoded = encodeAppends(requests);
    if (this.#options.beforeAppend !== undefined) await this.#options.beforeAppend(requests);
    const before = this.#head;
    const results = encoded.map((one) => this.#appendOne(one));
    if (this.#head > before) for (const listener of this.#listeners) listener();
    await this.#options.afterAppend?.(results);
    return results;
  }

  #appendOne(encoded: EncodedAppend): AppendResult {
    const { request, metadata, body } = encoded;
    const bytes = byteLength(encoded);
    if (bytes > MAX_APPEND_BYTES) return { status: 'too-large', bytes, limit: MAX_APPEND_BYTES };
    const stream = this.#streams.get(request.stream) ?? { revision: -1, rows: [] };
    const { expectedRevision, events } = request;
    if (expectedRevision !== stream.revision) {
      const ids = events.map((event) => event.id);
      const repeat = findRepeat(expectedRevision, ids, rowsFrom(stream, expectedRevision + 1));
      return repeat === null
        ? { status: 'conflict', actualRevision: stream.revision }
        : {
            status: 'appended',
            revision: expectedRevision + ids.length,
            position: toPosition(repeat),
            repeated: true,
          };
    }
    const firstRevision = stream.revision + 1;
    const previous = stream.rows.at(-1)?.hash ?? FIRST_LINK;
    const row = {
      metadata,
      body,
      position: this.#head + 1,
      count: events.length,
      stream: request.stream,
      firstRevision,
      hash: hashOf(previous, request.stream, firstRevision, encoded),
    };
    stream.rows.push(row);
    stream.revision += events.length;
    this.#streams.set(request.stream, stream);
    this.#rows.push(row);
    this.#head += events.length;
    return {
      status: 'appended',
      revision: stream.revision,
      position: toPosition(this.#head),
      repeated: false,
    };
  }

  async *readStream(name: string, options: ReadStreamOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    this.#mustBeOpen();
    const stream = this.#streams.get(name);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    if (stream === undefined || left <= 0) return;
    const backward = options.direction === 'backward';
    const from = options.from ?? (backward ? stream.revision : 0);
    const events = stream.rows
      .flatMap(decodeRow)
      .filter((event) => (backward ? event.revision <= from : event.revision >= from));
    if (backward) events.reverse();
    for (let at = 0; at < events.length && left > 0; at += STREAM_BATCH) {
      const batch = events.slice(at, at + Math.min(STREAM_BATCH, left));
      left -= batch.length;
      yield batch;
    }
  }

  async readStreams(streams: readonly string[]): Promise<readonly (readonly RecordedEvent[])[]> {
    this.#mustBeOpen();
    return streams.map((name) => this.#streams.get(name)?.rows.flatMap(decodeRow) ?? []);
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<EventBatch> {
    this.#mustBeOpen();
    const after = fromPosition(options.after ?? '');
    const until = Math.min(
      this.#head,
      options.until === undefined ? this.#head : fromPosition(options.until),
    );
    const size = Math.max(1, options.batchSize ?? 1000);
    let pending: RecordedEvent[] = [];
    for (let index = this.#indexOf(after + 1); index < this.#rows.length; index++) {
      const row = this.#rows[index];
      if (row === undefined || row.position > until) break;
      if (!matches(row.stream, options.prefixes)) continue;
      for (const event of decodeRow(row)) {
        const sequence = fromPosition(event.position);
        if (sequence <= after || sequence > until) continue;
        pending.push(event);
        if (pending.length < size) continue;
        this.#mustBeOpen();
        yield { events: pending, position: event.position };
        pending = [];
        if (sequence === until) return;
      }
    }
    if (until > after) yield { events: pending, position: toPosition(until) };
  }

  /** Index of the row that holds the event with this number, or of the first after it. */
  #indexOf(sequence: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = this.#rows[middle];
      if (row !== undefined && row.position + row.count <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async *appends(after: Position = ''): AsyncGenerator<readonly StoredAppend[]> {
    this.#mustBeOpen();
    const end = this.#rows.length;
    for (let at = this.#indexOf(fromPosition(after) + 1); at < end; at += STREAM_BATCH) {
      this.#mustBeOpen();
      const rows = this.#rows.slice(at, Math.min(end, at + STREAM_BATCH));
      yield rows.map((row) => decodeAppend(row, Buffer.from(row.hash).toString('hex')));
    }
  }

  async *streamAppends(
    stream: string,
    from = 0,
    until = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<readonly StoredAppend[]> {
    this.#mustBeOpen();
    const rows = this.#streams.get(stream)?.rows ?? [];
    const wanted = rows.filter(
      ({ firstRevision, count }) => firstRevision + count > from && firstRevision <= until,
    );
    if (wanted.length > 0)
      yield wanted.map((row) => decodeAppend(row, Buffer.from(row.hash).toString('hex')));
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
    this.#mustBeOpen();
    return toPosition(this.#head);
  }

  async *verify(only?: string): AsyncGenerator<VerifyProgress> {
    this.#mustBeOpen();
    const problems: { stream: string; revision: number; what: string }[] = [];
    let appends = 0;
    let streams = 0;
    for (const [name, stream] of this.#streams) {
      if (only !== undefined && name !== only) continue;
      let previous = FIRST_LINK;
      for (const row of stream.rows) {
        if (!hashOf(previous, name, row.firstRevision, row).equals(row.hash))
          problems.push({ stream: name, revision: row.firstRevision, what: 'the hash does not match' });
        previous = row.hash;
        appends += 1;
      }
      streams += 1;
    }
    yield { appends, streams, problems };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new EventStoreError('closed', 'the event store is closed');
  }
}

const hashOf = (
  previous: Uint8Array,
  stream: string,
  firstRevision: number,
  row: { readonly metadata: string; readonly body: string },
): Buffer => linkHash(previous, stream, firstRevision, Buffer.from(row.metadata), Buffer.from(row.body));

const rowsFrom = (stream: MemoryStream, revision: number): MemoryRow[] =>
  stream.rows.filter((row) => row.firstRevision + row.count > revision);

const matches = (stream: string, prefixes: readonly string[] | undefined): boolean =>
  prefixes === undefined || prefixes.some((prefix) => stream.startsWith(prefix));
