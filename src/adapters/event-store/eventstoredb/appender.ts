/**
 * Appends: those of one stream in their order, those of different streams side by side. An append carries the hash
 * that chains it to the one before, so the end of its stream must be known; the server's check of the expected
 * revision makes sure that it still is.
 */
import type { AppendRequest, AppendResult, Position } from '../../../app/ports.ts';
import { MAX_APPEND_BYTES, START } from '../../../app/ports.ts';
import { FIRST_LINK } from '../chain.ts';
import { EventStoreError } from '../errors.ts';
import { type AppendAnswer, appendCall } from './calls.ts';
import type { Connection, Session } from './connection.ts';
import { Lanes } from './lanes.ts';
import { StreamEnds } from './stream-ends.ts';
import { endOf, type StreamEnd, type StreamReader } from './stream-reader.ts';
import { type PreparedAppend, type ProposedEvent, prepareAppend, proposedEvents } from './wire-event.ts';

export interface AppenderOptions {
  readonly connection: Connection;
  readonly streams: StreamReader;
  /** Appends on their way at one time. */
  readonly maxInFlight: number;
  /** Bytes of appends that may wait before further ones are refused. */
  readonly maxWaitingBytes: number;
  /** Streams whose ends are remembered. */
  readonly maxStreamEnds: number;
}

type Appended = Extract<AppendResult, { status: 'appended' }>;

const NO_STREAM: StreamEnd = { revision: -1, hash: FIRST_LINK };

export class Appender {
  readonly #connection: Connection;
  readonly #streams: StreamReader;
  readonly #lanes: Lanes;
  readonly #ends: StreamEnds;
  readonly #maxWaitingBytes: number;
  #waitingBytes = 0;
  #draining = false;
  /** The last position known to be in the log. */
  #highest: Position = START;
  readonly #counts = { appends: 0, appendsRepeated: 0, appendConflicts: 0, streamEndsRead: 0 };

  constructor(options: AppenderOptions) {
    this.#connection = options.connection;
    this.#streams = options.streams;
    this.#lanes = new Lanes(options.maxInFlight);
    this.#ends = new StreamEnds(options.maxStreamEnds);
    this.#maxWaitingBytes = options.maxWaitingBytes;
  }

  get stats(): Readonly<Record<string, number>> {
    return {
      ...this.#counts,
      appendsInFlight: this.#lanes.running,
      appendBytesWaiting: this.#waitingBytes,
      streamEnds: this.#ends.size,
    };
  }

  /** Something at this position was read. */
  saw(position: Position): void {
    if (position > this.#highest) this.#highest = position;
  }

  /** Tries nothing again from now on; resolves when nothing is under way. */
  drain(): Promise<void> {
    this.#draining = true;
    return this.#lanes.idle();
  }

  async append(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    const prepared = requests.map(prepareAppend);
    if (this.#waitingBytes > this.#maxWaitingBytes)
      throw new EventStoreError(
        'overloaded',
        `${this.#waitingBytes} bytes of appends wait for the event store already`,
      );
    const bytes = prepared.reduce((sum, one) => sum + one.bytes, 0);
    this.#waitingBytes += bytes;
    try {
      return await this.#appendAll(prepared);
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  /** Waits for all of them, also when one fails: nothing goes on behind the caller's back. */
  async #appendAll(prepared: readonly PreparedAppend[]): Promise<readonly AppendResult[]> {
    const results: AppendResult[] = new Array(prepared.length);
    const streams = Map.groupBy(prepared.keys(), (n) => prepared[n]?.request.stream ?? '');
    const failures: unknown[] = [];
    const runs = [...streams].map(([stream, indices]) =>
      this.#lanes.run(stream, async () => {
        // What was not sent yet when another gave up need not try for as long again.
        if (failures.length > 0) return;
        try {
          for (const n of indices) results[n] = await this.#appendOne(prepared[n] as PreparedAppend);
        } catch (error) {
          failures.push(error);
        }
      }),
    );
    await Promise.all(runs);
    if (failures.length > 0) throw failures[0];
    return results;
  }

  async #appendOne(prepared: PreparedAppend): Promise<AppendResult> {
    const { request, bytes } = prepared;
    const { stream, expectedRevision } = request;
    if (bytes > MAX_APPEND_BYTES) return { status: 'too-large', bytes, limit: MAX_APPEND_BYTES };
    const end = await this.#endOf(stream, expectedRevision);
    if (end.revision !== expectedRevision) return await this.#explain(request, end.revision);
    const before = this.#highest;
    const { events, hash } = proposedEvents(prepared, end.hash);
    this.#ends.delete(stream);
    const answer = await this.#send({ stream, expectedRevision, events });
    if (answer.status === 'wrong-revision') return this.#conflict(answer.actualRevision);
    const revision = expectedRevision + events.length;
    if (answer.revision !== revision)
      throw new EventStoreError(
        'commit-failed',
        `stream ${stream} was deleted and has begun anew at revision ${answer.revision}: its chain is broken`,
      );
    const position = answer.position ?? (await this.#streams.positionOf(stream, revision));
    // What was written just now lies behind all that was known before.
    const repeated = position <= before;
    if (!repeated) this.#ends.set(stream, { revision, hash });
    return this.#appended({ status: 'appended', revision, position, repeated });
  }

  /** The end of a stream, from memory when that is what is expected. */
  async #endOf(stream: string, expectedRevision: number): Promise<StreamEnd> {
    const known = this.#ends.get(stream) ?? (expectedRevision === -1 ? NO_STREAM : undefined);
    if (known?.revision === expectedRevision) return known;
    this.#counts.streamEndsRead += 1;
    const last = await this.#streams.last(stream);
    const end = last === null ? NO_STREAM : endOf(last);
    if (last !== null) this.#ends.set(stream, end);
    return end;
  }

  /** The same events again as long as it may help: the server knows them by their ids. */
  async #send(append: {
    readonly stream: string;
    readonly expectedRevision: number;
    readonly events: readonly ProposedEvent[];
  }): Promise<AppendAnswer> {
    const retry = this.#connection.retry();
    for (;;) {
      let session: Session | null = null;
      try {
        session = await this.#connection.session();
        const answer = await appendCall(session, append, this.#connection.deadline_ms);
        this.#connection.reached();
        return answer;
      } catch (error) {
        const failure = this.#connection.failed(session, error);
        if (this.#draining) throw failure.error;
        await retry.after(failure);
      }
    }
  }

  /** The stream is not where it was expected: a lost race, or an append that was made before. */
  async #explain(
    { stream, expectedRevision, events }: AppendRequest,
    actualRevision: number,
  ): Promise<AppendResult> {
    if (actualRevision <= expectedRevision) return this.#conflict(actualRevision);
    const request = { stream, backward: false, from: expectedRevision + 1, count: events.length };
    let next = 0;
    let position: Position | null = null;
    for await (const batch of this.#streams.wires(request))
      for (const event of batch) {
        if (event.id !== events[next]?.id) return this.#conflict(actualRevision);
        next += 1;
        position = event.position;
      }
    if (next < events.length) return this.#conflict(actualRevision);
    const revision = expectedRevision + events.length;
    position ??= await this.#streams.positionOf(stream, revision);
    return this.#appended({ status: 'appended', revision, position, repeated: true });
  }

  #conflict(actualRevision: number): AppendResult {
    this.#counts.appendConflicts += 1;
    return { status: 'conflict', actualRevision };
  }

  #appended(result: Appended): AppendResult {
    this.saw(result.position);
    this.#counts.appends += 1;
    if (result.repeated) this.#counts.appendsRepeated += 1;
    return result;
  }
}
