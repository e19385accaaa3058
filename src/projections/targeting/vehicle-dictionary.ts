/**
 * Vehicle ids and their numbers, from 0 without gaps. Ids lie as bytes in a few large blocks and are found through
 * open-addressing tables: about 30 bytes per vehicle, and no limit of 2^24 entries as a V8 Map has.
 */
import { VehicleColumn } from './columns.ts';

const BLOCK_BITS = 22;
const BLOCK_SIZE = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCK_SIZE - 1;
/** Longest id that fits the byte in front of it. */
const MAX_LENGTH = 255;
/** Tables by the hash's upper bits: each doubles for itself, so that no growth stops everything for long. */
const TABLE_BITS = 8;
const FIRST_SLOTS = 64;
/** Share of slots in use above which a table doubles. */
const MAX_LOAD = 0.6;

interface Table {
  /** Number of a vehicle plus one; 0 = free. */
  slots: Uint32Array;
  used: number;
}

export class VehicleDictionary {
  /** Each id: a byte of length and its bytes, never across two blocks. */
  readonly #blocks: Uint8Array[] = [];
  #end = 0;
  readonly #offsets = new VehicleColumn((length) => new Uint32Array(length));
  readonly #tables: Table[] = Array.from({ length: 1 << TABLE_BITS }, () => ({
    slots: new Uint32Array(FIRST_SLOTS),
    used: 0,
  }));
  #size = 0;
  /** The id being looked for. */
  readonly #key = new Uint8Array(MAX_LENGTH);

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for reports. */
  get bytes(): number {
    const tables = this.#tables.reduce((sum, { slots }) => sum + slots.byteLength, 0);
    return this.#blocks.length * BLOCK_SIZE + this.#offsets.chunks.length * 4 * 65_536 + tables;
  }

  /** The vehicle's number, or -1. */
  find(id: string): number {
    const length = this.#load(id);
    if (length < 0) return -1;
    const hash = this.#hash(this.#key, 0, length);
    const table = this.#tableOf(hash);
    return (table.slots[this.#slot(table.slots, hash, length)] ?? 0) - 1;
  }

  /** The vehicle's number; a new one when the id is new. @throws RangeError when the id is no vehicle id. */
  intern(id: string): number {
    const length = this.#load(id);
    if (length < 0) throw new RangeError(`${JSON.stringify(id)} is no vehicle id`);
    const hash = this.#hash(this.#key, 0, length);
    const table = this.#tableOf(hash);
    const slot = this.#slot(table.slots, hash, length);
    const known = table.slots[slot] ?? 0;
    if (known !== 0) return known - 1;
    const number = this.#size++;
    this.#offsets.set(number, this.#store(length));
    table.slots[slot] = number + 1;
    table.used += 1;
    if (table.used > table.slots.length * MAX_LOAD) this.#grow(table);
    return number;
  }

  /** The id of a number that `intern` gave. */
  idOf(number: number): string {
    const offset = this.#offsets.get(number);
    const block = this.#blocks[offset >>> BLOCK_BITS];
    if (block === undefined || number >= this.#size)
      throw new RangeError(`no vehicle has the number ${number}`);
    const at = offset & BLOCK_MASK;
    const length = block[at] ?? 0;
    let id = '';
    for (let i = 1; i <= length; i++) id += String.fromCharCode(block[at + i] ?? 0);
    return id;
  }

  /** Whether a vehicle's id begins with a text, without making the id a text. */
  beginning(text: string): (number: number) => boolean {
    const bytes = Uint8Array.from(text, (character) => Math.min(character.charCodeAt(0), 255));
    const { length } = bytes;
    return (number) => {
      const offset = this.#offsets.get(number);
      const block = this.#blocks[offset >>> BLOCK_BITS];
      const at = offset & BLOCK_MASK;
      if (block === undefined || (block[at] ?? 0) < length) return false;
      for (let i = 0; i < length; i++) if (block[at + 1 + i] !== bytes[i]) return false;
      return true;
    };
  }

  /** Bytes of the id into `#key`; its length, or -1 when it is no ASCII text of 1..255 characters. */
  #load(id: string): number {
    const { length } = id;
    if (length === 0 || length > MAX_LENGTH) return -1;
    for (let i = 0; i < length; i++) {
      const code = id.charCodeAt(i);
      if (code > 127) return -1;
      this.#key[i] = code;
    }
    return length;
  }

  #store(length: number): number {
    if ((this.#end & BLOCK_MASK) + length + 1 > BLOCK_SIZE) this.#end = this.#blocks.length * BLOCK_SIZE;
    const index = Math.floor(this.#end / BLOCK_SIZE);
    if (index >= 1 << (32 - BLOCK_BITS)) throw new RangeError('the vehicle ids take more than 4 GiB');
    if (index === this.#blocks.length) this.#blocks.push(new Uint8Array(BLOCK_SIZE));
    const block = this.#blocks[index];
    if (block === undefined) throw new RangeError(`there is no block ${index}`);
    const offset = this.#end;
    const at = offset & BLOCK_MASK;
    block[at] = length;
    block.set(this.#key.subarray(0, length), at + 1);
    this.#end += length + 1;
    return offset;
  }

  /** FNV-1a with a final mix, because the upper bits choose the table and the lower ones the slot. */
  #hash(bytes: Uint8Array, from: number, length: number): number {
    let hash = 0x811c9dc5;
    for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x7feb352d);
    hash ^= hash >>> 15;
    return hash >>> 0;
  }

  #tableOf(hash: number): Table {
    const table = this.#tables[hash >>> (32 - TABLE_BITS)];
    if (table === undefined) throw new RangeError('there is no such table');
    return table;
  }

  /** The slot that holds `#key`, or the free one where it belongs. */
  #slot(slots: Uint32Array, hash: number, length: number): number {
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = slots[slot] ?? 0;
      if (entry === 0 || this.#isKey(entry - 1, length)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isKey(number: number, length: number): boolean {
    const offset = this.#offsets.get(number);
    const block = this.#blocks[offset >>> BLOCK_BITS];
    const at = offset & BLOCK_MASK;
    if (block === undefined || block[at] !== length) return false;
    for (let i = 0; i < length; i++) if (block[at + 1 + i] !== this.#key[i]) return false;
    return true;
  }

  #grow(table: Table): void {
    const larger = new Uint32Array(table.slots.length * 2);
    const mask = larger.length - 1;
    for (const entry of table.slots) {
      if (entry === 0) continue;
      const offset = this.#offsets.get(entry - 1);
      const block = this.#blocks[offset >>> BLOCK_BITS] ?? this.#key;
      const at = offset & BLOCK_MASK;
      let slot = this.#hash(block, at + 1, block[at] ?? 0) & mask;
      while (larger[slot] !== 0) slot = (slot + 1) & mask;
      larger[slot] = entry;
    }
    table.slots = larger;
  }
}
