/** Writes a protocol buffer from its end to its start, so that the length of a nested message is known when due. */

const FIRST_BYTES = 4096;
const VARINT_BYTES = 10;

export class ReverseWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = FIRST_BYTES;

  /** Bytes written so far; what was written since tells a nested message's length. */
  get written(): number {
    return this.#buffer.length - this.#at;
  }

  /** The field of what has been written since `since` was `written`: text, bytes or a message. */
  lengthOf(field: number, since: number): void {
    this.#varint(this.written - since);
    this.#varint(field * 8 + 2);
  }

  bytes(field: number, value: Uint8Array): void {
    const since = this.written;
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
    this.lengthOf(field, since);
  }

  text(field: number, value: string): void {
    const since = this.written;
    const length = Buffer.byteLength(value);
    this.#reserve(length);
    this.#at -= length;
    this.#buffer.write(value, this.#at);
    this.lengthOf(field, since);
  }

  /** An integer of up to 64 bits; a negative one as its two's complement. */
  integer(field: number, value: number | bigint): void {
    if (typeof value === 'bigint') this.#bigVarint(BigInt.asUintN(64, value));
    else this.#varint(value);
    this.#varint(field * 8);
  }

  /** A copy of all that was written. */
  finish(): Buffer {
    return Buffer.from(this.#buffer.subarray(this.#at));
  }

  clear(): void {
    this.#at = this.#buffer.length;
  }

  #varint(value: number): void {
    let length = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
    this.#reserve(length);
    this.#at -= length;
    let rest = value;
    for (let index = 0; index < length; index++) {
      this.#buffer[this.#at + index] = (rest % 128) + (index < length - 1 ? 128 : 0);
      rest = Math.floor(rest / 128);
    }
  }

  #bigVarint(value: bigint): void {
    const digits: number[] = [];
    let rest = value;
    do {
      digits.push(Number(rest & 127n));
      rest >>= 7n;
    } while (rest > 0n);
    this.#reserve(digits.length);
    this.#at -= digits.length;
    for (const [index, digit] of digits.entries())
      this.#buffer[this.#at + index] = digit + (index < digits.length - 1 ? 128 : 0);
  }

  #reserve(bytes: number): void {
    if (this.#at >= bytes + VARINT_BYTES) return;
    const written = this.#buffer.subarray(this.#at);
    const bigger = Buffer.allocUnsafe(2 * (this.#buffer.length + bytes));
    bigger.set(written, bigger.length - written.length);
    this.#at = bigger.length - written.length;
    this.#buffer = bigger;
  }
}
