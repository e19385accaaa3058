/** Puts the events of a stream, or of `$all`, together to the appends they were made by. */
import type { AppendMetadata, Position, StoredAppend } from '../../../app/ports.ts';
import { linkHash } from '../chain.ts';
import { EventStoreError } from '../errors.ts';
import { bodyOf, type WireEvent } from './wire-event.ts';

export interface WholeAppend {
  readonly stream: string;
  readonly first: number;
  readonly events: readonly WireEvent[];
  /** Null when its last events are missing. */
  readonly hash: Buffer | null;
}

/** The events of one append come one after the other: the server writes them in one go. */
export class AppendAssembler {
  #events: WireEvent[] = [];
  /** In the middle of an append whose beginning was not read. */
  #skipping: boolean;

  /** `midway`: the first event may be in the middle of an append, of which nothing is given back then. */
  constructor(midway: boolean) {
    this.#skipping = midway;
  }

  /** @returns appends that end with this event or before it. */
  add(event: WireEvent): WholeAppend[] {
    const done: WholeAppend[] = [];
    const before = this.#events.at(-1);
    const goesOn =
      before !== undefined &&
      before.stream === event.stream &&
      before.first === event.first &&
      before.revision + 1 === event.revision;
    if (!goesOn) {
      done.push(...this.end());
      if (this.#skipping && event.revision > event.first) return done;
      this.#skipping = false;
    }
    this.#events.push(event);
    if (event.hash !== null) done.push(...this.end());
    return done;
  }

  /** What is left when there is nothing more to read. */
  end(): WholeAppend[] {
    const [head] = this.#events;
    if (head === undefined) return [];
    const { stream, first } = head;
    const whole = { stream, first, events: this.#events, hash: this.#events.at(-1)?.hash ?? null };
    this.#events = [];
    return [whole];
  }
}

/** @throws EventStoreError 'read-failed' when a part of it is missing. */
export function storedAppend({ stream, first, events, hash }: WholeAppend): StoredAppend {
  const head = events[0];
  const position: Position | null = events.at(-1)?.position ?? null;
  const metadata = head?.metadata ?? null;
  if (head?.revision !== first || hash === null || position === null || metadata === null)
    throw new EventStoreError(
      'read-failed',
      `the append to ${stream} at revision ${first} is not whole: run fleetwave verify`,
    );
  return {
    stream,
    firstRevision: first,
    metadata,
    events: events.map(({ id, type, schemaVersion, data }) => ({ id, type, schemaVersion, data })),
    position,
    hash: hash.toString('hex'),
  };
}

/** What is wrong with an append of which the one before has this hash; empty when nothing is. */
export function checkAppend(append: WholeAppend, previous: Uint8Array): string[] {
  const { stream, first, events, hash } = append;
  const problems: string[] = [];
  if (events[0]?.revision !== first) problems.push('its first events are missing');
  if (hash === null) problems.push('its last events are missing');
  const texts = events.flatMap(({ metadata }) => (metadata === null ? [] : [textOf(metadata)]));
  const metadata = texts[0] ?? '';
  if (texts.some((text) => text !== metadata)) problems.push('its events do not carry the same metadata');
  if (problems.length > 0 || hash === null) return problems;
  const body = bodyOf(
    events,
    events.map(({ json }) => json),
  );
  const link = linkHash(previous, stream, first, Buffer.from(metadata), Buffer.from(body));
  return link.equals(hash) ? [] : ['the hash does not match'];
}

const textOf = (metadata: AppendMetadata): string => JSON.stringify(metadata);
