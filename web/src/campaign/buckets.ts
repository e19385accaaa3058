/** Throughput from what was seen of a campaign: differences between samples, in equal spans of time. Pure. */
import type { Sample } from '../lib/progress.ts';

const FEWEST = 12;
const MOST = 40;
/** Samples come every two seconds: a bar is wider than that. */
const LEAST_MS = 5000;

interface Bucket {
  readonly from: number;
  readonly good: number;
  readonly bad: number;
}

/** Vehicles per minute, in bars of equal length that end with the newest sample. */
export function bucketsOf(samples: readonly Sample[]): readonly Bucket[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  const bars = Math.min(MOST, Math.max(FEWEST, Math.floor((last.at - first.at) / LEAST_MS)));
  const span = Math.max(bars * LEAST_MS, last.at - first.at);
  const from = last.at - span;
  const size = span / bars;
  const sums = Array.from({ length: bars }, (_, i) => ({ from: from + i * size, good: 0, bad: 0 }));
  for (let i = 1; i < samples.length; i++) {
    const [before, now] = [samples[i - 1], samples[i]];
    if (before === undefined || now === undefined) continue;
    const length = now.at - before.at;
    const at = (time: number): number => Math.min(bars - 1, Math.max(0, Math.floor((time - from) / size)));
    // What came while nothing was heard came over that time, and not at its end.
    for (let index = at(before.at); index <= at(now.at); index++) {
      const bucket = sums[index];
      if (bucket === undefined) continue;
      const inside = Math.min(now.at, bucket.from + size) - Math.max(before.at, bucket.from);
      const share = length <= 0 ? (index === at(now.at) ? 1 : 0) : Math.max(0, inside) / length;
      bucket.good += share * Math.max(0, now.succeeded - before.succeeded);
      bucket.bad += share * Math.max(0, now.failed - before.failed);
    }
  }
  const perMinute = 60_000 / size;
  return sums.map(({ from: at, good, bad }) => ({ from: at, good: good * perMinute, bad: bad * perMinute }));
}

/** Without the time after the last vehicle has settled: there is nothing to see in it. */
export function untilSettled(samples: readonly Sample[]): readonly Sample[] {
  const last = samples.at(-1);
  const end = samples.findIndex(
    ({ succeeded, failed, settled }) =>
      succeeded === last?.succeeded && failed === last.failed && settled === last.settled,
  );
  return samples.slice(0, end + 1);
}

export const BUCKET_HEAD = ['From', 'Succeeded a minute', 'Failed a minute'];

export const bucketRows = (samples: readonly Sample[]) =>
  bucketsOf(samples).map(({ from, good, bad }) => [
    new Date(from).toISOString(),
    Math.round(10 * good) / 10,
    Math.round(10 * bad) / 10,
  ]);

/** The next round number, so that the scale stays where it is while the curve moves. */
export function roundUp(value: number): number {
  if (value <= 5) return 5;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}
