/** Heads of the streams that were written last, in a bounded table: most appends need no look-up. */
import { HASH_BYTES } from '../chain.ts';

export interface StreamHead {
  readonly id: number;
  revision: number;
  /** 32 bytes as a latin1 string. */
  hash: string;
}

/** Second-chance replacement; about 150 bytes per stream. */
export class StreamCache {
  readonly #slots = new Map<string, number>();
  readonly #names: (string | undefined)[];
  readonly #ids: Float64Array;
  readonly #revisions: Float64Array;
  readonly #hashes: Buffer;
  readonly #used: Uint8Array;
  #hand = 0;

  constructor(capacity: number) {
    this.#names = new Array<string | undefined>(capacity).fill(undefined);
    this.#ids = new Float64Array(capacity);
    this.#revisions = new Float64Array(capacity);
    this.#hashes = Buffer.alloc(capacity * HASH_BYTES);
    this.#used = new Uint8Array(capacity);
  }

  get(name: string): StreamHead | undefined {
    const slot = this.#slots.get(name);
    if (slot === undefined) return undefined;
    this.#used[slot] = 1;
    const at = slot * HASH_BYTES;
    return {
      id: this.#ids[slot] ?? 0,
      revision: this.#revisions[slot] ?? 0,
      hash: this.#hashes.toString('latin1', at, at + HASH_BYTES),
    };
  }

  set(name: string, head: StreamHead): void {
    const slot = this.#slots.get(name) ?? this.#claim(name);
    this.#used[slot] = 1;
    this.#ids[slot] = head.id;
    this.#revisions[slot] = head.revision;
    this.#hashes.write(head.hash, slot * HASH_BYTES, 'latin1');
  }

  /** Takes the first slot that was not used since the hand last passed it. */
  #claim(name: string): number {
    while (this.#used[this.#hand] === 1) {
      this.#used[this.#hand] = 0;
      this.#hand = (this.#hand + 1) % this.#names.length;
    }
    const slot = this.#hand;
    this.#hand = (this.#hand + 1) % this.#names.length;
    const evicted = this.#names[slot];
    if (evicted !== undefined) this.#slots.delete(evicted);
    this.#names[slot] = name;
    this.#slots.set(name, slot);
    return slot;
  }
}
