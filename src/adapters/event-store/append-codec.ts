/** How an append is stored: one row with its metadata and a JSON array of its events. */
import type { AppendRequest, RecordedEvent, StoredAppend } from '../../app/ports.ts';
import { EventStoreError } from './errors.ts';
import { toPosition } from './position.ts';

const MAX_STREAM_NAME = 512;

/** One event inside a body. Short names: there are many of them. */
interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly v: number;
  readonly data: unknown;
}

/** One append as it is read back. */
export interface AppendRow {
  /** Number of its first event in the log, from 1. */
  readonly position: number;
  readonly count: number;
  readonly stream: string;
  readonly firstRevision: number;
  readonly metadata: string;
  readonly body: string;
}

export interface EncodedAppend {
  readonly request: AppendRequest;
  readonly metadata: string;
  readonly body: string;
}

/** @throws EventStoreError 'invalid-request', before anything is recorded. */
export function checkRequest(request: AppendRequest): void {
  const { stream, expectedRevision, events } = request;
  if (!isStreamName(stream))
    throw new EventStoreError('invalid-request', `not a stream name: ${JSON.stringify(stream)}`);
  if (!Number.isSafeInteger(expectedRevision) || expectedRevision < -1)
    throw new EventStoreError('invalid-request', `not an expected revision: ${expectedRevision}`);
  if (events.length === 0)
    throw new EventStoreError('invalid-request', `an append to ${stream} has no events`);
}

/** Well-formed, so that the name's bytes, which are chained and ordered, are the same for everyone. */
const isStreamName = (name: string): boolean =>
  name.length > 0 && name.length <= MAX_STREAM_NAME && name.isWellFormed() && !name.includes('\0');

/** JSON.stringify escapes what is not well-formed, so both texts are valid UTF-8. */
export function encodeAppends(requests: readonly AppendRequest[]): EncodedAppend[] {
  let last: AppendRequest['metadata'] | null = null;
  let metadata = '';
  return requests.map((request) => {
    // The appends of one decision share their metadata.
    if (request.metadata !== last) {
      last = request.metadata;
      metadata = JSON.stringify(last);
    }
    return { request, metadata, body: encodeBody(request.events) };
  });
}

function encodeBody(events: AppendRequest['events']): string {
  const stored: StoredEvent[] = events.map(({ id, type, schemaVersion, data }) => ({
    id,
    type,
    v: schemaVersion,
    data,
  }));
  return JSON.stringify(stored);
}

export const byteLength = (encoded: EncodedAppend): number =>
  Buffer.byteLength(encoded.metadata) + Buffer.byteLength(encoded.body);

export function decodeRow(row: AppendRow): RecordedEvent[] {
  const metadata = JSON.parse(row.metadata) as RecordedEvent['metadata'];
  return (JSON.parse(row.body) as StoredEvent[]).map((event, index) => ({
    stream: row.stream,
    revision: row.firstRevision + index,
    position: toPosition(row.position + index),
    id: event.id,
    type: event.type,
    schemaVersion: event.v,
    data: event.data,
    metadata,
  }));
}

/** @param hash its link of the chain, 64 hexadecimal digits. */
export function decodeAppend(row: AppendRow, hash: string): StoredAppend {
  return {
    stream: row.stream,
    firstRevision: row.firstRevision,
    metadata: JSON.parse(row.metadata) as StoredAppend['metadata'],
    events: (JSON.parse(row.body) as StoredEvent[]).map(({ id, type, v, data }) => ({
      id,
      type,
      schemaVersion: v,
      data,
    })),
    position: toPosition(row.position + row.count - 1),
    hash,
  };
}

/** Ids of the events of a stored body, in order. */
export const idsOf = (body: string): string[] => (JSON.parse(body) as StoredEvent[]).map((event) => event.id);

/**
 * Whether an append whose expected revision is gone was made before: the events stored right after that
 * revision are exactly its events. Rows are the stored appends from there on.
 * @returns number of the last of these events in the log, or null.
 */
export function findRepeat(
  expectedRevision: number,
  ids: readonly string[],
  rows: Iterable<Pick<AppendRow, 'position' | 'firstRevision' | 'body'>>,
): number | null {
  let next = 0;
  for (const row of rows) {
    const stored = idsOf(row.body);
    for (let at = Math.max(0, expectedRevision + 1 + next - row.firstRevision); at < stored.length; at++) {
      if (stored[at] !== ids[next]) return null;
      next += 1;
      if (next === ids.length) return row.position + at;
    }
  }
  return null;
}
