/** Where the streams that were written last end, in a bounded table: most appends need no look-up. */
import { HASH_BYTES } from '../chain.ts';
import type { StreamEnd } from './stream-reader.ts';

interface Entry {
  readonly revision: number;
  /** As a latin1 string: a third of a buffer's size. */
  readonly hash: string;
}

/** The stream that was used longest ago goes first; about 250 bytes per stream. */
export class StreamEnds {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(stream: string): StreamEnd | undefined {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return undefined;
    this.#entries.delete(stream);
    this.#entries.set(stream, entry);
    return { revision: entry.revision, hash: Buffer.from(entry.hash, 'latin1') };
  }

  set(stream: string, { revision, hash }: StreamEnd): void {
    this.#entries.delete(stream);
    const text = Buffer.from(hash.buffer, hash.byteOffset, HASH_BYTES).toString('latin1');
    this.#entries.set(stream, { revision, hash: text });
    if (this.#entries.size <= this.#capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(stream: string): void {
    this.#entries.delete(stream);
  }
}
