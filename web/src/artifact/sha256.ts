/**
 * SHA-256 (FIPS 180-4) piece by piece. The browser's own takes a whole file at once, and not without TLS; a test
 * compares the two implementations.
 */

const firstPrimes = (count: number): readonly number[] => {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
};
const fraction = (value: number): number => ((value - Math.floor(value)) * 2 ** 32) >>> 0;
const K = Int32Array.from(firstPrimes(64), (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(firstPrimes(8), (prime) => fraction(Math.sqrt(prime)));
const BLOCK = 64;

/** What is read here is always there; asking each time would halve the speed. */
const get = (array: Int32Array, i: number): number => array[i] as number;
const swapped = (array: Uint8Array, at: number): number =>
  ((array[at] as number) << 24) |
  ((array[at + 1] as number) << 16) |
  ((array[at + 2] as number) << 8) |
  (array[at + 3] as number);

/** Files have gigabytes: everything here stays a 32-bit integer, which is what makes it fast. */
function compress(state: Int32Array, w: Int32Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = swapped(bytes, at + i * 4);
  for (let i = 16; i < 64; i++) {
    const x = get(w, i - 15);
    const y = get(w, i - 2);
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (get(w, i - 16) + s0 + get(w, i - 7) + s1) | 0;
  }
  let a = get(state, 0);
  let b = get(state, 1);
  let c = get(state, 2);
  let d = get(state, 3);
  let e = get(state, 4);
  let f = get(state, 5);
  let g = get(state, 6);
  let h = get(state, 7);
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + get(K, i) + get(w, i)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = get(state, 0) + a;
  state[1] = get(state, 1) + b;
  state[2] = get(state, 2) + c;
  state[3] = get(state, 3) + d;
  state[4] = get(state, 4) + e;
  state[5] = get(state, 5) + f;
  state[6] = get(state, 6) + g;
  state[7] = get(state, 7) + h;
}

export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Ends it: nothing can be added after. */
  digest(): Uint8Array;
}

export function sha256(): Sha256 {
  const state = START.slice();
  const words = new Int32Array(64);
  const rest = new Uint8Array(BLOCK);
  let held = 0;
  let length = 0;
  const update = (bytes: Uint8Array): void => {
    length += bytes.length;
    let at = 0;
    if (held > 0) {
      const taken = Math.min(BLOCK - held, bytes.length);
      rest.set(bytes.subarray(0, taken), held);
      held += taken;
      at = taken;
      if (held < BLOCK) return;
      compress(state, words, rest, 0);
      held = 0;
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) compress(state, words, bytes, at);
    rest.set(bytes.subarray(at));
    held = bytes.length - at;
  };
  const digest = (): Uint8Array => {
    const bits = length * 8;
    const padding = new Uint8Array((held < 56 ? 56 : 120) - held);
    padding[0] = 0x80;
    update(padding);
    const end = new DataView(new ArrayBuffer(8));
    end.setUint32(0, Math.floor(bits / 2 ** 32));
    end.setUint32(4, bits >>> 0);
    update(new Uint8Array(end.buffer));
    const result = new DataView(new ArrayBuffer(32));
    state.forEach((value, i) => {
      result.setUint32(i * 4, value);
    });
    return new Uint8Array(result.buffer);
  };
  return { update, digest };
}
