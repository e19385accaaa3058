/** Settled vehicles a minute, over what is known. */
import { clock, compact } from '../lib/format.ts';
import type { Sample } from '../lib/progress.ts';

const WIDTH = 600;
const HEIGHT = 168;
const LEFT = 34;
const BOTTOM = 20;
const FEWEST = 12;
const MOST = 40;
/** Samples come every two seconds: a bar is wider than that. */
const LEAST_MS = 5000;

interface Bucket {
  readonly from: number;
  readonly good: number;
  readonly bad: number;
}

/** Differences between samples, in equal spans of time, as vehicles per minute. */
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
    const bucket = sums[Math.min(bars - 1, Math.floor((now.at - from) / size))];
    if (bucket === undefined) continue;
    bucket.good += Math.max(0, now.succeeded - before.succeeded);
    bucket.bad += Math.max(0, now.failed - before.failed);
  }
  const perMinute = 60_000 / size;
  return sums.map(({ from: at, good, bad }) => ({ from: at, good: good * perMinute, bad: bad * perMinute }));
}

export const BUCKET_HEAD = ['From', 'Succeeded a minute', 'Failed a minute'];

export const bucketRows = (samples: readonly Sample[]) =>
  bucketsOf(samples).map(({ from, good, bad }) => [new Date(from).toISOString(), good, bad]);

/** The next round number, so that the scale stays where it is while the curve moves. */
export function roundUp(value: number): number {
  if (value <= 5) return 5;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}

interface ThroughputProps {
  readonly samples: readonly Sample[];
  /** What the right end is called. */
  readonly until: string;
}

export function Throughput({ samples, until }: ThroughputProps) {
  const buckets = bucketsOf(samples);
  const top = roundUp(Math.max(0, ...buckets.map(({ good, bad }) => good + bad)));
  const y = (value: number): number => (HEIGHT - BOTTOM) * (1 - value / top) + 4;
  const step = (WIDTH - LEFT) / Math.max(1, buckets.length);
  const newest = buckets.at(-1);
  const label = `Settled vehicles a minute; now ${newest === undefined ? 0 : Math.round(newest.good + newest.bad)}`;
  return (
    <svg className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {[0, 0.5, 1].map((share) => (
        <g key={share}>
          <line className="grid" x1={LEFT} x2={WIDTH} y1={y(share * top)} y2={y(share * top)} />
          <text x={LEFT - 6} y={y(share * top) + 4} textAnchor="end">
            {compact(share * top)}
          </text>
        </g>
      ))}
      {buckets.map(({ from, good, bad }, i) => (
        <g key={from}>
          <rect
            x={LEFT + i * step + 1}
            y={y(good)}
            width={step - 2}
            height={y(0) - y(good)}
            fill="var(--good)"
          >
            <title>{clock(from)}</title>
          </rect>
          <rect
            x={LEFT + i * step + 1}
            y={y(good + bad)}
            width={step - 2}
            height={y(good) - y(good + bad)}
            fill="var(--bad-fill)"
          />
        </g>
      ))}
      {buckets[0] === undefined ? null : (
        <>
          <text x={LEFT} y={HEIGHT - 2}>
            {clock(buckets[0].from)}
          </text>
          <text x={WIDTH} y={HEIGHT - 2} textAnchor="end">
            {until}
          </text>
        </>
      )}
    </svg>
  );
}
