/** Between the log's events and the messages of the protocol. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { LogPosition, ProposedEvent } from './stored-event.ts';

/** How the real server writes -1 in an unsigned field: "no position". */
const NO_POSITION = '18446744073709551615';
const JSON_CONTENT = 'application/json';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** A position of the log to the field of a message, and back. */
export class PositionCodec {
  readonly #base: bigint;

  /** `base` is added to every position, so that a log can begin where no double can count any more. */
  constructor(base: bigint) {
    this.#base = base;
  }

  onWire(position: number): number | bigint {
    return this.#base === 0n ? position : this.#base + BigInt(position);
  }

  encode(position: number): string {
    return position < 0 ? NO_POSITION : String(this.onWire(position));
  }

  decode(field: string): number {
    const position = BigInt(field) - this.#base;
    return Number(position > 0n ? position : 0n);
  }
}

export const streamNameOf = (identifier: shared.StreamIdentifier | undefined): string =>
  identifier === undefined ? '' : Buffer.from(identifier.getStreamName_asU8()).toString('utf8');

export function streamIdentifier(name: string): shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(name));
  return identifier;
}

/** @throws Error for what is no UUID, or the empty one. */
export function uuidOf(message: shared.UUID | undefined): string {
  const structured = message?.getStructured();
  const text =
    structured === undefined
      ? (message?.getString() ?? '').toLowerCase()
      : fromBits(structured.getMostSignificantBits(), structured.getLeastSignificantBits());
  if (!UUID.test(text)) throw new Error(`'${text}' is not a UUID.`);
  if (text === NIL_UUID) throw new Error("Empty eventId provided. (Parameter 'eventId')");
  return text;
}

function fromBits(most: string, least: string): string {
  const hex = [most, least].map((bits) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0'));
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function uuidMessage(id: string, structured = false): shared.UUID {
  const message = new shared.UUID();
  if (!structured) return message.setString(id);
  const hex = id.replaceAll('-', '');
  const bits = new shared.UUID.Structured();
  bits.setMostSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`))));
  bits.setLeastSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`))));
  return message.setStructured(bits);
}

/** Metadata that the server requires of every event, missing from this one. */
export class MissingMetadata extends Error {
  readonly property: string;

  constructor(property: string) {
    super(`Required Metadata Property '${property}' is missing`);
    this.property = property;
  }
}

/** @throws MissingMetadata, or Error for a bad id or an empty type. */
export function proposedEvent(
  message: streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage,
): ProposedEvent {
  const metadata = message.getMetadataMap();
  const type = metadata.get('type');
  const contentType = metadata.get('content-type');
  if (type === undefined) throw new MissingMetadata('type');
  if (contentType === undefined) throw new MissingMetadata('content-type');
  if (type === '') throw new Error("Empty eventType provided. (Parameter 'eventType')");
  return {
    id: uuidOf(message.getId()),
    type,
    isJson: contentType === JSON_CONTENT,
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

export function checkpointMessage(at: LogPosition, positions: PositionCodec): streams.ReadResp {
  const checkpoint = new streams.ReadResp.Checkpoint();
  checkpoint.setCommitPosition(positions.encode(at.commit));
  checkpoint.setPreparePosition(at.prepare === 0 ? '0' : positions.encode(at.prepare));
  return new streams.ReadResp().setCheckpoint(checkpoint);
}
