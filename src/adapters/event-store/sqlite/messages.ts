/** What is said between the caller's thread and the threads of the log. */
import type { VerifyProgress } from '../../../app/ports.ts';
import type { AppendRow } from '../append-codec.ts';
import type { EventStoreErrorCode } from '../errors.ts';

/** Many appends in one message: parallel arrays and one transferred buffer, which is cheap to clone. */
export interface AppendBatch {
  readonly streams: readonly string[];
  readonly expectedRevisions: readonly number[];
  readonly counts: readonly number[];
  /** Four numbers per append: where its frame, metadata and body begin in `bytes`, and where it ends. */
  readonly offsets: readonly number[];
  /** Frames as `chain.ts` hashes them, with room for the previous hash. */
  readonly bytes: Uint8Array;
}

export const OFFSETS_PER_APPEND = 4;

/** Outcome per append: parallel arrays again. */
export interface AppendReply {
  readonly outcomes: readonly ('appended' | 'repeated' | 'conflict')[];
  /** Revision of the last event, or the actual one on a conflict. */
  readonly revisions: readonly number[];
  /** Number of the last event in the log; 0 on a conflict. */
  readonly positions: readonly number[];
  /** Number of the last event in the log after this commit. */
  readonly head: number;
}

export interface ScanRequest {
  /** Number of the last event already seen. */
  readonly after: number;
  /** Number of the last event wanted; at most the head. */
  readonly until: number;
  readonly prefixes: readonly string[] | null;
  readonly maxEvents: number;
}

export interface ScanReply {
  /** Whole appends: the first may begin before `after` + 1, the last end behind `until`. */
  readonly rows: readonly AppendRow[];
  /** Number of the last event looked at. */
  readonly reached: number;
}

export interface AppendsRequest {
  /** Number of the last event of an append already seen. */
  readonly after: number;
  /** Number of the last event wanted; it ends an append. */
  readonly until: number;
}

export interface StreamAppendsRequest {
  readonly stream: string;
  /** A revision of the first append wanted. */
  readonly from: number;
  /** A revision of the last append wanted; null = to the end. */
  readonly until: number | null;
}

/** An append with its link of the chain in hexadecimal digits. */
export interface LinkedRow extends AppendRow {
  readonly hash: string;
}

export interface StreamRequest {
  readonly stream: string;
  readonly from: number;
  readonly backward: boolean;
  readonly maxEvents: number;
}

export interface StreamReply {
  readonly rows: readonly AppendRow[];
  /** Nothing is left in this direction. */
  readonly done: boolean;
}

/** Where verification stands between two steps; opaque to the caller. */
export interface VerifyCursor {
  readonly stream: string | null;
  readonly phase: 'streams' | 'order' | 'done';
  readonly streamId: number;
  /** First revision of the last append looked at, or -1 at the beginning of a stream. */
  readonly lastFirst: number;
  readonly expected: number;
  readonly lastPosition: number;
  readonly previous: Uint8Array;
}

export interface VerifyReply {
  readonly cursor: VerifyCursor;
  readonly appends: number;
  readonly streams: number;
  readonly problems: VerifyProgress['problems'];
}

export type WriterCall =
  | { readonly kind: 'append'; readonly batch: AppendBatch }
  | { readonly kind: 'close' };

export type ReaderCall =
  | { readonly kind: 'scan'; readonly request: ScanRequest }
  | { readonly kind: 'stream'; readonly request: StreamRequest }
  | { readonly kind: 'appends'; readonly request: AppendsRequest }
  | { readonly kind: 'stream-appends'; readonly request: StreamAppendsRequest }
  | { readonly kind: 'streams'; readonly names: readonly string[] }
  | { readonly kind: 'verify'; readonly cursor: VerifyCursor }
  | { readonly kind: 'close' };

export interface Numbered<Call> {
  readonly id: number;
  readonly call: Call;
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: EventStoreErrorCode; readonly message: string };

/** The first message of a thread: a reply with id 0. */
export const READY_ID = 0;
