/** Repeatable chance: everything a simulated vehicle does by chance comes from the seed and its index. */

/** A well-mixed 32-bit hash of a seed, an index and a label (FNV-1a, then the finalizer of MurmurHash3). */
export function hash32(seed: number, index: number, label: string): number {
  let h = 0x811c9dc5;
  const mix = (value: number): void => {
    h = Math.imul(h ^ (value & 0xff), 0x01000193);
  };
  for (let shift = 0; shift < 32; shift += 8) mix(seed >>> shift);
  for (let shift = 0; shift < 32; shift += 8) mix(index >>> shift);
  for (let i = 0; i < label.length; i++) mix(label.charCodeAt(i));
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [0, 1) for one purpose of one vehicle. */
export const fraction = (seed: number, index: number, label: string): number =>
  hash32(seed, index, label) / 2 ** 32;

export type Random = () => number;

/** A sequence of numbers in [0, 1) (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
