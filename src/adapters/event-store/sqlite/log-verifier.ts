/**
 * Recomputes the hash chain of every stream, in steps that hold no transaction between them. Finds a changed
 * byte of a name, metadata or body, a missing, added or reordered append, and a head that does not match.
 * Restoring all of that consistently needs the whole file rewritten: keep the last hash elsewhere to detect it.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { VerifyProgress } from '../../../app/ports.ts';
import { FIRST_LINK, linkHash } from '../chain.ts';
import { messageOf } from '../errors.ts';
import { toPosition } from '../position.ts';
import type { VerifyCursor, VerifyReply } from './messages.ts';

/** Appends per step. */
const STEP_APPENDS = 2000;

type Problem = VerifyProgress['problems'][number];

export const startOfVerification = (stream: string | null): VerifyCursor => ({
  stream,
  phase: 'streams',
  streamId: 0,
  lastFirst: -1,
  expected: 0,
  lastPosition: 0,
  previous: FIRST_LINK,
});

interface Step {
  budget: number;
  appends: number;
  streams: number;
  readonly problems: Problem[];
}

interface StreamRow {
  readonly id: number;
  readonly name: string;
  readonly revision: number;
  readonly hash: Uint8Array;
}

export class LogVerifier {
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepare(db);
  }

  step(cursor: VerifyCursor): VerifyReply {
    const step: Step = { budget: STEP_APPENDS, appends: 0, streams: 0, problems: [] };
    this.#db.exec('BEGIN');
    try {
      let next = cursor;
      while (step.budget > 0 && next.phase === 'streams') next = this.#streamStep(next, step);
      if (step.budget > 0 && next.phase === 'order') next = this.#orderStep(next, step);
      const { appends, streams, problems } = step;
      return { cursor: next, appends, streams, problems };
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  /** Goes on in the stream of the cursor, or finds the next one. */
  #streamStep(cursor: VerifyCursor, step: Step): VerifyCursor {
    const stream = this.#currentStream(cursor);
    if (stream === undefined)
      return { ...cursor, phase: cursor.stream === null ? 'order' : 'done', lastPosition: 0 };
    const inside: VerifyCursor =
      stream.id === cursor.streamId ? cursor : { ...startOfVerification(cursor.stream), streamId: stream.id };
    let { lastFirst, expected, lastPosition, previous } = inside;
    const limit = step.budget;
    const rows = this.#statements.appendsOf.all(stream.id, lastFirst, limit);
    for (const row of rows) {
      const first = Number(row['first_revision']);
      const count = Number(row['count']);
      const position = Number(row['position']);
      const link = row['hash'] as Uint8Array;
      const metadata = row['metadata'] as Uint8Array;
      const body = row['body'] as Uint8Array;
      const report = (what: string) => step.problems.push({ stream: stream.name, revision: first, what });
      if (first !== expected) report(`the append after revision ${expected - 1} is missing or out of order`);
      if (position <= lastPosition) report('its position is before that of the append before it');
      if (!linkHash(previous, stream.name, first, metadata, body).equals(link))
        report('the hash does not match');
      else if (countOf(body) !== count) report(`it holds another number of events than the stated ${count}`);
      lastFirst = first;
      expected = first + count;
      lastPosition = position;
      previous = link;
    }
    step.appends += rows.length;
    step.budget -= rows.length;
    if (rows.length === limit) return { ...inside, lastFirst, expected, lastPosition, previous };
    step.streams += 1;
    step.budget -= 1;
    if (expected === 0 || stream.revision !== expected - 1 || !Buffer.from(stream.hash).equals(previous))
      step.problems.push({
        stream: stream.name,
        revision: stream.revision,
        what: `the head does not match: its last append ends at revision ${expected - 1}`,
      });
    // A finished stream is marked by a first revision that no append has.
    return { ...inside, lastFirst: Number.MAX_SAFE_INTEGER, expected, lastPosition, previous };
  }

  #currentStream(cursor: VerifyCursor): StreamRow | undefined {
    const finished = cursor.lastFirst === Number.MAX_SAFE_INTEGER;
    const { stream, streamId } = cursor;
    let row: ReturnType<ReturnType<typeof prepare>['streamById']['get']>;
    if (streamId > 0 && !finished) row = this.#statements.streamById.get(streamId);
    else if (stream === null) row = this.#statements.nextStream.get(streamId);
    else if (!finished) row = this.#statements.streamByName.get(stream);
    if (row === undefined) return undefined;
    return {
      id: Number(row['id']),
      name: String(row['name']),
      revision: Number(row['revision']),
      hash: row['hash'] as Uint8Array,
    };
  }

  /** Positions have no gaps, and every append belongs to a stream. `lastPosition` is the last event's here. */
  #orderStep(cursor: VerifyCursor, step: Step): VerifyCursor {
    let { lastPosition } = cursor;
    const rows = this.#statements.order.all(lastPosition, STEP_APPENDS);
    for (const row of rows) {
      const position = Number(row['position']);
      const report = (what: string) =>
        step.problems.push({
          stream: row['name'] === null ? '' : String(row['name']),
          revision: Number(row['first_revision']),
          what,
        });
      if (position !== lastPosition + 1)
        report(`positions jump from ${toPosition(lastPosition)} to ${toPosition(position)}`);
      if (row['name'] === null) report('an append belongs to no stream');
      lastPosition = position + Number(row['count']) - 1;
    }
    const phase = rows.length < STEP_APPENDS ? 'done' : 'order';
    return { ...cursor, phase, lastPosition };
  }
}

const prepare = (db: DatabaseSync) => ({
  streamById: db.prepare('SELECT id, name, revision, hash FROM streams WHERE id = ?'),
  streamByName: db.prepare('SELECT id, name, revision, hash FROM streams WHERE name = ?'),
  nextStream: db.prepare('SELECT id, name, revision, hash FROM streams WHERE id > ? ORDER BY id LIMIT 1'),
  // As bytes: text that is not UTF-8 any more would be repaired on its way here.
  appendsOf: db.prepare(
    `SELECT position, count, first_revision, hash, CAST(metadata AS BLOB) AS metadata, CAST(body AS BLOB) AS body
     FROM appends WHERE stream_id = ? AND first_revision > ? ORDER BY first_revision LIMIT ?`,
  ),
  order: db.prepare(
    `SELECT a.position, a.count, a.first_revision, s.name
     FROM appends a LEFT JOIN streams s ON s.id = a.stream_id
     WHERE a.position > ? ORDER BY a.position LIMIT ?`,
  ),
});

function countOf(body: Uint8Array): number | string {
  try {
    const events: unknown = JSON.parse(Buffer.from(body).toString());
    return Array.isArray(events) ? events.length : 'none';
  } catch (error) {
    return messageOf(error);
  }
}
