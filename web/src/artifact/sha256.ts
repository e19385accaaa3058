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
const K = Uint32Array.from(firstPrimes(64), (prime) => fraction(Math.cbrt(prime)));
const START = Uint32Array.from(firstPrimes(8), (prime) => fraction(Math.sqrt(prime)));
const BLOCK = 64;

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

function compress(state: Uint32Array, words: Uint32Array, block: DataView, at: number): void {
  const w = (i: number): number => words[i] ?? 0;
  for (let i = 0; i < 16; i++) words[i] = block.getUint32(at + i * 4);
  for (let i = 16; i < 64; i++) {
    const s0 = rotate(w(i - 15), 7) ^ rotate(w(i - 15), 18) ^ (w(i - 15) >>> 3);
    const s1 = rotate(w(i - 2), 17) ^ rotate(w(i - 2), 19) ^ (w(i - 2) >>> 10);
    words[i] = w(i - 16) + s0 + w(i - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] ?? 0) + w(i)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] = (state[i] ?? 0) + value;
  });
}

export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Ends it: nothing can be added after. */
  digest(): Uint8Array;
}

export function sha256(): Sha256 {
  const state = START.slice();
  const words = new Uint32Array(64);
  const rest = new Uint8Array(BLOCK);
  const restView = new DataView(rest.buffer);
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
      compress(state, words, restView, 0);
      held = 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + BLOCK <= bytes.length; at += BLOCK) compress(state, words, view, at);
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
