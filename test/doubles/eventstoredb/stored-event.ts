/** What the log of the double keeps and gives back. */

/** An event as it was asked to be written. */
export interface ProposedEvent {
  /** Canonical lower-case UUID. */
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** Positions are offsets into a log of bytes, as the real server's are: growing, with gaps of a record's size. */
export interface StoredEvent extends ProposedEvent {
  readonly position: number;
  /** Where the record ends and the next one starts. */
  readonly next: number;
  readonly stream: string;
  readonly revision: number;
  readonly createdMs: number;
}

/** A commit and a prepare position, as requests, pages and checkpoints name them. */
export interface LogPosition {
  readonly commit: number;
  readonly prepare: number;
}

/** "Nowhere yet": smaller than every position. On the wire it is the greatest unsigned number. */
export const NOWHERE: LogPosition = { commit: -1, prepare: -1 };

export const comparePositions = (a: LogPosition, b: LogPosition): number =>
  a.commit === b.commit ? a.prepare - b.prepare : a.commit - b.commit;

export const positionOf = (event: StoredEvent): LogPosition => ({
  commit: event.position,
  prepare: event.position,
});

/** Expected revisions that are not revisions, by the server's own numbers. */
export const EXPECTED = { noStream: -1, any: -2, streamExists: -4 } as const;

/** The revision the server gives a stream that can never be written again. */
export const TOMBSTONE = Number.MAX_SAFE_INTEGER;

const RECORD_HEADER_BYTES = 96;

/** Size of a record in the real log, near enough: what makes positions neither dense nor even. */
export const recordBytes = (stream: string, event: ProposedEvent): number =>
  RECORD_HEADER_BYTES +
  Buffer.byteLength(stream) +
  Buffer.byteLength(event.type) +
  event.data.length +
  event.metadata.length;
