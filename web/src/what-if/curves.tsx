/** One count over time, on record and calculated, with where it was and would have been paused. */
import type { WhatIf } from '../../../src/api/what-if/schemas.ts';
import { roundUp } from '../campaign/buckets.ts';
import { clock, compact, count, minute, time } from '../lib/format.ts';

const WIDTH = 600;
const HEIGHT = 150;
const LEFT = 40;
const TOP = 6;
const BOTTOM = 20;
const SHORT_MS = 3_600_000;
const LONG_MS = 12 * 3_600_000;

type Measure = 'failed' | 'succeeded';

interface CurveProps {
  readonly answer: WhatIf;
  readonly measure: Measure;
  readonly title: string;
}

export function Curve({ answer, measure, title }: CurveProps) {
  const { points } = answer.series;
  const first = Date.parse(points[0]?.at ?? answer.startedAt);
  const last = Math.max(first + 1, Date.parse(points.at(-1)?.at ?? answer.startedAt));
  const values = points.flatMap(({ recorded, calculated }) => [
    recorded?.[measure] ?? 0,
    calculated[measure],
  ]);
  const top = roundUp(Math.max(0, ...values));
  const x = (at: number): number => LEFT + ((at - first) / (last - first)) * (WIDTH - LEFT);
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const line = (of: (point: WhatIf['series']['points'][number]) => number | null): string =>
    points
      .flatMap((point) => {
        const value = of(point);
        return value === null ? [] : [`${x(Date.parse(point.at)).toFixed(1)},${y(value).toFixed(1)}`];
      })
      .join(' ');
  // Seconds say nothing of a campaign of days, and much of one of minutes.
  const label = last - first < SHORT_MS ? clock : last - first < LONG_MS ? minute : time;
  const { recorded, calculated } = answer;
  const told = `${title}: ${count(recorded.totals[measure])} on record, ${count(calculated.totals[measure])} by calculation`;
  return (
    <svg
      className={`chart what-if-curve ${measure}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={told}
    >
      {[0, 0.5, 1].map((share) => (
        <g key={share}>
          <line className="grid" x1={LEFT} x2={WIDTH} y1={y(share * top)} y2={y(share * top)} />
          <text x={LEFT - 6} y={y(share * top) + 4} textAnchor="end">
            {compact(share * top)}
          </text>
        </g>
      ))}
      {recorded.stops.map(({ at }) => (
        <Mark key={at} x={x(Date.parse(at))} name="recorded" at={at} />
      ))}
      {calculated.stops.map(({ at }) => (
        <Mark key={at} x={x(Date.parse(at))} name="calculated" at={at} />
      ))}
      <polyline className="recorded" points={line((point) => point.recorded?.[measure] ?? null)} />
      <polyline className="calculated" points={line((point) => point.calculated[measure])} />
      <text x={LEFT} y={HEIGHT - 3}>
        {label(first)}
      </text>
      <text x={WIDTH} y={HEIGHT - 3} textAnchor="end">
        {label(last)}
      </text>
    </svg>
  );
}

interface MarkProps {
  readonly x: number;
  readonly name: 'recorded' | 'calculated';
  readonly at: string;
}

function Mark({ x, name, at }: MarkProps) {
  return (
    <line className={`mark ${name}`} x1={x} x2={x} y1={TOP} y2={HEIGHT - BOTTOM}>
      <title>{`Paused ${time(at)} (${name})`}</title>
    </line>
  );
}
