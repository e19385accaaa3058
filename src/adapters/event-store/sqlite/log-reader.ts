/** Reads the log in bounded steps. Synchronous: runs in the reader thread, or in a thread that only reads. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { AppendRow } from '../append-codec.ts';
import type {
  AppendsRequest,
  LinkedRow,
  ScanReply,
  ScanRequest,
  StreamAppendsRequest,
  StreamReply,
  StreamRequest,
} from './messages.ts';

/** What bounds one step, so that memory stays small and readers take turns. */
export interface StepLimits {
  /** Characters of stored text that are given back. */
  readonly characters: number;
  /** Events a filtered step looks at: it stays short where nothing matches. */
  readonly scannedEvents: number;
  /** With at most this many streams behind a filter, their appends are found by index instead of by a scan. */
  readonly fewStreams: number;
}

const LIMITS: StepLimits = { characters: 4_194_304, scannedEvents: 50_000, fewStreams: 1024 };
/** Above every character that a stream name begins or goes on with. */
const LAST_CHARACTER = '\u{10FFFF}';

const COLUMNS = 'a.position, a.count, s.name, a.first_revision, a.metadata, a.body';
const FROM = 'appends a CROSS JOIN streams s ON s.id = a.stream_id';

export class LogReader {
  readonly #limits: StepLimits;
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #filters = new Map<number, ReturnType<DatabaseSync['prepare']>>();

  constructor(db: DatabaseSync, limits: StepLimits = LIMITS) {
    this.#limits = limits;
    this.#db = db;
    this.#statements = prepare(db);
  }

  /** Number of the last event in the log; 0 when empty. */
  head(): number {
    return Number(this.#statements.head.get()?.['n'] ?? 0);
  }

  /** Changes when another connection has committed. */
  dataVersion(): number {
    return Number(this.#statements.dataVersion.get()?.['data_version']);
  }

  scan(request: ScanRequest): ScanReply {
    const { after, until, prefixes, maxEvents } = request;
    const start = Number(this.#statements.startOf.get(after + 1)?.['n'] ?? 0);
    if (prefixes === null) {
      const { rows, full } = this.#take(this.#statements.scan.iterate(start, until), maxEvents, after);
      return { rows, reached: full ? lastOf(rows, until) : until };
    }
    if (prefixes.length === 0) return { rows: [], reached: until };
    if (until - after > this.#limits.scannedEvents) {
      const streams = this.#streamsOf(prefixes);
      if (streams !== null) return this.#scanStreams(streams, start, until, maxEvents, after);
    }
    const end = Math.min(until, after + this.#limits.scannedEvents);
    const bounds = prefixes.flatMap((prefix) => [prefix, prefix + LAST_CHARACTER]);
    const { rows, full } = this.#take(
      this.#filter(prefixes.length).iterate(start, end, ...bounds),
      maxEvents,
      after,
    );
    return { rows, reached: full ? lastOf(rows, end) : end };
  }

  #filter(prefixes: number): ReturnType<DatabaseSync['prepare']> {
    let statement = this.#filters.get(prefixes);
    if (statement === undefined) {
      const matching = new Array<string>(prefixes).fill('(s.name >= ? AND s.name < ?)').join(' OR ');
      statement = this.#db.prepare(
        `SELECT ${COLUMNS} FROM ${FROM} WHERE a.position >= ? AND a.position <= ? AND (${matching}) ORDER BY a.position`,
      );
      this.#filters.set(prefixes, statement);
    }
    return statement;
  }

  /** Ids of the streams behind a filter, or null when there are many. */
  #streamsOf(prefixes: readonly string[]): number[] | null {
    const { fewStreams } = this.#limits;
    const ids = new Set<number>();
    for (const prefix of prefixes) {
      for (const row of this.#statements.streamsLike.iterate(
        prefix,
        prefix + LAST_CHARACTER,
        fewStreams + 1,
      )) {
        ids.add(Number(row['id']));
        if (ids.size > fewStreams) return null;
      }
    }
    return [...ids];
  }

  #scanStreams(
    streams: readonly number[],
    start: number,
    until: number,
    maxEvents: number,
    after: number,
  ): ScanReply {
    const positions = this.#statements.positionsOf.all(JSON.stringify(streams), start, until, maxEvents + 1);
    const statement = this.#statements.scan;
    const matching = function* (): Generator<Record<string, SQLOutputValue>> {
      for (const { position } of positions) {
        const row = statement.get(position ?? 0, position ?? 0);
        if (row !== undefined) yield row;
      }
    };
    const { rows, full } = this.#take(matching(), maxEvents, after);
    return { rows, reached: full ? lastOf(rows, until) : until };
  }

  streamPage(request: StreamRequest): StreamReply {
    const { backward, maxEvents } = request;
    const stream = this.#statements.streamId.get(request.stream);
    if (stream === undefined) return { rows: [], done: true };
    const id = stream['id'] ?? 0;
    const statements = this.#statements;
    // Revisions may be any number of the caller's; the database wants one that fits.
    const from = Math.max(-1, Math.min(request.from, Number.MAX_SAFE_INTEGER));
    const iterator = backward
      ? statements.backward.iterate(id, from)
      : statements.forward.iterate(id, Number(statements.appendAt.get(id, from)?.['n'] ?? 0));
    const { rows, full } = this.#take(iterator, maxEvents, 0);
    return { rows: rows.map((row) => ({ ...row, stream: request.stream })), done: !full };
  }

  /** As many whole appends as fit into a step; none only when there are none. */
  appends({ after, until }: AppendsRequest): LinkedRow[] {
    return this.#linked(this.#statements.appends.iterate(after, until));
  }

  /** The same of one stream. */
  streamAppends({ stream, from, until }: StreamAppendsRequest): LinkedRow[] {
    const id = this.#statements.streamId.get(stream)?.['id'];
    if (id === undefined) return [];
    const first = Number(this.#statements.appendAt.get(id, from)?.['n'] ?? 0);
    const last = until ?? Number.MAX_SAFE_INTEGER;
    return this.#linked(this.#statements.streamAppends.iterate(id, first, last))
      .filter((row) => row.firstRevision + row.count > from)
      .map((row) => ({ ...row, stream }));
  }

  #linked(found: Iterable<Record<string, SQLOutputValue>>): LinkedRow[] {
    const rows: LinkedRow[] = [];
    let characters = 0;
    for (const raw of found) {
      const row = toRow(raw);
      rows.push({ ...row, hash: String(raw['link']) });
      characters += row.metadata.length + row.body.length;
      if (characters >= this.#limits.characters) break;
    }
    return rows;
  }

  streams(names: readonly string[]): AppendRow[][] {
    const { streamId, forward } = this.#statements;
    return names.map((stream) => {
      const id = streamId.get(stream)?.['id'];
      if (id === undefined) return [];
      return forward.all(id, 0).map((row) => ({ ...toRow(row), stream }));
    });
  }

  /** Rows until there are enough events behind `after` or enough text; `full` tells that there may be more. */
  #take(
    rows: Iterable<Record<string, SQLOutputValue>>,
    maxEvents: number,
    after: number,
  ): { readonly rows: AppendRow[]; readonly full: boolean } {
    const taken: AppendRow[] = [];
    let events = 0;
    let characters = 0;
    for (const raw of rows) {
      const row = toRow(raw);
      taken.push(row);
      events += row.count - Math.max(0, after + 1 - row.position);
      characters += row.metadata.length + row.body.length;
      if (events >= maxEvents || characters >= this.#limits.characters) return { rows: taken, full: true };
    }
    return { rows: taken, full: false };
  }
}

const prepare = (db: DatabaseSync) => ({
  head: db.prepare('SELECT position + count - 1 AS n FROM appends ORDER BY position DESC LIMIT 1'),
  dataVersion: db.prepare('PRAGMA data_version'),
  startOf: db.prepare('SELECT max(position) AS n FROM appends WHERE position <= ?'),
  scan: db.prepare(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE a.position >= ? AND a.position <= ? ORDER BY a.position`,
  ),
  appends: db.prepare(
    `SELECT ${COLUMNS}, lower(hex(a.hash)) AS link FROM ${FROM}
     WHERE a.position > ? AND a.position <= ? ORDER BY a.position`,
  ),
  streamAppends: db.prepare(
    `SELECT position, count, '' AS name, first_revision, metadata, body, lower(hex(hash)) AS link
     FROM appends WHERE stream_id = ? AND first_revision >= ? AND first_revision <= ? ORDER BY first_revision`,
  ),
  streamsLike: db.prepare('SELECT id FROM streams WHERE name >= ? AND name < ? ORDER BY name LIMIT ?'),
  // The index holds the key of the table too, so this does not touch the table.
  positionsOf: db.prepare(
    `SELECT position FROM appends INDEXED BY appends_by_stream
     WHERE stream_id IN (SELECT value FROM json_each(?)) AND +position >= ? AND +position <= ?
     ORDER BY +position LIMIT ?`,
  ),
  streamId: db.prepare('SELECT id FROM streams WHERE name = ?'),
  appendAt: db.prepare(
    'SELECT max(first_revision) AS n FROM appends WHERE stream_id = ? AND first_revision <= ?',
  ),
  forward: db.prepare(
    `SELECT position, count, '' AS name, first_revision, metadata, body FROM appends
     WHERE stream_id = ? AND first_revision >= ? ORDER BY first_revision`,
  ),
  backward: db.prepare(
    `SELECT position, count, '' AS name, first_revision, metadata, body FROM appends
     WHERE stream_id = ? AND first_revision <= ? ORDER BY first_revision DESC`,
  ),
});

const toRow = (row: Record<string, SQLOutputValue>): AppendRow => ({
  position: Number(row['position']),
  count: Number(row['count']),
  stream: String(row['name']),
  firstRevision: Number(row['first_revision']),
  metadata: String(row['metadata']),
  body: String(row['body']),
});

function lastOf(rows: readonly AppendRow[], until: number): number {
  const row = rows.at(-1);
  return row === undefined ? until : Math.min(until, row.position + row.count - 1);
}
