/** Gathers appends into one message for the writer: texts as bytes in one buffer, framed as they are hashed. */
import type { AppendResult } from '../../../app/ports.ts';
import { MAX_APPEND_BYTES } from '../../../app/ports.ts';
import type { EncodedAppend } from '../append-codec.ts';
import { FRAME_OVERHEAD, HASH_BYTES } from '../chain.ts';
import { toPosition } from '../position.ts';
import type { AppendBatch, AppendReply } from './messages.ts';

const MIN_BUFFER_BYTES = 4096;
const MAX_BYTES_PER_CHARACTER = 3;

/** One call of `append`: what was refused here, and which appends of the message are its own. */
interface Entry {
  readonly results: (AppendResult | null)[];
  readonly first: number;
  readonly resolve: (results: readonly AppendResult[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface Sealed {
  readonly batch: AppendBatch;
  readonly entries: readonly Entry[];
}

export class Outbox {
  #streams: string[] = [];
  #expectedRevisions: number[] = [];
  #counts: number[] = [];
  #offsets: number[] = [];
  #buffer: Buffer = Buffer.allocUnsafeSlow(MIN_BUFFER_BYTES);
  #used = 0;
  #entries: Entry[] = [];
  /** The next buffer begins as large as the last message was. */
  #usual = MIN_BUFFER_BYTES;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Bytes gathered so far. */
  get bytes(): number {
    return this.#used;
  }

  add(encoded: readonly EncodedAppend[]): Promise<readonly AppendResult[]> {
    const first = this.#streams.length;
    const results = encoded.map((one) => this.#addOne(one));
    return new Promise((resolve, reject) => {
      this.#entries.push({ results, first, resolve, reject });
    });
  }

  /** Lays out one frame (see `chain.ts`). @returns a result when the append is refused here. */
  #addOne({ request, metadata, body }: EncodedAppend): AppendResult | null {
    const frame = this.#used;
    this.#reserve(
      FRAME_OVERHEAD + MAX_BYTES_PER_CHARACTER * (request.stream.length + metadata.length + body.length),
    );
    const buffer = this.#buffer;
    let at = frame + HASH_BYTES;
    const nameBytes = buffer.write(request.stream, at + 4);
    at = buffer.writeUInt32BE(nameBytes, at) + nameBytes;
    at = buffer.writeBigUInt64BE(BigInt(request.expectedRevision + 1), at);
    const metadataAt = at + 4;
    const metadataBytes = buffer.write(metadata, metadataAt);
    at = buffer.writeUInt32BE(metadataBytes, at) + metadataBytes;
    const bodyAt = at + 4;
    const bodyBytes = buffer.write(body, bodyAt);
    const end = buffer.writeUInt32BE(bodyBytes, at) + bodyBytes;
    const bytes = metadataBytes + bodyBytes;
    if (bytes > MAX_APPEND_BYTES) return { status: 'too-large', bytes, limit: MAX_APPEND_BYTES };
    this.#used = end;
    this.#streams.push(request.stream);
    this.#expectedRevisions.push(request.expectedRevision);
    this.#counts.push(request.events.length);
    this.#offsets.push(frame, metadataAt, bodyAt, end);
    return null;
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#used), 0);
    this.#buffer = larger;
  }

  /** Takes everything out. The bytes of the batch own their memory, to be transferred. */
  seal(): Sealed {
    const sealed = {
      batch: {
        streams: this.#streams,
        expectedRevisions: this.#expectedRevisions,
        counts: this.#counts,
        offsets: this.#offsets,
        bytes: this.#buffer.subarray(0, this.#used),
      },
      entries: this.#entries,
    };
    this.#usual = Math.max(MIN_BUFFER_BYTES, this.#used, this.#usual >> 1);
    this.#streams = [];
    this.#expectedRevisions = [];
    this.#counts = [];
    this.#offsets = [];
    this.#buffer = Buffer.allocUnsafeSlow(this.#usual);
    this.#used = 0;
    this.#entries = [];
    return sealed;
  }
}

/** Gives every call its results. */
export function deliver(sealed: Sealed, reply: AppendReply): void {
  for (const { results, first, resolve } of sealed.entries) {
    let index = first;
    resolve(results.map((result) => result ?? resultAt(reply, index++)));
  }
}

function resultAt(reply: AppendReply, index: number): AppendResult {
  const revision = reply.revisions[index] ?? -1;
  const outcome = reply.outcomes[index] ?? 'conflict';
  if (outcome === 'conflict') return { status: 'conflict', actualRevision: revision };
  const position = toPosition(reply.positions[index] ?? 0);
  return { status: 'appended', revision, position, repeated: outcome === 'repeated' };
}
