/**
 * The vehicle's own reading of `src/protocol/content-format.ts`: ciphertext in at any pace, plaintext hashed and
 * handed on as soon as a chunk is proven.
 */
import { createDecipheriv, createHash, createSecretKey } from 'node:crypto';
import { CHUNK_BYTES, ciphertextSize, nonceOf, TAG_BYTES } from '../protocol/content-format.ts';

const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;

export interface ContentOpener {
  /** Bytes of ciphertext taken so far: where a broken download goes on. */
  readonly received: number;
  /** @throws Error for a chunk that is not what was sealed, or bytes beyond the end. */
  push(bytes: Uint8Array): void;
  /** Plaintext digest and size. @throws Error before the end. */
  finish(): { readonly sha256: string; readonly size: number };
}

export interface SealedFile {
  readonly fileId: string;
  /** Base64 of 32 bytes. */
  readonly key: string;
  /** Of the ciphertext, bytes. */
  readonly size: number;
}

/** @throws Error when a ciphertext of that size can't exist. */
export function openContent(file: SealedFile): ContentOpener {
  const key = createSecretKey(file.key, 'base64');
  const associated = Buffer.from(file.fileId, 'ascii');
  const chunks = Math.max(1, Math.ceil(file.size / SEALED_BYTES));
  const plain = file.size - chunks * TAG_BYTES;
  if (plain < 0 || ciphertextSize(plain) !== file.size)
    throw new Error(`no ciphertext has ${file.size} bytes`);
  const hash = createHash('sha256');
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let chunk = 0;
  let received = 0;
  let size = 0;

  const open = (sealed: Buffer): void => {
    const body = sealed.subarray(0, sealed.length - TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(chunk, chunk === chunks - 1));
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const bytes = decipher.update(body);
    decipher.final();
    hash.update(bytes);
    size += bytes.length;
    chunk++;
  };
  const sealedBytes = (): number =>
    chunk < chunks - 1 ? SEALED_BYTES : file.size - (chunks - 1) * SEALED_BYTES;

  return {
    get received() {
      return received;
    },
    push(bytes) {
      received += bytes.length;
      if (received > file.size) throw new Error('more bytes than the file has');
      pending.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      pendingBytes += bytes.length;
      while (chunk < chunks && pendingBytes >= sealedBytes()) {
        const all = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending, pendingBytes);
        const end = sealedBytes();
        open(all.subarray(0, end));
        pending = [all.subarray(end)];
        pendingBytes -= end;
      }
    },
    finish() {
      if (chunk !== chunks) throw new Error('the file is not complete');
      return { sha256: hash.digest('hex'), size };
    },
  };
}
