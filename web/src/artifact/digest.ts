/** The SHA-256 of a file, in pieces: so it may be larger than memory, and the page stays awake. */
import { sha256 } from './sha256.ts';

const CHUNK = 4 * 1024 * 1024;

/** @returns 64 hexadecimal digits. @throws AbortError when the signal is aborted; what reading the file throws. */
export async function digestOf(
  file: File,
  tell: (done: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const hash = sha256();
  for (let at = 0; at < file.size; at += CHUNK) {
    signal.throwIfAborted();
    hash.update(new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer()));
    tell(Math.min(at + CHUNK, file.size));
  }
  return [...hash.digest()].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
