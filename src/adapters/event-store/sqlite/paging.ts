/** Turns the bounded steps of a log reader into the batches of the port. */
import type {
  EventBatch,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  StoredAppend,
  VerifyProgress,
} from '../../../app/ports.ts';
import { type AppendRow, decodeAppend, decodeRow } from '../append-codec.ts';
import { fromPosition, toPosition } from '../position.ts';
import { startOfVerification } from './log-verifier.ts';
import type {
  AppendsRequest,
  LinkedRow,
  ScanReply,
  ScanRequest,
  StreamAppendsRequest,
  StreamReply,
  StreamRequest,
  VerifyCursor,
  VerifyReply,
} from './messages.ts';

const BATCH_EVENTS = 1000;
/** Problems that one verification lists; a log with more of them is beyond listing. */
const MAX_PROBLEMS = 1000;

/** Reads up to what was the head at the beginning, so that it ends also while others write. */
export async function* pageAll(
  scan: (request: ScanRequest) => Promise<ScanReply>,
  headNow: () => number,
  options: ReadAllOptions,
): AsyncGenerator<EventBatch> {
  const head = headNow();
  const until = options.until === undefined ? head : Math.min(head, fromPosition(options.until));
  const maxEvents = Math.max(1, options.batchSize ?? BATCH_EVENTS);
  const prefixes = options.prefixes ?? null;
  let after = fromPosition(options.after ?? '');
  while (after < until) {
    const { rows, reached } = await scan({ after, until, prefixes, maxEvents });
    yield* batchesOf(rows, after, reached, maxEvents);
    after = reached;
  }
}

function* batchesOf(
  rows: readonly AppendRow[],
  after: number,
  reached: number,
  size: number,
): Generator<EventBatch> {
  let events: RecordedEvent[] = [];
  for (const row of rows) {
    const skip = Math.max(0, after + 1 - row.position);
    const wanted = decodeRow(row).slice(skip, Math.max(skip, reached + 1 - row.position));
    for (const event of wanted) {
      if (events.length === size) {
        yield { events, position: events.at(-1)?.position ?? '' };
        events = [];
      }
      events.push(event);
    }
  }
  yield { events, position: toPosition(reached) };
}

export async function* pageAppends(
  read: (request: AppendsRequest) => Promise<readonly LinkedRow[]>,
  headNow: () => number,
  position: Position,
): AsyncGenerator<readonly StoredAppend[]> {
  const until = headNow();
  let after = fromPosition(position);
  while (after < until) {
    const rows = await read({ after, until });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => decodeAppend(row, row.hash));
    after = last.position + last.count - 1;
  }
}

export async function* pageStreamAppends(
  read: (request: StreamAppendsRequest) => Promise<readonly LinkedRow[]>,
  stream: string,
  first: number,
  until: number | null = null,
): AsyncGenerator<readonly StoredAppend[]> {
  for (let from = first; until === null || from <= until; ) {
    const rows = await read({ stream, from, until });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => decodeAppend(row, row.hash));
    from = last.firstRevision + last.count;
  }
}

export async function* pageStream(
  read: (request: StreamRequest) => Promise<StreamReply>,
  stream: string,
  options: ReadStreamOptions,
): AsyncGenerator<readonly RecordedEvent[]> {
  const backward = options.direction === 'backward';
  let left = options.limit ?? Number.MAX_SAFE_INTEGER;
  let from = options.from ?? (backward ? Number.MAX_SAFE_INTEGER : 0);
  while (left > 0) {
    const { rows, done } = await read({ stream, from, backward, maxEvents: Math.min(left, BATCH_EVENTS) });
    const start = from;
    const events = rows.flatMap((row) => {
      const decoded = decodeRow(row);
      const kept = decoded.filter(({ revision }) => (backward ? revision <= start : revision >= start));
      return backward ? kept.reverse() : kept;
    });
    for (let at = 0; at < events.length && left > 0; at += BATCH_EVENTS) {
      const batch = events.slice(at, at + Math.min(BATCH_EVENTS, left));
      left -= batch.length;
      yield batch;
    }
    const last = events.at(-1);
    if (done || last === undefined) return;
    from = backward ? last.revision - 1 : last.revision + 1;
  }
}

export async function* pageVerification(
  step: (cursor: VerifyCursor) => Promise<VerifyReply>,
  stream: string | undefined,
): AsyncGenerator<VerifyProgress> {
  let cursor = startOfVerification(stream ?? null);
  let appends = 0;
  let streams = 0;
  const problems: VerifyProgress['problems'][number][] = [];
  while (cursor.phase !== 'done') {
    const reply = await step(cursor);
    cursor = reply.cursor;
    appends += reply.appends;
    streams += reply.streams;
    problems.push(...reply.problems.slice(0, MAX_PROBLEMS - problems.length));
    yield { appends, streams, problems: [...problems] };
  }
}
