/**
 * How a file is encrypted from upload to vehicle (DESIGN §9), a STREAM construction:
 * plaintext in chunks of 64 KiB, each AES-256-GCM under the file's own key; a chunk on the wire is its
 * ciphertext and the 16-byte tag. Nonce (12 bytes) = 7 zero bytes ‖ chunk number (uint32, big endian) ‖ last-chunk
 * flag (0 or 1). Associated data = the file id's 36 ASCII characters. An empty file is one empty last chunk.
 * So a chunk can't be moved, dropped, appended or taken from another file unseen, and any range can be decrypted
 * from the chunk it begins in.
 */
export const CHUNK_BYTES = 65_536;
export const TAG_BYTES = 16;
export const KEY_BYTES = 32;

export const nonceOf = (chunk: number, last: boolean): Uint8Array => {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, chunk);
  nonce[11] = last ? 1 : 0;
  return nonce;
};

export const ciphertextSize = (plaintextSize: number): number =>
  plaintextSize + TAG_BYTES * Math.max(1, Math.ceil(plaintextSize / CHUNK_BYTES));
