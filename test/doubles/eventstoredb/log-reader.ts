/** Pages of the log and of a stream, cut where the real server cuts them. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { EventFilter } from './filter.ts';
import { comparePositions, type LogPosition, type StoredEvent, TOMBSTONE } from './stored-event.ts';

export interface PageLimits {
  readonly maxCount: number;
  /** Events looked at, also those that the filter leaves out. */
  readonly maxSearchWindow: number;
  readonly filter: EventFilter;
}

export interface LogPage {
  readonly events: readonly StoredEvent[];
  /** Where the next page starts. */
  readonly next: LogPosition;
  /** There was nothing left to look at. */
  readonly endOfLog: boolean;
  /** Events looked at, also those that the filter left out. */
  readonly considered: number;
}

export type StreamPage =
  | { readonly result: 'not-found' }
  | { readonly result: 'deleted' }
  | {
      readonly result: 'success';
      readonly events: readonly StoredEvent[];
      readonly nextRevision: number;
      readonly lastRevision: number;
      readonly endOfStream: boolean;
    };

const COLUMNS =
  'e.position, e.next, s.name, e.revision, e.id, e.type, e.is_json, e.created_ms, e.metadata, e.data';

export class LogReader {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync) {
    this.#statements = prepare(db);
  }

  /** From a position on, which counts as the start of a record: the event there is the first. */
  forward(from: LogPosition, limits: PageLimits): LogPage {
    const events: StoredEvent[] = [];
    let next = from;
    let considered = 0;
    for (const row of this.#statements.forward.iterate(Math.max(0, from.commit))) {
      const event = toEvent(row);
      if (comparePositions({ commit: event.position, prepare: event.position }, from) < 0) continue;
      considered += 1;
      if (limits.filter(event)) events.push(event);
      next = { commit: event.next, prepare: 0 };
      if (events.length >= limits.maxCount || considered >= limits.maxSearchWindow)
        return { events, next, endOfLog: false, considered };
    }
    return { events, next, endOfLog: true, considered };
  }

  /** Back from a position, which counts as the end of a record: an event that starts there is not in it. */
  backward(from: LogPosition, limits: PageLimits): LogPage {
    const events: StoredEvent[] = [];
    let next = from;
    let considered = 0;
    for (const row of this.#statements.backward.iterate(from.commit)) {
      const event = toEvent(row);
      if (comparePositions({ commit: event.next, prepare: event.next }, from) > 0) continue;
      considered += 1;
      if (limits.filter(event)) events.push(event);
      next = { commit: event.position, prepare: event.position };
      if (events.length >= limits.maxCount || considered >= limits.maxSearchWindow)
        return { events, next, endOfLog: false, considered };
    }
    return { events, next, endOfLog: true, considered };
  }

  stream(name: string, from: number, count: number, direction: 'forward' | 'backward'): StreamPage {
    const stream = this.#statements.stream.get(name);
    if (stream === undefined) return { result: 'not-found' };
    if (stream['tombstoned'] === 1) return { result: 'deleted' };
    const lastRevision = Number(stream['revision']);
    const first = Number(stream['truncate_before']);
    if (first === TOMBSTONE || lastRevision < 0) return { result: 'not-found' };
    const id = Number(stream['id']);
    if (direction === 'backward') {
      const start = from < 0 ? lastRevision : Math.min(from, lastRevision);
      const rows = this.#statements.streamBackward.all(id, start, first, count);
      const events = rows.map(toEvent);
      const nextRevision = (events.at(-1)?.revision ?? first) - 1;
      return { result: 'success', events, nextRevision, lastRevision, endOfStream: nextRevision < first };
    }
    const rows = this.#statements.streamForward.all(id, Math.max(from, first), count);
    const events = rows.map(toEvent);
    const nextRevision = (events.at(-1)?.revision ?? lastRevision) + 1;
    const endOfStream = nextRevision > lastRevision;
    return { result: 'success', events, nextRevision, lastRevision, endOfStream };
  }

  isBoundary(position: number): boolean {
    if (this.#statements.at.get(position) !== undefined) return true;
    return Number(this.#statements.before.get(position)?.['next'] ?? -1) === position;
  }
}

const toEvent = (row: Record<string, SQLOutputValue>): StoredEvent => ({
  position: Number(row['position']),
  next: Number(row['next']),
  stream: String(row['name']),
  revision: Number(row['revision']),
  id: String(row['id']),
  type: String(row['type']),
  isJson: row['is_json'] === 1,
  createdMs: Number(row['created_ms']),
  metadata: row['metadata'] as Uint8Array,
  data: row['data'] as Uint8Array,
});

const prepare = (db: DatabaseSync) => {
  const from = 'events e CROSS JOIN streams s ON s.id = e.stream_id';
  return {
    stream: db.prepare('SELECT id, revision, truncate_before, tombstoned FROM streams WHERE name = ?'),
    at: db.prepare('SELECT 1 FROM events WHERE position = ?'),
    before: db.prepare('SELECT next FROM events WHERE position < ? ORDER BY position DESC LIMIT 1'),
    forward: db.prepare(`SELECT ${COLUMNS} FROM ${from} WHERE e.position >= ? ORDER BY e.position`),
    backward: db.prepare(`SELECT ${COLUMNS} FROM ${from} WHERE e.position < ? ORDER BY e.position DESC`),
    streamForward: db.prepare(
      `SELECT ${COLUMNS} FROM ${from} WHERE e.stream_id = ? AND e.revision >= ? ORDER BY e.revision LIMIT ?`,
    ),
    streamBackward: db.prepare(
      `SELECT ${COLUMNS} FROM ${from} WHERE e.stream_id = ? AND e.revision <= ? AND e.revision >= ?
       ORDER BY e.revision DESC LIMIT ?`,
    ),
  };
};
