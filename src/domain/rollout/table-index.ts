/** Vehicle ids by row, and rows by id, in a few flat arrays: a Map of strings would cost ten times as much. */
import { murmur2 } from '../shared/shard.ts';

export class IdIndex {
  /** The ids' characters, one byte each: ids are ASCII by their schema. */
  readonly #text: Uint8Array;
  readonly #start: Uint32Array;
  /** Open addressing: row + 1, or 0. */
  readonly #slots: Uint32Array;

  /** Ids must differ. */
  constructor(ids: readonly string[]) {
    this.#start = new Uint32Array(ids.length + 1);
    for (const [row, id] of ids.entries()) this.#start[row + 1] = (this.#start[row] ?? 0) + id.length;
    this.#text = new Uint8Array(this.#start[ids.length] ?? 0);
    this.#slots = new Uint32Array(Math.ceil(ids.length * 1.5) | 1);
    for (const [row, id] of ids.entries()) {
      const start = this.#start[row] ?? 0;
      for (let i = 0; i < id.length; i++) this.#text[start + i] = id.charCodeAt(i);
      let slot = this.#slotOf(id);
      while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
      this.#slots[slot] = row + 1;
    }
  }

  /** Row of an id, or -1. */
  indexOf(id: string): number {
    for (let slot = this.#slotOf(id); ; slot = (slot + 1) % this.#slots.length) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0 || this.#equals(row, id)) return row;
    }
  }

  at(row: number): string {
    return String.fromCharCode(...this.#text.subarray(this.#start[row], this.#start[row + 1]));
  }

  get bytes(): number {
    return this.#text.byteLength + this.#start.byteLength + this.#slots.byteLength;
  }

  /** All ids of a shard have the same hash modulo the number of shards; the size is odd, so they still spread. */
  #slotOf(id: string): number {
    return (murmur2(id) >>> 0) % this.#slots.length;
  }

  #equals(row: number, id: string): boolean {
    const start = this.#start[row] ?? 0;
    if ((this.#start[row + 1] ?? 0) - start !== id.length) return false;
    for (let i = 0; i < id.length; i++) if (this.#text[start + i] !== id.charCodeAt(i)) return false;
    return true;
  }
}
