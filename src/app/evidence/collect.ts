/** Reads the appends that a bundle rests on, and names their events. */
import { type DomainEvent, isKnown, readEvent } from '../../domain/events.ts';
import type { Span } from '../../domain/rollout/spans.ts';
import type { EventStore, NewEvent, StoredAppend } from '../ports.ts';
import type { EventRef, ProvenAppend, ProvenStream } from './bundle.ts';

/** An event that is in the bundle. */
export interface Proven {
  readonly event: DomainEvent;
  readonly ref: EventRef;
}

/** What of an event goes into the bundle: itself, a part of it, or nothing (null). */
export type Selection = (event: NewEvent) => NewEvent | null;

const BEGINNING = '0'.repeat(64);

/** Content keys stay in the log, also wrapped: nobody needs them to check a digest. */
export const withoutKeys: Selection = (event) => {
  if (event.type !== 'FileStored') return event;
  const { wrappedKey: _, ...data } = event.data as Record<string, unknown>;
  return { ...event, data: { ...data, wrappedKey: null } };
};

export class Collection {
  readonly #store: Pick<EventStore, 'streamAppends' | 'readStream'>;
  readonly appends: ProvenAppend[] = [];
  readonly streams: ProvenStream[] = [];

  constructor(store: Pick<EventStore, 'streamAppends' | 'readStream'>) {
    this.#store = store;
  }

  /** All appends of a stream, or those with selected events; what is left out of an append is left out of its events. */
  async stream(stream: string, select: Selection, complete: boolean): Promise<readonly Proven[]> {
    const proven: Proven[] = [];
    let previous = BEGINNING;
    let last: StoredAppend | null = null;
    for await (const batch of this.#store.streamAppends(stream)) {
      for (const append of batch) {
        proven.push(...this.#add(append, previous, select, complete));
        previous = append.hash;
        last = append;
      }
    }
    if (last !== null) this.#end(last, complete);
    return proven;
  }

  /**
   * The appends of a long stream that hold these revisions, each with the link before it, and where the chain ends:
   * what reading all of the stream would give, when the selected events are in the spans.
   * @param spans in the order of the stream.
   */
  async within(stream: string, spans: readonly Span[], select: Selection): Promise<readonly Proven[]> {
    const proven: Proven[] = [];
    let reached = -1;
    for (const [first, last] of spans) {
      // Two spans can meet in one append.
      const from = Math.max(first, reached + 1);
      if (from > last) continue;
      let previous = await this.#linkBefore(stream, from);
      for await (const batch of this.#store.streamAppends(stream, from, last))
        for (const append of batch) {
          proven.push(...this.#add(append, previous, select, false));
          previous = append.hash;
          reached = append.firstRevision + append.events.length - 1;
        }
    }
    await this.end(stream);
    return proven;
  }

  /** The link of the append before the one that holds the revision. */
  async #linkBefore(stream: string, revision: number): Promise<string> {
    if (revision === 0) return BEGINNING;
    // One event before is in the append before, or in the same one when the revision is not its first.
    for await (const [before, after] of this.#store.streamAppends(stream, revision - 1, revision)) {
      if (before === undefined) break;
      if (after !== undefined || before.firstRevision + before.events.length <= revision) return before.hash;
      return this.#linkBefore(stream, before.firstRevision);
    }
    return BEGINNING;
  }

  /** Only where the chain of a stream ends, which fixes all that is in it. */
  async end(stream: string): Promise<void> {
    for await (const [event] of this.#store.readStream(stream, { direction: 'backward', limit: 1 })) {
      if (event === undefined) return;
      for await (const batch of this.#store.streamAppends(stream, event.revision))
        for (const append of batch) this.#end(append, false);
    }
  }

  #add(append: StoredAppend, previous: string, select: Selection, always: boolean): readonly Proven[] {
    const { stream, firstRevision, metadata, hash } = append;
    const chosen = append.events.map(select);
    if (!always && chosen.every((event) => event === null)) return [];
    const events = chosen.flatMap((event, n) =>
      event === null ? [] : [{ ...event, revision: firstRevision + n }],
    );
    const whole = append.events.every((event, n) => event === chosen[n]);
    this.appends.push({ stream, firstRevision, previous, hash, metadata: { ...metadata }, whole, events });
    return append.events.flatMap((stored, n) => {
      if (chosen[n] === null || !isKnown(stored.type, stored.schemaVersion)) return [];
      const read = readEvent(stored.type, stored.schemaVersion, stored.data);
      if (!read.known) return [];
      const { id, type } = stored;
      const ref = { id, type, stream, revision: firstRevision + n, time: metadata.time, hash };
      return [{ event: read.event, ref }];
    });
  }

  #end({ stream, firstRevision, events, hash }: StoredAppend, complete: boolean): void {
    const end = { stream, complete, lastRevision: firstRevision + events.length - 1, lastHash: hash };
    const known = this.streams.findIndex((one) => one.stream === stream);
    if (known === -1) this.streams.push(end);
    else this.streams[known] = end;
  }
}

export const refsOf = (proven: readonly Proven[], ...types: readonly DomainEvent['type'][]): EventRef[] =>
  proven.filter(({ event }) => types.length === 0 || types.includes(event.type)).map(({ ref }) => ref);
