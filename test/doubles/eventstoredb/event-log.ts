/** The log: who may append what (the real index writer's rules), and pages of it. Synchronous, one writer. */
import type { DatabaseSync } from 'node:sqlite';
import { type LogPage, LogReader, type PageLimits, type StreamPage } from './log-reader.ts';
import { openLog } from './log-schema.ts';
import { RecentIds } from './recent-ids.ts';
import {
  EXPECTED,
  type LogPosition,
  type ProposedEvent,
  recordBytes,
  type StoredEvent,
  TOMBSTONE,
} from './stored-event.ts';

export interface AppendRequest {
  readonly stream: string;
  /** A revision, or one of EXPECTED. */
  readonly expected: number;
  readonly events: readonly ProposedEvent[];
}

export type AppendOutcome =
  | { readonly result: 'success'; readonly lastRevision: number; readonly position: number }
  | { readonly result: 'wrong-version'; readonly currentRevision: number }
  | { readonly result: 'stream-deleted' };

interface StreamRow {
  readonly id: number;
  revision: number;
  truncateBefore: number;
  readonly tombstoned: boolean;
}

/** An epoch record, which the real server writes whenever a node becomes leader: a gap in the positions. */
const EPOCH_BYTES = 156;

export class EventLog {
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #reader: LogReader;
  readonly #recent: RecentIds;
  /** Events of the open transaction, for those who follow the log. */
  #written: StoredEvent[] = [];
  #end: number;
  #last: number;

  constructor(directory: string | undefined, recentIds: number) {
    this.#db = openLog(directory);
    this.#statements = prepare(this.#db);
    this.#reader = new LogReader(this.#db);
    this.#recent = new RecentIds(recentIds);
    const tail = this.#statements.tail.get();
    this.#last = Number(tail?.['position'] ?? -1);
    this.#end = Number(tail?.['next'] ?? 0) + EPOCH_BYTES;
  }

  /** Position of the last event; -1 when there is none. */
  get last(): number {
    return this.#last;
  }

  /** Where the next record will start. */
  get end(): number {
    return this.#end;
  }

  /**
   * Applies all in one transaction; each stands or falls alone.
   * @returns the outcomes in order, and the events written. @throws what the database says; nothing is kept then.
   */
  commit(requests: readonly AppendRequest[]): { outcomes: AppendOutcome[]; written: StoredEvent[] } {
    return this.#transaction(() => requests.map((request) => this.#append(request)));
  }

  /** Deletes a stream as the server does: softly by its metadata, or for good by a tombstone. */
  delete(
    stream: string,
    expected: number,
    hard: boolean,
  ): { outcome: AppendOutcome; written: StoredEvent[] } {
    const { outcomes, written } = this.#transaction(() => [this.#delete(stream, expected, hard)]);
    return { outcome: outcomes[0] ?? { result: 'stream-deleted' }, written };
  }

  forward(from: LogPosition, limits: PageLimits): LogPage {
    return this.#reader.forward(from, limits);
  }

  backward(from: LogPosition, limits: PageLimits): LogPage {
    return this.#reader.backward(from, limits);
  }

  stream(name: string, from: number, count: number, direction: 'forward' | 'backward'): StreamPage {
    return this.#reader.stream(name, from, count, direction);
  }

  /** Whether a record starts here, so that the real server could read from it. */
  isBoundary(position: number): boolean {
    return position === 0 || position >= this.#end || this.#reader.isBoundary(position);
  }

  close(): void {
    this.#db.close();
  }

  #transaction<T>(work: () => T[]): { outcomes: T[]; written: StoredEvent[] } {
    const [end, last] = [this.#end, this.#last];
    this.#written = [];
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const outcomes = work();
      this.#db.exec('COMMIT');
      return { outcomes, written: this.#written };
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#recent.clear();
      [this.#end, this.#last] = [end, last];
      throw error;
    }
  }

  #append({ stream, expected, events }: AppendRequest): AppendOutcome {
    const found = this.#find(stream);
    const refused = this.#check(found, stream, expected, events);
    if (refused !== undefined) return refused;
    const row = found ?? this.#create(stream);
    if (row.truncateBefore === TOMBSTONE) this.#undelete(stream, row);
    let position = this.#end;
    for (const event of events) {
      position = this.#end;
      this.#write(stream, row, event);
    }
    if (events.length === 0) this.#end += recordBytes(stream, EMPTY_EVENT);
    this.#statements.setRevision.run(row.revision, row.id);
    return { result: 'success', lastRevision: row.revision, position };
  }

  /** Why not, or the answer that a repeated append gets; undefined when it may be written. */
  #check(
    row: StreamRow | undefined,
    stream: string,
    expected: number,
    events: readonly ProposedEvent[],
  ): AppendOutcome | undefined {
    const current = row?.revision ?? -1;
    const wrong: AppendOutcome = { result: 'wrong-version', currentRevision: current };
    if (row === undefined)
      return expected === EXPECTED.any || expected === EXPECTED.noStream ? undefined : wrong;
    if (row.tombstoned) return { result: 'stream-deleted' };
    const deleted = row.truncateBefore === TOMBSTONE;
    if (expected === EXPECTED.streamExists) {
      if (deleted) return { result: 'stream-deleted' };
      if (current < 0 && this.#find(`$$${stream}`) === undefined) return wrong;
    }
    if (expected === EXPECTED.any || expected === EXPECTED.streamExists)
      return this.#checkRecent(row, stream, events);
    if (expected > current) return wrong;
    if (expected === current) return undefined;
    return this.#checkRepeat(row, expected, events, deleted);
  }

  /** With no exact revision, only event ids seen since the start are known: the server forgets them too. */
  #checkRecent(row: StreamRow, stream: string, events: readonly ProposedEvent[]): AppendOutcome | undefined {
    let last = -1;
    for (const [index, event] of events.entries()) {
      const revision = this.#recent.revisionOf(stream, event.id);
      if (revision === undefined)
        return index === 0 ? undefined : { result: 'wrong-version', currentRevision: row.revision };
      last = revision;
    }
    return last === -1 ? undefined : this.#repeated(row, last);
  }

  /** The stream has gone past the expected revision: a repeat when the very same events follow it. */
  #checkRepeat(
    row: StreamRow,
    expected: number,
    events: readonly ProposedEvent[],
    deleted: boolean,
  ): AppendOutcome | undefined {
    let revision = expected;
    for (const event of events) {
      revision += 1;
      if (this.#statements.idAt.get(row.id, revision)?.['id'] === event.id) continue;
      const fresh = revision === expected + 1 && expected === EXPECTED.noStream && deleted;
      return fresh ? undefined : { result: 'wrong-version', currentRevision: row.revision };
    }
    return revision === expected
      ? { result: 'wrong-version', currentRevision: row.revision }
      : this.#repeated(row, revision);
  }

  #repeated(row: StreamRow, lastRevision: number): AppendOutcome {
    const position = Number(this.#statements.idAt.get(row.id, lastRevision)?.['position'] ?? -1);
    return { result: 'success', lastRevision, position };
  }

  #delete(stream: string, expected: number, hard: boolean): AppendOutcome {
    const found = this.#find(stream);
    const refused = this.#check(found, stream, expected, [DELETION]);
    if (refused !== undefined) return refused;
    if (!hard && found === undefined) return { result: 'wrong-version', currentRevision: -1 };
    const row = found ?? this.#create(stream);
    const position = this.#end;
    if (hard) {
      this.#write(stream, row, { ...DELETION, id: crypto.randomUUID(), type: '$streamDeleted' });
      this.#statements.tombstone.run(row.id);
    } else {
      this.#writeMetadata(stream, { $tb: 9223372036854775807n });
      this.#statements.truncate.run(TOMBSTONE, row.id);
    }
    return { result: 'success', lastRevision: row.revision, position };
  }

  #undelete(stream: string, row: StreamRow): void {
    this.#writeMetadata(stream, { $tb: BigInt(row.revision + 1) });
    row.truncateBefore = row.revision + 1;
    this.#statements.truncate.run(row.truncateBefore, row.id);
  }

  #writeMetadata(stream: string, metadata: { readonly $tb: bigint }): void {
    const name = `$$${stream}`;
    const row = this.#find(name) ?? this.#create(name);
    const data = Buffer.from(`{"$tb":${metadata.$tb}}`);
    this.#write(name, row, { ...DELETION, id: crypto.randomUUID(), type: '$metadata', isJson: true, data });
    this.#statements.setRevision.run(row.revision, row.id);
  }

  #write(stream: string, row: StreamRow, event: ProposedEvent): void {
    const position = this.#end;
    const next = position + recordBytes(stream, event);
    const revision = row.revision + 1;
    const createdMs = Date.now();
    this.#statements.insertEvent.run(
      position,
      next,
      row.id,
      revision,
      event.id,
      event.type,
      event.isJson ? 1 : 0,
      createdMs,
      event.metadata,
      event.data,
    );
    row.revision = revision;
    this.#end = next;
    this.#last = position;
    this.#recent.add(stream, event.id, revision);
    this.#written.push({ ...event, position, next, stream, revision, createdMs });
  }

  #find(stream: string): StreamRow | undefined {
    const row = this.#statements.stream.get(stream);
    if (row === undefined) return undefined;
    return {
      id: Number(row['id']),
      revision: Number(row['revision']),
      truncateBefore: Number(row['truncate_before']),
      tombstoned: row['tombstoned'] === 1,
    };
  }

  #create(stream: string): StreamRow {
    const id = Number(this.#statements.insertStream.run(stream).lastInsertRowid);
    return { id, revision: -1, truncateBefore: 0, tombstoned: false };
  }
}

const NOTHING = new Uint8Array(0);
const EMPTY_EVENT: ProposedEvent = { id: '', type: '', isJson: false, data: NOTHING, metadata: NOTHING };
/** Stands for the record that a deletion writes; its id is never one that was seen. */
const DELETION: ProposedEvent = EMPTY_EVENT;

const prepare = (db: DatabaseSync) => ({
  tail: db.prepare('SELECT position, next FROM events ORDER BY position DESC LIMIT 1'),
  stream: db.prepare('SELECT id, revision, truncate_before, tombstoned FROM streams WHERE name = ?'),
  insertStream: db.prepare('INSERT INTO streams (name, revision) VALUES (?, -1)'),
  setRevision: db.prepare('UPDATE streams SET revision = ? WHERE id = ?'),
  truncate: db.prepare('UPDATE streams SET truncate_before = ? WHERE id = ?'),
  tombstone: db.prepare('UPDATE streams SET tombstoned = 1 WHERE id = ?'),
  idAt: db.prepare('SELECT id, position FROM events WHERE stream_id = ? AND revision = ?'),
  insertEvent: db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
});
