/**
 * Reads `$all` through filtered subscriptions, which tell how far they have looked where nothing matches.
 *
 * A subscription never starts at the position it was asked for, but at the last event of ours before it: that
 * event surely exists. A checkpoint may be a place between two records, or one of a system event that was scavenged
 * since, and servers up to 23.10 skip the first event after such a place.
 */
import { type EventBatch, type Position, type ReadAllOptions, START } from '../../../app/ports.ts';
import { checkPosition, fromPosition, positionOfFields } from './all-position.ts';
import { type ReadAnswer, readCall } from './calls.ts';
import type { Connection, Session } from './connection.ts';
import { EventDecoder, type LookUp } from './event-decoder.ts';
import { AbandonedCallError } from './failure.ts';
import { followRequest, isWanted, lastEventRequest, type Search } from './read-requests.ts';
import { type WireEvent, wireEvent } from './wire-event.ts';

export interface Located extends WireEvent {
  readonly position: Position;
}

/** What came at one time. */
export interface Step {
  readonly events: readonly Located[];
  /** Everything up to here has been looked at, as the server says it; null when it says nothing. */
  readonly checkpoint: Position | null;
  /** Everything that was there when the subscription began has been looked at. */
  readonly caughtUp: boolean;
}

export interface Follow {
  readonly after: Position;
  readonly prefixes: readonly string[] | undefined;
  readonly search: Search;
  readonly silence_ms: number | null;
  readonly stop?: AbortSignal | undefined;
}

export interface Scan {
  readonly after: Position;
  /** At most the head. */
  readonly until: Position;
  readonly prefixes: readonly string[] | undefined;
  readonly stop?: AbortSignal | undefined;
}

/** A part of a scan; everything up to its position has been looked at. */
export interface Part {
  readonly events: readonly Located[];
  readonly position: Position;
}

/** In steps of 500 events, with a sign of life every 10,000. */
const CATCHING_UP: Search = { window: 500, checkpointEvery: 20 };
/** Longest wait for a sign of life while there is something to read. */
const SILENCE_MS = 30_000;
const DEFAULT_BATCH = 1000;
const BATCH_BYTES = 4_194_304;

export class AllReader {
  readonly #connection: Connection;
  readonly #lookUp: LookUp;
  readonly #onSeen: (position: Position) => void;

  /** `onSeen` is told positions that are surely in the log. */
  constructor(connection: Connection, lookUp: LookUp, onSeen: (position: Position) => void) {
    this.#connection = connection;
    this.#lookUp = lookUp;
    this.#onSeen = onSeen;
  }

  /** Position of the last event of ours; START when there is none. */
  head(): Promise<Position> {
    return this.#connection.run((session) => this.headOf(session));
  }

  async headOf(session: Session, stop?: AbortSignal): Promise<Position> {
    const head = (await this.#lastPosition(session, null, stop)) ?? START;
    this.#onSeen(head);
    return head;
  }

  async *readAll({ after = START, until, prefixes, batchSize }: ReadAllOptions): AsyncGenerator<EventBatch> {
    checkPosition(after);
    const head = await this.head();
    const end = until === undefined || until > head ? head : until;
    const decoder = new EventDecoder(this.#lookUp);
    const size = Math.max(1, batchSize ?? DEFAULT_BATCH);
    let pending: Located[] = [];
    let bytes = 0;
    let told = after;
    for await (const part of this.scan({ after, until: end, prefixes })) {
      for (const event of part.events) {
        pending.push(event);
        bytes += event.bytes;
        if (pending.length < size && bytes < BATCH_BYTES) continue;
        const events = await decoder.recorded(pending);
        [pending, bytes, told] = [[], 0, event.position];
        yield { events, position: told };
      }
      if (part.position <= told || (pending.length > 0 && part.position < end)) continue;
      const events = await decoder.recorded(pending);
      [pending, bytes, told] = [[], 0, part.position];
      yield { events, position: told };
    }
  }

  /** Everything in `(after, until]` that matches, once each, whatever happens to the connection. */
  async *scan({ after, until, prefixes, stop }: Scan): AsyncGenerator<Part> {
    const retry = this.#connection.retry();
    let position = after;
    if (prefixes?.length === 0 && position < until) {
      position = until;
      yield { events: [], position };
    }
    while (position < until && !hasStopped(stop)) {
      let session: Session | null = null;
      try {
        session = await this.#connection.session();
        const follow = { after: position, prefixes, search: CATCHING_UP, silence_ms: SILENCE_MS, stop };
        for await (const step of this.follow(session, follow)) {
          retry.progress();
          const events = step.events.filter((event) => event.position <= until);
          const seen = step.events.at(-1)?.position ?? step.checkpoint ?? START;
          const over = step.caughtUp || seen >= until;
          position = over ? until : await this.#reached(session, step, position, stop);
          yield { events, position };
          if (over) break;
        }
      } catch (error) {
        const failure = this.#connection.failed(session, error);
        if (!hasStopped(stop)) await retry.after(failure, stop);
      }
    }
  }

  /** Where a step has come to, as the position of an event of ours. */
  async #reached(
    session: Session,
    { events, checkpoint }: Step,
    before: Position,
    stop: AbortSignal | undefined,
  ): Promise<Position> {
    const last = events.at(-1);
    if (last !== undefined) return last.position;
    if (checkpoint === null || checkpoint <= before) return before;
    const settled = (await this.#lastPosition(session, checkpoint, stop)) ?? START;
    return settled > before ? settled : before;
  }

  /** A checkpoint as the position of an event: at once when it is one, else of the last event of ours before it. */
  async settle(session: Session, checkpoint: Position, stop: AbortSignal): Promise<Position> {
    const { commit, prepare } = fromPosition(checkpoint);
    return commit === prepare ? checkpoint : ((await this.#lastPosition(session, checkpoint, stop)) ?? START);
  }

  /** One subscription to `$all`: what comes after a position, for as long as the call lasts. */
  async *follow(session: Session, options: Follow): AsyncGenerator<Step> {
    const { after, prefixes, search, silence_ms, stop } = options;
    const start = after === START ? null : await this.#lastPosition(session, after, stop);
    let position = after;
    for await (const answers of readCall(session, followRequest(start, prefixes, search), {
      silence_ms,
      stop,
    })) {
      this.#connection.reached();
      const step = stepOf(answers, position, prefixes);
      const last = step.events.at(-1);
      if (last !== undefined) {
        position = last.position;
        this.#onSeen(position);
      }
      yield step;
    }
    throw new AbandonedCallError('the server ended the subscription');
  }

  /** Position of the last event of ours before a place in `$all` (exclusive), or of all. */
  async #lastPosition(
    session: Session,
    before: Position | null,
    stop: AbortSignal | undefined,
  ): Promise<Position | null> {
    const options = { silence_ms: this.#connection.deadline_ms, stop };
    for await (const answers of readCall(session, lastEventRequest(before), options))
      for (const answer of answers) {
        const recorded = answer.getEvent()?.getEvent();
        if (recorded !== undefined)
          return positionOfFields(recorded.getCommitPosition(), recorded.getPreparePosition());
      }
    return null;
  }
}

/** @throws EventStoreError 'read-failed' for an event that is not ours. */
function stepOf(
  answers: readonly ReadAnswer[],
  after: Position,
  prefixes: readonly string[] | undefined,
): Step {
  const events: Located[] = [];
  let checkpoint: Position | null = null;
  let caughtUp = false;
  for (const answer of answers) {
    const recorded = answer.getEvent()?.getEvent();
    const mark = answer.getCheckpoint();
    if (recorded !== undefined) {
      const event = wireEvent(recorded);
      if (isLocated(event) && event.position > after && isWanted(event.stream, prefixes)) events.push(event);
    } else if (mark !== undefined)
      checkpoint = positionOfFields(mark.getCommitPosition(), mark.getPreparePosition()) ?? checkpoint;
    else if (answer.hasCaughtUp()) caughtUp = true;
  }
  return { events, checkpoint, caughtUp };
}

const hasStopped = (stop: AbortSignal | undefined): boolean => stop?.aborted ?? false;

/** Events of `$all` always know where they are. */
const isLocated = (event: WireEvent): event is Located => event.position !== null;
