/**
 * How an append is stored in EventStoreDB: one JSON event each, in one call. An event's metadata is the append's
 * (with `$correlationId` and `$causationId`, as EventStoreDB's own projections know them) and `fw`: the schema
 * version, where the append begins, and on its last event the hash that chains the stream's appends.
 *
 * The hash is over the frame of `chain.ts` with the texts of `append-codec.ts`, so a stream has the same hashes
 * in every kind of log.
 */
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendMetadata, AppendRequest, NewEvent, Position, RecordedEvent } from '../../../app/ports.ts';
import { MAX_APPEND_BYTES } from '../../../app/ports.ts';
import { checkRequest } from '../append-codec.ts';
import { linkHash } from '../chain.ts';
import { EventStoreError } from '../errors.ts';
import { positionOfFields } from './all-position.ts';

/** A message to be appended. */
export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export interface PreparedAppend {
  readonly request: AppendRequest;
  /** As it is hashed. */
  readonly metadata: Buffer;
  readonly body: Buffer;
  readonly data: readonly Buffer[];
  /** Metadata as it is stored, without `fw`. */
  readonly stored: string;
  /** Only the first and the last event carry the metadata: copied to all of them it would not fit. */
  readonly compact: boolean;
  /** What counts against the limit: the larger of the stored texts of the other logs and of this one. */
  readonly bytes: number;
}

/** What Fleetwave adds to an event's metadata. */
interface Mark {
  readonly v: number;
  /** Revision of the first event of the append. */
  readonly first: number;
  /** On the last event: 64 hexadecimal digits. */
  readonly hash?: string;
}

/** An event as it is read, before its metadata is known when it is in the middle of a long append. */
export interface WireEvent extends Omit<RecordedEvent, 'metadata' | 'position'> {
  /** Null where the server does not know it. */
  readonly position: Position | null;
  readonly metadata: AppendMetadata | null;
  readonly first: number;
  readonly hash: Buffer | null;
  /** The data as it is stored. */
  readonly json: string;
  readonly bytes: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;
/** Bytes that the server counts for a character of an event's type. */
const BYTES_PER_TYPE_CHARACTER = 2;
const HASH_FIELD_BYTES = ',"hash":""'.length + 64;
const RENAMED = { correlationId: '$correlationId', causationId: '$causationId' } as const;
const RESTORED: Readonly<Record<string, string>> = {
  [RENAMED.correlationId]: 'correlationId',
  [RENAMED.causationId]: 'causationId',
};

/** @throws EventStoreError 'invalid-request' for what no log, or not this one, can hold. */
export function checkStorable(request: AppendRequest): void {
  checkRequest(request);
  const refuse = (what: string): never => {
    throw new EventStoreError('invalid-request', `an append to ${request.stream} ${what}`);
  };
  if (request.stream.startsWith('$')) refuse("has a system stream's name");
  for (const { id, type, data } of request.events) {
    if (!UUID.test(id)) refuse(`has an event id that is no lower-case UUID: ${JSON.stringify(id)}`);
    if (type === '' || type.startsWith('$') || !type.isWellFormed())
      refuse(`has an event type that can not be stored: ${JSON.stringify(type)}`);
    if (data === undefined) refuse(`has an event without data: ${type}`);
  }
}

export function prepareAppend(request: AppendRequest): PreparedAppend {
  checkStorable(request);
  const metadata = Buffer.from(JSON.stringify(request.metadata));
  const texts = request.events.map(({ data }) => JSON.stringify(data));
  const body = Buffer.from(bodyOf(request.events, texts));
  const data = texts.map((text) => Buffer.from(text));
  const stored = JSON.stringify(renamed(request.metadata));
  const first = request.expectedRevision + 1;
  const copies = storedBytes(request.events, data, first, Buffer.byteLength(stored));
  const compact = copies.all > MAX_APPEND_BYTES && request.events.length > 2;
  const bytes = Math.max(metadata.length + body.length, compact ? copies.twoOnly : copies.all);
  return { request, metadata, body, data, stored, compact, bytes };
}

/** The body of the append as every log hashes it. */
export const bodyOf = (
  events: readonly Pick<NewEvent, 'id' | 'type' | 'schemaVersion'>[],
  data: readonly string[],
): string =>
  `[${events
    .map(({ id, type, schemaVersion }, n) => {
      const head = JSON.stringify({ id, type, v: schemaVersion });
      return `${head.slice(0, -1)},"data":${data[n]}}`;
    })
    .join(',')}]`;

/** Bytes as the server counts them, with the metadata on every event and on the first and last only. */
function storedBytes(
  events: readonly NewEvent[],
  data: readonly Buffer[],
  first: number,
  metadataBytes: number,
): { readonly all: number; readonly twoOnly: number } {
  let bytes = HASH_FIELD_BYTES;
  for (const [n, { type, schemaVersion }] of events.entries())
    bytes +=
      type.length * BYTES_PER_TYPE_CHARACTER +
      (data[n]?.length ?? 0) +
      markText({ v: schemaVersion, first }).length;
  return {
    all: bytes + events.length * metadataBytes,
    twoOnly: bytes + Math.min(2, events.length) * metadataBytes,
  };
}

/** The events as they go to the server; `previous` is the hash of the append before in the stream. */
export function proposedEvents(
  append: PreparedAppend,
  previous: Uint8Array,
): { readonly events: ProposedEvent[]; readonly hash: Buffer } {
  const { request, stored, compact, data } = append;
  const first = request.expectedRevision + 1;
  const hash = linkHash(previous, request.stream, first, append.metadata, append.body);
  const last = request.events.length - 1;
  const events = request.events.map(({ id, type, schemaVersion }, n) => {
    const mark = markText({ v: schemaVersion, first, ...(n === last ? { hash: hash.toString('hex') } : {}) });
    const full = !compact || n === 0 || n === last;
    return { id, type, data: data[n] as Buffer, metadata: Buffer.from(full ? withMark(stored, mark) : mark) };
  });
  return { events, hash };
}

const markText = (mark: Mark): string => JSON.stringify({ fw: mark });

/** Puts `fw` last: what the caller gave keeps its order, which the hash is over. */
const withMark = (stored: string, mark: string): string =>
  stored === '{}' ? mark : `${stored.slice(0, -1)},${mark.slice(1)}`;

function renamed(metadata: AppendMetadata): Record<string, unknown> {
  const stored: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(metadata))
    stored[RENAMED[key as keyof typeof RENAMED] ?? key] = value;
  return stored;
}

/** @throws EventStoreError 'read-failed' for an event that Fleetwave did not write. */
export function wireEvent(recorded: streams.ReadResp.ReadEvent.RecordedEvent): WireEvent {
  const stream = Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
  const revision = Number(recorded.getStreamRevision());
  const data = recorded.getData_asU8();
  const metadata = recorded.getCustomMetadata_asU8();
  try {
    const { fw, ...stored } = parse(metadata) as { fw: Mark } & Record<string, unknown>;
    checkMark(fw, revision);
    return {
      stream,
      revision,
      position: positionOfFields(recorded.getCommitPosition(), recorded.getPreparePosition()),
      id: recorded.getId()?.getString() ?? '',
      type: recorded.getMetadataMap().get('type') ?? '',
      schemaVersion: fw.v,
      data: parse(data),
      metadata: restored(stored),
      first: fw.first,
      hash: fw.hash === undefined ? null : Buffer.from(fw.hash, 'hex'),
      json: asText(data),
      bytes: data.length + metadata.length,
    };
  } catch (cause) {
    throw new EventStoreError(
      'read-failed',
      `event ${revision} of stream ${stream} is not one of Fleetwave's: give Fleetwave an event store of its own`,
      { cause },
    );
  }
}

const asText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

const parse = (bytes: Uint8Array): unknown => JSON.parse(asText(bytes));

function checkMark(mark: Mark | undefined, revision: number): asserts mark is Mark {
  const sound =
    Number.isSafeInteger(mark?.v) &&
    Number.isSafeInteger(mark?.first) &&
    (mark?.first ?? -1) >= 0 &&
    (mark?.first ?? 0) <= revision &&
    (mark?.hash === undefined || HASH.test(mark.hash));
  if (!sound) throw new Error('its metadata has no sound `fw`');
}

function restored(stored: Record<string, unknown>): AppendMetadata | null {
  const metadata: Record<string, unknown> = {};
  let empty = true;
  for (const [key, value] of Object.entries(stored)) {
    metadata[RESTORED[key] ?? key] = value;
    empty = false;
  }
  return empty ? null : (metadata as unknown as AppendMetadata);
}
