/** The event store on EventStoreDB 23.10 to 25 (DESIGN §3, §10; docs/engines.md). */
import type {
  AppendRequest,
  AppendResult,
  EventBatch,
  EventStore,
  Log,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StoredAppend,
  SubscribeOptions,
  Subscription,
  VerifyProgress,
} from '../../../app/ports.ts';
import { START } from '../../../app/ports.ts';
import { EventStoreError } from '../errors.ts';
import { checkPosition } from './all-position.ts';
import { AllReader } from './all-reader.ts';
import { Appender } from './appender.ts';
import { verifyChains } from './chain-verifier.ts';
import { Connection } from './connection.ts';
import { followAll } from './live-subscription.ts';
import { checkVersion, serverVersion } from './server-version.ts';
import { StreamReader } from './stream-reader.ts';
import { AppendAssembler, storedAppend, type WholeAppend } from './whole-appends.ts';
import type { WireEvent } from './wire-event.ts';

export { probeEventStoreDb } from './probe.ts';

export interface EventStoreDbOptions {
  /** `esdb://user:password@host:port` or `esdb+discover://…`; TLS unless it says `?tls=false`. */
  readonly connectionString: string;
  readonly log: Log;
  /** Of one append or one short read; `defaultDeadline` in the connection string goes before it. Default 10 s. */
  readonly deadline_ms?: number;
  /** How long a call is tried again while the server can't be reached; default 15 s. */
  readonly retryFor_ms?: number;
  /** Appends on their way at one time; default 64. */
  readonly maxInFlight?: number;
  /** Bytes of appends that may wait before further ones are refused as 'overloaded'; default 64 MiB. */
  readonly maxWaitingBytes?: number;
  /** Streams whose ends are remembered, about 250 bytes each; default 100,000. */
  readonly maxStreamEnds?: number;
}

export interface EventStoreDbEventStore extends EventStore {
  /** Counters, and how much is under way. */
  stats(): Readonly<Record<string, number>>;
  /** Whether the server could be reached the last time. */
  connected(): boolean;
}

const DEADLINE_MS = 10_000;
const RETRY_FOR_MS = 15_000;
const MAX_IN_FLIGHT = 64;
const MAX_WAITING_BYTES = 67_108_864;
const MAX_STREAM_ENDS = 100_000;
/** Streams read at one time by `readStreams`. */
const STREAMS_AT_ONCE = 32;
const APPENDS_PER_BATCH = 1000;
const BATCH_BYTES = 4_194_304;
/** How long `close` waits for appends that are under way. */
const DRAIN_MS = 5000;

/**
 * @throws EventStoreError 'invalid-request' for a connection string that can't be understood, 'unavailable' when the
 * server can't be reached, 'denied' when it refuses the credentials, 'unsupported' when it is older than 23.10.
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStoreDbEventStore> {
  const store = new EventStoreDb(options);
  try {
    await store.open();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

class EventStoreDb implements EventStoreDbEventStore {
  readonly #log: Log;
  readonly #connection: Connection;
  readonly #streams: StreamReader;
  readonly #all: AllReader;
  readonly #appender: Appender;
  readonly #subscriptions = new Set<Subscription>();
  readonly #counts = { subscriptionsResumed: 0, positionsLookedUp: 0 };
  #closing: Promise<void> | null = null;

  constructor(options: EventStoreDbOptions) {
    this.#log = options.log;
    this.#connection = new Connection({
      connectionString: options.connectionString,
      log: options.log,
      deadline_ms: options.deadline_ms ?? DEADLINE_MS,
      retryFor_ms: options.retryFor_ms ?? RETRY_FOR_MS,
    });
    this.#streams = new StreamReader(this.#connection, (stream, revision) => this.#locate(stream, revision));
    this.#appender = new Appender({
      connection: this.#connection,
      streams: this.#streams,
      maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT,
      maxWaitingBytes: options.maxWaitingBytes ?? MAX_WAITING_BYTES,
      maxStreamEnds: options.maxStreamEnds ?? MAX_STREAM_ENDS,
    });
    this.#all = new AllReader(this.#connection, this.#streams.lookUp, (seen) => this.#appender.saw(seen));
  }

  async open(): Promise<void> {
    checkVersion(
      await this.#connection.run((session) => serverVersion(session, this.#connection.deadline_ms)),
    );
    await this.#all.head();
  }

  async append(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    this.#mustBeOpen();
    return await this.#appender.append(requests);
  }

  async *readStream(stream: string, options?: ReadStreamOptions): AsyncGenerator<readonly RecordedEvent[]> {
    this.#mustBeOpen();
    yield* this.#streams.read(stream, options);
  }

  async readStreams(streams: readonly string[]): Promise<readonly (readonly RecordedEvent[])[]> {
    this.#mustBeOpen();
    const found: RecordedEvent[][] = new Array(streams.length);
    const names = streams.entries();
    let failed = false;
    const readOn = async (): Promise<void> => {
      for (const [n, stream] of names) {
        if (failed) return;
        found[n] = await wholeOf(this.#streams.read(stream));
      }
    };
    const readers = Array.from({ length: STREAMS_AT_ONCE }, () =>
      readOn().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    );
    await Promise.all(readers);
    return found;
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<EventBatch> {
    this.#mustBeOpen();
    yield* this.#all.readAll(options);
  }

  async *appends(after: Position = START): AsyncGenerator<readonly StoredAppend[]> {
    this.#mustBeOpen();
    checkPosition(after);
    const assembler = new AppendAssembler(after !== START);
    const until = await this.#all.head();
    let batch: StoredAppend[] = [];
    let bytes = 0;
    for await (const { events } of this.#all.scan({ after, until, prefixes: undefined })) {
      for (const event of events) {
        bytes += event.bytes;
        batch.push(...assembler.add(event).map(storedAppend));
      }
      if (batch.length < APPENDS_PER_BATCH && bytes < BATCH_BYTES) continue;
      if (batch.length > 0) yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(...assembler.end().map(storedAppend));
    if (batch.length > 0) yield batch;
  }

  async *streamAppends(
    stream: string,
    from = 0,
    until = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<readonly StoredAppend[]> {
    this.#mustBeOpen();
    const first = from === 0 ? 0 : await this.#streams.firstOfAppend(stream, from);
    if (first === null) return;
    const assembler = new AppendAssembler(false);
    for await (const events of this.#streamWires(stream, first)) {
      const whole = events.flatMap((event) => assembler.add(event));
      const wanted = whole.filter((append) => append.first <= until);
      if (wanted.length > 0) yield await Promise.all(wanted.map((append) => this.#placed(append)));
      if (wanted.length < whole.length) return;
    }
    const rest = assembler.end().filter((append) => append.first <= until);
    if (rest.length > 0) yield await Promise.all(rest.map((append) => this.#placed(append)));
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#mustBeOpen();
    const subscription = followAll(
      {
        connection: this.#connection,
        reader: this.#all,
        lookUp: this.#streams.lookUp,
        onResume: () => {
          this.#counts.subscriptionsResumed += 1;
        },
        onEnd: () => this.#subscriptions.delete(subscription),
      },
      options,
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async head(): Promise<Position> {
    this.#mustBeOpen();
    return await this.#all.head();
  }

  async *verify(stream?: string): AsyncGenerator<VerifyProgress> {
    this.#mustBeOpen();
    yield* verifyChains(stream === undefined ? this.#allWires() : this.#streamWires(stream));
  }

  stats(): Readonly<Record<string, number>> {
    return {
      ...this.#appender.stats,
      ...this.#connection.stats,
      ...this.#counts,
      subscriptions: this.#subscriptions.size,
    };
  }

  connected(): boolean {
    return this.#connection.connected;
  }

  /** Waits for the appends that are under way, ends the subscriptions, then the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const patience = new AbortController();
    const enough = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, DRAIN_MS);
      patience.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    await Promise.race([this.#appender.drain(), enough]);
    patience.abort();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    await this.#connection.close();
  }

  async *#allWires(): AsyncGenerator<readonly WireEvent[]> {
    const until = await this.#all.head();
    for await (const { events } of this.#all.scan({ after: START, until, prefixes: undefined })) yield events;
  }

  #streamWires(stream: string, from: number | null = null): AsyncGenerator<readonly WireEvent[]> {
    return this.#streams.wires({ stream, backward: false, from, count: Number.MAX_SAFE_INTEGER });
  }

  /** With the position of its last event, which the read of a stream may not bring. */
  async #placed(append: WholeAppend): Promise<StoredAppend> {
    const last = append.events.at(-1);
    if (last === undefined || last.position !== null) return storedAppend(append);
    const position = await this.#streams.lookUp.position(append.stream, last.revision);
    return storedAppend({ ...append, events: [...append.events.slice(0, -1), { ...last, position }] });
  }

  /** Finds an event in `$all` whose position the read of its stream did not bring. Slow: from the beginning. */
  async #locate(stream: string, revision: number): Promise<Position> {
    this.#counts.positionsLookedUp += 1;
    this.#log('warn', 'the event store does not tell the positions of events of a stream', { stream });
    const until = await this.#all.head();
    for await (const { events } of this.#all.scan({ after: START, until, prefixes: [stream] }))
      for (const event of events)
        if (event.stream === stream && event.revision === revision) return event.position;
    throw new EventStoreError('read-failed', `event ${revision} of stream ${stream} is not in $all`);
  }

  #mustBeOpen(): void {
    if (this.#closing !== null) throw new EventStoreError('closed', 'the event store is closed');
  }
}

async function wholeOf(batches: AsyncIterable<readonly RecordedEvent[]>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
}
