/** Columns of numbers that grow: one value per vehicle in chunks, one per configuration in one piece. */

const CHUNK_BITS = 16;
/** Vehicles per chunk: growing by a chunk copies nothing. */
export const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SIZE - 1;

export type ColumnArray = Uint32Array | Uint16Array;

/** One number per vehicle; 0 where nothing was set. */
export class VehicleColumn<Chunk extends ColumnArray> {
  readonly #make: (length: number) => Chunk;
  readonly #chunks: Chunk[] = [];

  constructor(make: (length: number) => Chunk) {
    this.#make = make;
  }

  get(vehicle: number): number {
    return this.#chunks[vehicle >>> CHUNK_BITS]?.[vehicle & CHUNK_MASK] ?? 0;
  }

  set(vehicle: number, value: number): void {
    const index = vehicle >>> CHUNK_BITS;
    while (this.#chunks.length <= index) this.#chunks.push(this.#make(CHUNK_SIZE));
    const chunk = this.#chunks[index];
    if (chunk !== undefined) chunk[vehicle & CHUNK_MASK] = value;
  }

  /** In order of vehicles; the last one has zeros behind the last vehicle. */
  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }
}

type PlainArray = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** One number per configuration, of which there are few: kept in one piece that doubles. */
export class GrowingArray<Values extends PlainArray> {
  readonly #make: (length: number) => Values;
  #values: Values;

  constructor(make: (length: number) => Values) {
    this.#make = make;
    this.#values = make(1024);
  }

  /** Room for this index; the array that is given back is the one to use until the next call. */
  upTo(index: number): Values {
    if (index < this.#values.length) return this.#values;
    const larger = this.#make(Math.max(index + 1, this.#values.length * 2));
    larger.set(this.#values);
    this.#values = larger;
    return larger;
  }

  get values(): Values {
    return this.#values;
  }
}

/** A set of vehicles: one bit each. */
export class VehicleSet {
  readonly #bits: Uint32Array;

  constructor(vehicles: number) {
    this.#bits = new Uint32Array((vehicles >>> 5) + 1);
  }

  add(vehicle: number): void {
    const word = vehicle >>> 5;
    if (word < this.#bits.length) this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (vehicle & 31));
  }

  has(vehicle: number): boolean {
    return ((this.#bits[vehicle >>> 5] ?? 0) & (1 << (vehicle & 31))) !== 0;
  }
}

/** Values numbered from 0 in the order in which they came. */
export class Interner<Value> {
  readonly #numbers = new Map<string, number>();
  readonly #values: Value[] = [];

  /** `make` is only called for a key that is new. */
  intern(key: string, make: () => Value): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#values.length;
    this.#values.push(make());
    this.#numbers.set(key, number);
    return number;
  }

  /** @throws RangeError for a number that was never given. */
  get(number: number): Value {
    const value = this.#values[number];
    if (value === undefined) throw new RangeError(`nothing has the number ${number}`);
    return value;
  }

  get size(): number {
    return this.#values.length;
  }
}
