/** An event as a ReadResp, written straight from the log: reading is what the double does most. */
import { ReverseWriter } from './reverse-writer.ts';
import type { StoredEvent } from './stored-event.ts';
import type { PositionCodec } from './wire.ts';

export interface EventFormat {
  readonly positions: PositionCodec;
  /** Ids as two integers instead of text. */
  readonly structuredIds: boolean;
  /** Reads of one stream may not know where an event was committed. */
  readonly withPosition: boolean;
}

/** Field numbers of streams.proto and shared.proto. */
const READ_RESPONSE = { event: 1 };
const READ_EVENT = { event: 1, commitPosition: 3, noPosition: 4 };
const RECORDED = {
  id: 1,
  stream: 2,
  revision: 3,
  preparePosition: 4,
  commitPosition: 5,
  metadata: 6,
  customMetadata: 7,
  data: 8,
};
const UUID = { structured: 1, string: 2 };
const STRUCTURED = { most: 1, least: 2 };
const STREAM_IDENTIFIER = { name: 3 };
const MAP_ENTRY = { key: 1, value: 2 };
/** How the real server writes -1 in an unsigned field: "no position". */
const NO_POSITION = 0xffff_ffff_ffff_ffffn;

const writer = new ReverseWriter();

export function encodeEvent(event: StoredEvent, format: EventFormat): Buffer {
  writer.clear();
  const position = format.withPosition ? format.positions.onWire(event.position) : NO_POSITION;
  if (format.withPosition) writer.integer(READ_EVENT.commitPosition, position);
  else writer.lengthOf(READ_EVENT.noPosition, writer.written);
  const recorded = writer.written;
  if (event.data.length > 0) writer.bytes(RECORDED.data, event.data);
  if (event.metadata.length > 0) writer.bytes(RECORDED.customMetadata, event.metadata);
  metadata('created', `${event.createdMs}0000`);
  metadata('content-type', event.isJson ? 'application/json' : 'application/octet-stream');
  metadata('type', event.type);
  writer.integer(RECORDED.commitPosition, position);
  writer.integer(RECORDED.preparePosition, position);
  if (event.revision > 0) writer.integer(RECORDED.revision, event.revision);
  const stream = writer.written;
  writer.text(STREAM_IDENTIFIER.name, event.stream);
  writer.lengthOf(RECORDED.stream, stream);
  identity(event.id, format.structuredIds);
  writer.lengthOf(READ_EVENT.event, recorded);
  writer.lengthOf(READ_RESPONSE.event, 0);
  return writer.finish();
}

function metadata(key: string, value: string): void {
  const since = writer.written;
  writer.text(MAP_ENTRY.value, value);
  writer.text(MAP_ENTRY.key, key);
  writer.lengthOf(RECORDED.metadata, since);
}

function identity(id: string, structured: boolean): void {
  const since = writer.written;
  if (structured) {
    const hex = id.replaceAll('-', '');
    writer.integer(STRUCTURED.least, BigInt(`0x${hex.slice(16)}`));
    writer.integer(STRUCTURED.most, BigInt(`0x${hex.slice(0, 16)}`));
    writer.lengthOf(UUID.structured, since);
  } else writer.text(UUID.string, id);
  writer.lengthOf(RECORDED.id, since);
}
