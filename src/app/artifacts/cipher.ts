/**
 * Encrypts and decrypts the files of artifacts as they stream by (`src/protocol/content-format.ts`): never
 * more than one chunk in memory.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { CHUNK_BYTES, KEY_BYTES, nonceOf, TAG_BYTES } from '../../protocol/content-format.ts';

const ALGORITHM = 'aes-256-gcm';
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;

/** What a file is encrypted with: its own random key, and the id that every chunk is bound to. */
export interface ContentKey {
  /** UUID. */
  readonly fileId: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface Measure {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Bytes that are not what was encrypted: altered, moved, cut, or under another key or file id. */
export class TamperedContentError extends Error {
  override readonly name = 'TamperedContentError';
  readonly chunk: number;

  constructor(chunk: number, what: string) {
    super(`chunk ${chunk} ${what}`);
    this.chunk = chunk;
  }
}

export const newContentKey = (fileId: string): ContentKey => ({ fileId, key: randomBytes(KEY_BYTES) });

/** Counts and hashes what passes through. */
export function createMeter(): { add(bytes: Uint8Array): void; measure(): Measure } {
  const hash = createHash('sha256');
  let size = 0;
  let done: Measure | null = null;
  return {
    add(bytes) {
      hash.update(bytes);
      size += bytes.length;
    },
    measure() {
      done ??= { sha256: hash.digest('hex'), size };
      return done;
    },
  };
}

/**
 * Cuts a stream into pieces of exactly `size` bytes and a last one that may be shorter (empty for an empty
 * stream). A full piece is held back until it is known whether more follows. The buffer is used again: a
 * piece is valid only until the next one is asked for.
 */
async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly last: boolean }> {
  const buffer = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of source) {
    let taken = 0;
    while (taken < chunk.length) {
      if (filled === size) {
        yield { bytes: buffer, last: false };
        filled = 0;
      }
      const part = chunk.subarray(taken, taken + size - filled);
      buffer.set(part, filled);
      filled += part.length;
      taken += part.length;
    }
  }
  yield { bytes: buffer.subarray(0, filled), last: true };
}

function sealChunk(plain: Uint8Array, chunk: number, last: boolean, { key, fileId }: ContentKey): Uint8Array {
  const cipher = createCipheriv(ALGORITHM, key, nonceOf(chunk, last), { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(fileId, 'ascii'));
  const body = cipher.update(plain);
  return Buffer.concat([body, cipher.final(), cipher.getAuthTag()]);
}

function openChunk(
  sealed: Uint8Array,
  chunk: number,
  last: boolean,
  { key, fileId }: ContentKey,
): Uint8Array {
  if (sealed.length < TAG_BYTES) throw new TamperedContentError(chunk, 'is cut short');
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, nonceOf(chunk, last), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(fileId, 'ascii'));
  decipher.setAuthTag(sealed.subarray(end));
  const body = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    throw new TamperedContentError(chunk, 'does not carry the right authentication tag');
  }
  return body;
}

export interface Encryption {
  /** The ciphertext, to be read once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What went in and what came out. @throws Error before the chunks have been read to their end. */
  measured(): { readonly plaintext: Measure; readonly ciphertext: Measure };
}

/** Encrypts a stream. An error of the source comes out of `chunks`. */
export function encrypt(source: AsyncIterable<Uint8Array>, secret: ContentKey): Encryption {
  const plaintext = createMeter();
  const ciphertext = createMeter();
  let finished = false;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let chunk = 0;
    for await (const { bytes, last } of inPieces(source, CHUNK_BYTES)) {
      plaintext.add(bytes);
      const sealed = sealChunk(bytes, chunk++, last, secret);
      ciphertext.add(sealed);
      yield sealed;
    }
    finished = true;
  }
  return {
    chunks: chunks(),
    measured() {
      if (!finished) throw new Error('the stream has not been read to its end');
      return { plaintext: plaintext.measure(), ciphertext: ciphertext.measure() };
    },
  };
}

/** Decrypts a whole file. @throws TamperedContentError at the first chunk that is not what was encrypted. */
export async function* decrypt(
  source: AsyncIterable<Uint8Array>,
  secret: ContentKey,
): AsyncGenerator<Uint8Array> {
  let chunk = 0;
  for await (const { bytes, last } of inPieces(source, SEALED_BYTES))
    yield openChunk(bytes, chunk++, last, secret);
}

/** Reads bytes `start..end` (inclusive) of a ciphertext. */
export type ReadRange = (range: {
  readonly start: number;
  readonly end: number;
}) => AsyncIterable<Uint8Array>;

/**
 * Decrypts plaintext bytes `start..end` (inclusive) of a ciphertext of `size` bytes, reading only the chunks
 * that hold them.
 * @throws RangeError outside the plaintext; TamperedContentError as `decrypt`.
 */
export async function* decryptRange(
  read: ReadRange,
  size: number,
  range: { readonly start: number; readonly end: number },
  secret: ContentKey,
): AsyncGenerator<Uint8Array> {
  const finalChunk = Math.ceil(size / SEALED_BYTES) - 1;
  const plaintextSize = size - TAG_BYTES * (finalChunk + 1);
  if (range.start < 0 || range.end < range.start || range.end >= plaintextSize)
    throw new RangeError(`bytes ${range.start}-${range.end} are not within ${plaintextSize} bytes`);
  const from = Math.floor(range.start / CHUNK_BYTES);
  const to = Math.floor(range.end / CHUNK_BYTES);
  const sealed = read({ start: from * SEALED_BYTES, end: Math.min(size, (to + 1) * SEALED_BYTES) - 1 });
  let chunk = from;
  for await (const { bytes } of inPieces(sealed, SEALED_BYTES)) {
    const plain = openChunk(bytes, chunk, chunk === finalChunk, secret);
    const begins = chunk * CHUNK_BYTES;
    yield plain.subarray(Math.max(0, range.start - begins), range.end - begins + 1);
    chunk++;
  }
  if (chunk <= to) throw new TamperedContentError(chunk, 'is missing');
}
