/** Settled vehicles a minute, over what is known. */
import { useRef } from 'react';
import { clock, compact } from '../lib/format.ts';
import type { Sample } from '../lib/progress.ts';
import { useBox } from '../map/use-box.ts';
import { bucketsOf, roundUp } from './buckets.ts';

/** Until it is known how wide it is. */
const WIDTH = 600;
const HEIGHT = 168;
const LEFT = 34;
const BOTTOM = 20;
interface ThroughputProps {
  readonly samples: readonly Sample[];
  /** What the right end is called. */
  readonly until: string;
}

export function Throughput({ samples, until }: ThroughputProps) {
  const frame = useRef<HTMLDivElement>(null);
  // Drawn as wide as it stands there: scaled, its letters would be too small on a phone.
  const width = useBox(frame).width || WIDTH;
  const buckets = bucketsOf(samples);
  const top = roundUp(Math.max(0, ...buckets.map(({ good, bad }) => good + bad)));
  const y = (value: number): number => (HEIGHT - BOTTOM) * (1 - value / top) + 4;
  const step = (width - LEFT) / Math.max(1, buckets.length);
  const newest = buckets.at(-1);
  const label = `Settled vehicles a minute; now ${newest === undefined ? 0 : Math.round(newest.good + newest.bad)}`;
  return (
    <div ref={frame}>
      <svg className="chart" viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line className="grid" x1={LEFT} x2={width} y1={y(share * top)} y2={y(share * top)} />
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
            <text x={width} y={HEIGHT - 2} textAnchor="end">
              {until}
            </text>
          </>
        )}
      </svg>
    </div>
  );
}
