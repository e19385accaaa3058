/** All that one worker writes for one shard: staged while it decides, appended at once, fenced by revisions. */
import { type DomainEvent, schemaVersionOf } from '../../domain/events.ts';
import type { AppendMetadata, AppendRequest, AppendResult, EventStore, NewEvent } from '../ports.ts';
import { FencedError } from './deps.ts';
import { createEventIds } from './event-ids.ts';

/** Stays far below the limit of one append, whatever the encoding adds. */
const CHUNK_BYTES = 512 * 1024;
/** Upper bound of an event without free texts and lists: ids, names of fields, times. */
const EVENT_BYTES = 1024;

interface Staged {
  readonly events: NewEvent[];
  readonly bytes: number[];
}

export class ShardLog {
  readonly shard: number;
  readonly epoch: string;
  readonly #store: EventStore;
  readonly #now: () => number;
  readonly #newId: () => string;
  readonly #eventId: () => string;
  readonly #revisions = new Map<string, number>();
  #staged = new Map<string, Staged>();

  constructor(
    deps: { readonly store: EventStore; readonly clock: { now(): number }; readonly newId: () => string },
    shard: number,
    epoch: string,
  ) {
    this.shard = shard;
    this.epoch = epoch;
    this.#store = deps.store;
    this.#now = () => deps.clock.now();
    this.#newId = deps.newId;
    this.#eventId = createEventIds(epoch);
  }

  /** From here on appends to this stream expect that revision. */
  own(stream: string, revision: number): void {
    this.#revisions.set(stream, revision);
  }

  disown(stream: string): void {
    this.#revisions.delete(stream);
  }

  /** @returns the id that the event will have. */
  stage(stream: string, event: DomainEvent, freeText: number = 0): string {
    let staged = this.#staged.get(stream);
    if (staged === undefined) {
      staged = { events: [], bytes: [] };
      this.#staged.set(stream, staged);
    }
    const made = this.newEvent(event);
    staged.events.push(made);
    staged.bytes.push(EVENT_BYTES + freeText);
    return made.id;
  }

  newEvent(event: DomainEvent): NewEvent {
    return {
      id: this.#eventId(),
      type: event.type,
      schemaVersion: schemaVersionOf(event.type),
      data: event.data,
    };
  }

  metadata(): AppendMetadata {
    return {
      actor: { kind: 'system', id: 'shard-worker' },
      time: new Date(this.#now()).toISOString(),
      correlationId: this.#newId(),
      causationId: null,
      source: 'worker',
    };
  }

  /**
   * Appends all that is staged, and `others` (streams that the API writes too), in one call of the store.
   * @returns the results of `others`: a conflict there is the caller's to decide again.
   * @throws FencedError on a conflict on a stream of the shard, or whatever the store throws. Then nothing may be
   * receipted or sent, and what is in memory is ahead of the log: the shard has to be read again.
   */
  async flush(others: readonly AppendRequest[] = []): Promise<readonly AppendResult[]> {
    const own = [...this.#requests()];
    this.#staged = new Map();
    if (own.length + others.length === 0) return [];
    const results = await this.#store.append([...own, ...others]);
    for (const [index, request] of own.entries()) {
      const result = results[index];
      if (result?.status === 'conflict') throw new FencedError(this.shard, request.stream);
      if (result?.status !== 'appended') throw new Error(`an append to ${request.stream} was too large`);
      this.#revisions.set(request.stream, result.revision);
    }
    return results.slice(own.length);
  }

  *#requests(): Generator<AppendRequest> {
    const metadata = this.metadata();
    for (const [stream, { events, bytes }] of this.#staged) {
      let expectedRevision = this.#revisions.get(stream);
      if (expectedRevision === undefined) throw new Error(`${stream} is not owned`);
      for (let from = 0; from < events.length; ) {
        let to = from;
        let size = 0;
        while (to < events.length && (to === from || size + (bytes[to] ?? 0) <= CHUNK_BYTES))
          size += bytes[to++] ?? 0;
        yield { stream, expectedRevision, events: events.slice(from, to), metadata };
        expectedRevision += to - from;
        from = to;
      }
    }
  }
}
