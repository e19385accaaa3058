/** 95 % of a normal distribution lie within so many standard deviations. */
const Z = 1.96;

/** Wilson's interval at 95 % of a share: honest for few vehicles and for shares near 0 and 1. From 0 to 1. */
export function wilson(hits: number, of: number): { readonly low: number; readonly high: number } {
  if (of <= 0) return { low: 0, high: 1 };
  const rate = hits / of;
  const z2 = Z * Z;
  const center = (rate + z2 / (2 * of)) / (1 + z2 / of);
  const half = (Z / (1 + z2 / of)) * Math.sqrt((rate * (1 - rate)) / of + z2 / (4 * of * of));
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) };
}
