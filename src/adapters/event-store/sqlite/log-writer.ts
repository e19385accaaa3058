/** Applies batches of appends to the log, all in one transaction. Synchronous: runs in the writer thread. */
import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type AppendRow, findRepeat, idsOf } from '../append-codec.ts';
import { HASH_BYTES } from '../chain.ts';
import type { AppendBatch, AppendReply } from './messages.ts';
import { OFFSETS_PER_APPEND } from './messages.ts';
import { StreamCache, type StreamHead } from './stream-cache.ts';

/** What the first append of a stream is chained to, see `chain.ts`. */
const FIRST_LINK = '\0'.repeat(HASH_BYTES);
/** Streams whose heads are kept in memory. */
const CACHED_STREAMS = 262_144;

/** Heads changed in the open transaction; they reach the cache only when it has been committed. */
interface Transaction {
  readonly heads: Map<string, StreamHead>;
  /** Streams whose row in `streams` is behind their head. */
  readonly stale: Set<StreamHead>;
  head: number;
  lastStreamId: number;
}

interface Outcome {
  readonly outcome: AppendReply['outcomes'][number];
  readonly revision: number;
  readonly position: number;
}

export class LogWriter {
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #cache = new StreamCache(CACHED_STREAMS);
  readonly #link = Buffer.alloc(HASH_BYTES);
  #head: number;
  #lastStreamId: number;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepare(db);
    const last = db
      .prepare('SELECT position + count - 1 AS n FROM appends ORDER BY position DESC LIMIT 1')
      .get();
    this.#head = Number(last?.['n'] ?? 0);
    this.#lastStreamId = Number(db.prepare('SELECT max(id) AS n FROM streams').get()?.['n'] ?? 0);
  }

  /** Number of the last event in the log; 0 when empty. */
  get head(): number {
    return this.#head;
  }

  /**
   * Applies the batches in order and commits them together.
   * @throws whatever the database says; nothing is recorded then and the next commit starts afresh.
   */
  commit(batches: readonly AppendBatch[]): AppendReply[] {
    const transaction: Transaction = {
      heads: new Map(),
      stale: new Set(),
      head: this.#head,
      lastStreamId: this.#lastStreamId,
    };
    this.#db.exec('BEGIN IMMEDIATE');
    let replies: Omit<AppendReply, 'head'>[];
    try {
      replies = batches.map((batch) => this.#applyBatch(transaction, batch));
      for (const { revision, hash: link, id } of transaction.stale)
        this.#statements.updateStream.run(revision, this.#blobOf(link), id);
      this.#db.exec('COMMIT');
    } catch (error) {
      // SQLite has already rolled back after some errors (disk full, I/O).
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
    this.#head = transaction.head;
    this.#lastStreamId = transaction.lastStreamId;
    for (const [name, head] of transaction.heads) this.#cache.set(name, head);
    return replies.map((reply) => ({ ...reply, head: transaction.head }));
  }

  #applyBatch(transaction: Transaction, batch: AppendBatch): Omit<AppendReply, 'head'> {
    const outcomes: Outcome['outcome'][] = [];
    const revisions: number[] = [];
    const positions: number[] = [];
    for (let index = 0; index < batch.streams.length; index++) {
      const { outcome, revision, position } = this.#applyOne(transaction, batch, index);
      outcomes.push(outcome);
      revisions.push(revision);
      positions.push(position);
    }
    return { outcomes, revisions, positions };
  }

  /** The revision is checked before anything is written, so a refused append leaves no trace to undo. */
  #applyOne(transaction: Transaction, batch: AppendBatch, index: number): Outcome {
    const stream = batch.streams[index] ?? '';
    const expected = batch.expectedRevisions[index] ?? 0;
    const count = batch.counts[index] ?? 0;
    const at = index * OFFSETS_PER_APPEND;
    const [frame, body, end] = [
      batch.offsets[at] ?? 0,
      batch.offsets[at + 2] ?? 0,
      batch.offsets[at + 3] ?? 0,
    ];
    if (expected === -1) {
      // Most of these streams are new: inserting finds out, without a look-up before.
      const link = chained(batch.bytes, frame, end, FIRST_LINK);
      const id = transaction.lastStreamId + 1;
      if (this.#statements.insertStream.run(id, stream, count - 1, this.#blobOf(link)).changes === 1) {
        transaction.lastStreamId = id;
        const head = { id, revision: count - 1, hash: link };
        transaction.heads.set(stream, head);
        return this.#insert(transaction, batch, index, head);
      }
    }
    const head = transaction.heads.get(stream) ?? this.#cache.get(stream) ?? this.#loadHead(stream);
    if (head === undefined || head.revision !== expected)
      return this.#explain(head, expected, batch.bytes.subarray(body, end));
    head.hash = chained(batch.bytes, frame, end, head.hash);
    head.revision = expected + count;
    transaction.heads.set(stream, head);
    transaction.stale.add(head);
    return this.#insert(transaction, batch, index, head);
  }

  /** Writes the append that has just become the head of its stream. */
  #insert(transaction: Transaction, batch: AppendBatch, index: number, head: StreamHead): Outcome {
    const count = batch.counts[index] ?? 0;
    const at = index * OFFSETS_PER_APPEND;
    const metadata = batch.offsets[at + 1] ?? 0;
    const body = batch.offsets[at + 2] ?? 0;
    const end = batch.offsets[at + 3] ?? 0;
    this.#statements.insertAppend.run(
      transaction.head + 1,
      count,
      head.id,
      head.revision - count + 1,
      this.#blobOf(head.hash),
      // The length of the body stands in four bytes before it.
      batch.bytes.subarray(metadata, body - 4),
      batch.bytes.subarray(body, end),
    );
    transaction.head += count;
    return { outcome: 'appended', revision: head.revision, position: transaction.head };
  }

  /** A hash to be bound; valid until the next call, as SQLite copies it. */
  #blobOf(link: string): Buffer {
    this.#link.write(link, 'latin1');
    return this.#link;
  }

  /** The revision is not the expected one: a lost race, or a retry of an append that is there already. */
  #explain(head: StreamHead | undefined, expected: number, body: Uint8Array): Outcome {
    if (head === undefined) return { outcome: 'conflict', revision: -1, position: 0 };
    const conflict: Outcome = { outcome: 'conflict', revision: head.revision, position: 0 };
    if (head.revision <= expected) return conflict;
    const ids = idsOf(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    const position = findRepeat(expected, ids, this.#rowsFrom(head.id, expected + 1));
    return position === null ? conflict : { outcome: 'repeated', revision: expected + ids.length, position };
  }

  *#rowsFrom(
    streamId: number,
    revision: number,
  ): Generator<Pick<AppendRow, 'position' | 'firstRevision' | 'body'>> {
    let from = Number(this.#statements.appendAt.get(streamId, revision)?.['first_revision'] ?? revision);
    for (;;) {
      const row = this.#statements.appendFrom.get(streamId, from);
      if (row === undefined) return;
      const firstRevision = Number(row['first_revision']);
      yield { position: Number(row['position']), firstRevision, body: String(row['body']) };
      from = firstRevision + 1;
    }
  }

  #loadHead(stream: string): StreamHead | undefined {
    const row = this.#statements.selectStream.get(stream);
    if (row === undefined) return undefined;
    return {
      id: Number(row['id']),
      revision: Number(row['revision']),
      hash: Buffer.from(row['hash'] as Uint8Array).toString('latin1'),
    };
  }
}

/** Puts the previous hash into the room that its frame has for it, and hashes the frame. */
function chained(bytes: Uint8Array, frame: number, end: number, previous: string): string {
  const framed = Buffer.from(bytes.buffer, bytes.byteOffset + frame, end - frame);
  framed.write(previous, 'latin1');
  // As a short latin1 string (`binary`): cheaper to make and to keep than a buffer.
  return hash('sha256', framed, 'binary');
}

const prepare = (db: DatabaseSync) => ({
  insertAppend: db.prepare(
    `INSERT INTO appends (position, count, stream_id, first_revision, hash, metadata, body)
     VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT))`,
  ),
  insertStream: db.prepare(
    'INSERT INTO streams (id, name, revision, hash) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
  ),
  updateStream: db.prepare('UPDATE streams SET revision = ?, hash = ? WHERE id = ?'),
  selectStream: db.prepare('SELECT id, revision, hash FROM streams WHERE name = ?'),
  appendAt: db.prepare(
    `SELECT first_revision FROM appends WHERE stream_id = ? AND first_revision <= ?
     ORDER BY first_revision DESC LIMIT 1`,
  ),
  appendFrom: db.prepare(
    `SELECT position, first_revision, body FROM appends WHERE stream_id = ? AND first_revision >= ?
     ORDER BY first_revision LIMIT 1`,
  ),
});
