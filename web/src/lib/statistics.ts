/** How sure a rate is. */

export interface Interval {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

const Z = 1.96;

/** Wilson's interval at 95 %: honest for few vehicles and for rates near 0 and 1, where others are not. */
export function wilson(hits: number, of: number): Interval {
  if (of <= 0) return { rate: 0, low: 0, high: 1 };
  const rate = hits / of;
  const z2 = Z * Z;
  const center = (rate + z2 / (2 * of)) / (1 + z2 / of);
  const half = (Z / (1 + z2 / of)) * Math.sqrt((rate * (1 - rate)) / of + z2 / (4 * of * of));
  return { rate, low: Math.max(0, center - half), high: Math.min(1, center + half) };
}

export type Verdict = 'none' | 'unsure' | 'fine' | 'high' | 'bad';

/** Fewer than this are an anecdote. */
const FEW = 10;
/** An interval wider than this says little. */
const WIDE = 0.3;

/** `bad` only when even the low end of the interval is above the limit: a person may act on that one. */
export function judge({ rate, low, high }: Interval, of: number, limit: number): Verdict {
  if (of === 0) return 'none';
  if (low > limit) return 'bad';
  if (of < FEW || high - low > WIDE) return 'unsure';
  return rate > limit ? 'high' : 'fine';
}
