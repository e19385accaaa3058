/** Reads single streams: bounded batches, going on where it was after a lost connection. */
import type { Position, ReadStreamOptions, RecordedEvent } from '../../../app/ports.ts';
import { EventStoreError } from '../errors.ts';
import { type ReadAnswer, readCall } from './calls.ts';
import type { Connection } from './connection.ts';
import { EventDecoder, type LookUp, metadataOf } from './event-decoder.ts';
import { type StreamRead, streamRequest } from './read-requests.ts';
import { type WireEvent, wireEvent } from './wire-event.ts';

export interface StreamEnd {
  readonly revision: number;
  /** Hash of the last append; what the first one is chained to for a stream that does not exist. */
  readonly hash: Uint8Array;
}

const BATCH_EVENTS = 1000;
const BATCH_BYTES = 4_194_304;
const ALL_EVENTS = Number.MAX_SAFE_INTEGER;

export class StreamReader {
  readonly #connection: Connection;
  readonly #locate: LookUp['position'];

  /** `locate` finds an event's position where the server does not know it. */
  constructor(connection: Connection, locate: LookUp['position']) {
    this.#connection = connection;
    this.#locate = locate;
  }

  readonly lookUp: LookUp = {
    metadata: async (stream, revision) => metadataOf(await this.#eventAt(stream, revision), stream, revision),
    position: (stream, revision) => this.#locate(stream, revision),
  };

  /** The last event of a stream, or null when there is none. */
  async last(stream: string): Promise<WireEvent | null> {
    return await this.#one({ stream, backward: true, from: null, count: 1 });
  }

  async positionOf(stream: string, revision: number): Promise<Position> {
    return (await this.#eventAt(stream, revision))?.position ?? (await this.#locate(stream, revision));
  }

  /** First revision of the append that a revision is in; null when the stream does not have it. */
  async firstOfAppend(stream: string, revision: number): Promise<number | null> {
    return (await this.#eventAt(stream, revision))?.first ?? null;
  }

  async *read(
    stream: string,
    { from, direction, limit }: ReadStreamOptions = {},
  ): AsyncGenerator<readonly RecordedEvent[]> {
    const decoder = new EventDecoder(this.lookUp);
    const backward = direction === 'backward';
    const start = await this.#startOf(stream, backward, from);
    if (start === undefined) return;
    const count = limit === undefined ? ALL_EVENTS : Math.min(limit, ALL_EVENTS);
    if (count <= 0) return;
    for await (const events of this.wires({ stream, backward, from: start, count }))
      yield await decoder.recorded(events);
  }

  /** Where to begin; undefined when nothing can be there. A server goes down from a revision that is far too high. */
  async #startOf(
    stream: string,
    backward: boolean,
    from: number | undefined,
  ): Promise<number | null | undefined> {
    if (from === undefined) return null;
    if (!backward) return from > ALL_EVENTS ? undefined : Math.max(0, from);
    if (from < 0) return undefined;
    const last = await this.last(stream);
    return last === null ? undefined : Math.min(from, last.revision);
  }

  /** Events as they are stored, in bounded batches. */
  async *wires(request: StreamRead): AsyncGenerator<readonly WireEvent[]> {
    const retry = this.#connection.retry();
    let { from, count } = request;
    const batch: WireEvent[] = [];
    let bytes = 0;
    while (count > 0) {
      const session = await this.#session(retry);
      if (session === null) continue;
      try {
        const call = readCall(session, streamRequest({ ...request, from, count }), {
          silence_ms: this.#connection.deadline_ms,
        });
        for await (const answers of call) {
          this.#connection.reached();
          retry.progress();
          for (const event of eventsOf(answers)) {
            batch.push(event);
            bytes += event.bytes;
            from = event.revision + (request.backward ? -1 : 1);
            count -= 1;
          }
          if (batch.length < BATCH_EVENTS && bytes < BATCH_BYTES) continue;
          bytes = 0;
          yield batch.splice(0, BATCH_EVENTS);
        }
        break;
      } catch (error) {
        await retry.after(this.#connection.failed(session, error));
        if (request.backward && (from ?? 0) < 0) break;
      }
    }
    if (batch.length > 0) yield batch;
  }

  async #session(retry: ReturnType<Connection['retry']>) {
    try {
      return await this.#connection.session();
    } catch (error) {
      await retry.after(this.#connection.failed(null, error));
      return null;
    }
  }

  #eventAt(stream: string, revision: number): Promise<WireEvent | null> {
    return this.#one({ stream, backward: false, from: revision, count: 1 });
  }

  #one(request: StreamRead): Promise<WireEvent | null> {
    return this.#connection.run(async (session) => {
      const call = readCall(session, streamRequest(request), { silence_ms: this.#connection.deadline_ms });
      for await (const answers of call) for (const event of eventsOf(answers)) return event;
      return null;
    });
  }
}

/** @throws EventStoreError 'read-failed' for an event that is not ours. */
function* eventsOf(answers: readonly ReadAnswer[]): Generator<WireEvent> {
  for (const answer of answers) {
    const recorded = answer.getEvent()?.getEvent();
    if (recorded !== undefined) yield wireEvent(recorded);
  }
}

/** What the next append to a stream is chained to. @throws EventStoreError 'read-failed' when its last event says nothing of it. */
export function endOf(last: WireEvent): StreamEnd {
  if (last.hash !== null) return { revision: last.revision, hash: last.hash };
  throw new EventStoreError(
    'read-failed',
    `stream ${last.stream} ends at revision ${last.revision} in the middle of an append`,
  );
}
