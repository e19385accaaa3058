/** Which vehicle is in which wave, and in which order: decided by a hash, so that it is fair and can be repeated. */
import type { WavePlan } from './policy.ts';

export interface WaveAssignment {
  /** Index of the vehicle at each rank, rank 0 first. */
  readonly order: Uint32Array;
  /** Targets of each wave, wave 1 first: wave 1 is ranks `0..waves[0]-1`, and so on. */
  readonly waves: readonly number[];
}

interface Seed {
  readonly a: number;
  readonly b: number;
}

/** Mixes characters (UTF-16 units) into two 32-bit lanes with different multipliers. */
function mix(text: string, seed: Seed): Seed {
  let { a, b } = seed;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
    a ^= b >>> 15;
  }
  return { a, b };
}

/** The finalizer of murmur3: every input bit reaches every output bit. */
function finish(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const seedOf = (campaignId: string): Seed => mix(`${campaignId}/`, { a: 0xdeadbeef | 0, b: 0x41c6ce57 | 0 });

/** The 64 bits that order a campaign's vehicles, as two unsigned 32-bit numbers, the higher first. */
export function orderHash(campaignId: string, vehicleId: string): readonly [number, number] {
  const { a, b } = mix(vehicleId, seedOf(campaignId));
  return [finish(a ^ (b >>> 7)), finish(b ^ (a << 9))];
}

/**
 * Targets of each wave. A size in vehicles takes that many while there are some; percentages are of all targets
 * and rounded on their running sum, so that they neither lose nor add one; the last wave takes what is left.
 */
export function waveSizes(targets: number, waves: readonly Pick<WavePlan, 'size'>[]): number[] {
  let taken = 0;
  let exact = 0;
  return waves.map(({ size }, index) => {
    if ('percent' in size) exact += (size.percent / 100) * targets;
    else if ('vehicles' in size) exact += size.vehicles;
    const end = index === waves.length - 1 ? targets : Math.min(targets, Math.max(taken, Math.round(exact)));
    const count = end - taken;
    taken = end;
    return count;
  });
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Orders vehicles by hash and cuts the order into waves. The same vehicles give the same order whatever order
 * they come in. Ids must be unique. Some 10 million vehicles fit in 200 MB.
 */
export function planWaves(
  campaignId: string,
  vehicleIds: readonly string[],
  waves: readonly Pick<WavePlan, 'size'>[],
): WaveAssignment {
  const count = vehicleIds.length;
  const seed = seedOf(campaignId);
  // High half: 32 bits of the hash. Low half: the index. So a numeric sort needs no callback.
  const keys = new BigUint64Array(count);
  const halves = new Uint32Array(keys.buffer);
  const second = new Uint32Array(count);
  const [low, high] = LITTLE_ENDIAN ? [0, 1] : [1, 0];
  for (let i = 0; i < count; i++) {
    const { a, b } = mix(vehicleIds[i] ?? '', seed);
    halves[2 * i + high] = finish(a ^ (b >>> 7));
    halves[2 * i + low] = i;
    second[i] = finish(b ^ (a << 9));
  }
  keys.sort();
  const order = new Uint32Array(count);
  for (let rank = 0; rank < count; rank++) order[rank] = halves[2 * rank + low] ?? 0;
  const after = (x: number, y: number): number =>
    (second[x] ?? 0) - (second[y] ?? 0) || ((vehicleIds[x] ?? '') < (vehicleIds[y] ?? '') ? -1 : 1);
  for (let rank = 0; rank < count; ) {
    let end = rank + 1;
    while (end < count && halves[2 * end + high] === halves[2 * rank + high]) end++;
    if (end - rank > 1) order.subarray(rank, end).sort(after);
    rank = end;
  }
  return { order, waves: waveSizes(count, waves) };
}
