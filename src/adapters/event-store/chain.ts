/** The hash that chains a stream's appends (DESIGN §3 "Bytes"). */
import { hash } from 'node:crypto';

export const HASH_BYTES = 32;
/** What the first append of a stream is chained to. */
export const FIRST_LINK: Uint8Array = new Uint8Array(HASH_BYTES);

/** Bytes of a frame besides its three texts: previous hash, three lengths and the revision. */
export const FRAME_OVERHEAD = HASH_BYTES + 4 + 8 + 4 + 4;

/**
 * Bytes that are hashed: previous hash (32), length of the name (u32) and name, first revision (u64), length
 * of the metadata (u32) and metadata, length of the body (u32) and body; big-endian, texts in UTF-8. Every
 * part has a fixed or a stated length, so no two appends share a frame.
 */
export function linkHash(
  previous: Uint8Array,
  stream: string,
  firstRevision: number,
  metadata: Uint8Array,
  body: Uint8Array,
): Buffer {
  const name = Buffer.from(stream);
  const frame = Buffer.allocUnsafe(FRAME_OVERHEAD + name.length + metadata.length + body.length);
  frame.set(previous, 0);
  let at = frame.writeUInt32BE(name.length, HASH_BYTES);
  frame.set(name, at);
  at = frame.writeBigUInt64BE(BigInt(firstRevision), at + name.length);
  at = frame.writeUInt32BE(metadata.length, at);
  frame.set(metadata, at);
  at = frame.writeUInt32BE(body.length, at + metadata.length);
  frame.set(body, at);
  return hash('sha256', frame, 'buffer');
}
