/** Stacked areas of vehicles by version; a moment of it can be pointed at, or gone to with the keyboard. */
import type { PointerEvent } from 'react';
import { clock, compact, count, day, minute, time } from '../lib/format.ts';
import { type Band, nearest, topOf } from './bands.ts';

const WIDTH = 1000;
const HEIGHT = 220;
const TICKS = 4;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** A campaign that brought the version. */
export interface Mark {
  readonly id: string;
  readonly title: string;
  readonly at: number;
}

interface ChartProps {
  readonly instants: readonly number[];
  readonly bands: readonly Band[];
  readonly marks: readonly Mark[];
  /** Number of the instant that is looked at. */
  readonly moment: number;
  /** Null = now again. */
  readonly onMoment: (moment: number | null) => void;
}

export const classOf = (band: Band, n: number): string => (band.own ? 'own' : `other-${n}`);

/** Only as exact as the time that is shown. */
const tickText = (at: number, span: number): string =>
  span > 2 * DAY_MS ? day(at) : span > 10 * MINUTE_MS ? minute(at) : clock(at);

/** What a screen reader says of a moment: all of it is in the table. */
const saidOf = (at: number, bands: readonly Band[], moment: number): string =>
  [
    time(at),
    ...bands.slice(0, 2).map(({ name, vehicles }) => `${name}: ${count(vehicles[moment] ?? 0)}`),
  ].join(', ');

export function InstalledBaseChart({ instants, bands, marks, moment, onMoment }: ChartProps) {
  const [first = 0, last = 0] = [instants[0], instants.at(-1)];
  const span = Math.max(1, last - first);
  const x = (at: number): number => ((at - first) / span) * WIDTH;
  const sums = instants.map((_, n) => bands.reduce((sum, { vehicles }) => sum + (vehicles[n] ?? 0), 0));
  const top = topOf(sums.reduce((most, one) => Math.max(most, one), 0));
  const point = (event: PointerEvent<SVGSVGElement>): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onMoment(nearest(instants, first + ((event.clientX - left) / width) * span));
  };
  const at = instants[moment] ?? last;
  return (
    <div className="installed-chart">
      <div className="scale" aria-hidden="true">
        {[1, 0.5, 0].map((share) => (
          <span key={share}>{compact(share * top)}</span>
        ))}
      </div>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={({ pointerType }) => pointerType === 'mouse' && onMoment(null)}
      >
        <Areas instants={instants} bands={bands} top={top} x={x} />
        {[0, 0.5].map((share) => (
          <line key={share} className="grid" x2={WIDTH} y1={share * HEIGHT} y2={share * HEIGHT} />
        ))}
        {marks.map((mark) => (
          <line key={mark.id} className="mark" x1={x(mark.at)} x2={x(mark.at)} y2={HEIGHT} />
        ))}
        <line className="moment" x1={x(at)} x2={x(at)} y2={HEIGHT} />
      </svg>
      <input
        type="range"
        aria-label="Moment of the installed base"
        aria-valuetext={saidOf(at, bands, moment)}
        min={0}
        max={Math.max(0, instants.length - 1)}
        value={moment}
        onChange={(event) => onMoment(Number(event.target.value))}
      />
      <div className="ticks" aria-hidden="true">
        {Array.from({ length: TICKS }, (_, n) => first + (span * n) / (TICKS - 1)).map((tick) => (
          <span key={tick}>{tickText(tick, span)}</span>
        ))}
      </div>
    </div>
  );
}

interface AreasProps {
  readonly instants: readonly number[];
  readonly bands: readonly Band[];
  readonly top: number;
  readonly x: (at: number) => number;
}

/** Each area lies on those before it. */
function Areas({ instants, bands, top, x }: AreasProps) {
  const below = instants.map(() => 0);
  const corner = (n: number): string =>
    `${x(instants[n] ?? 0).toFixed(1)},${(HEIGHT * (1 - (below[n] ?? 0) / top)).toFixed(1)}`;
  return bands.map((band, number) => {
    const lower = instants.map((_, n) => corner(n)).reverse();
    for (const n of instants.keys()) below[n] = (below[n] ?? 0) + (band.vehicles[n] ?? 0);
    const upper = instants.map((_, n) => corner(n));
    return (
      <path
        key={band.name}
        className={classOf(band, number)}
        d={`M${upper.join(' L')} L${lower.join(' L')} Z`}
      />
    );
  });
}
