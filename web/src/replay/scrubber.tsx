/** The whole campaign as one curve, and a handle on it. */
import type { KeyboardEvent, PointerEvent } from 'react';
import { time } from '../lib/format.ts';
import type { Series } from './use-replay.ts';

const SPEEDS = [1, 10, 100, 1000] as const;
const WIDTH = 1000;
const HEIGHT = 64;

interface ScrubberProps {
  readonly series: Series;
  readonly now: number;
  readonly speed: number;
  readonly onGo: (to: number) => void;
  readonly onPlay: (speed: number) => void;
}

/** Area under a running total. */
function areaOf(values: readonly number[], most: number): string {
  const x = (i: number): string => ((i / Math.max(1, values.length - 1)) * WIDTH).toFixed(1);
  const y = (value: number): string => (HEIGHT - (most === 0 ? 0 : value / most) * (HEIGHT - 2)).toFixed(1);
  return `M0,${HEIGHT} ${values.map((value, i) => `L${x(i)},${y(value)}`).join(' ')} L${WIDTH},${HEIGHT} Z`;
}

export function Scrubber({ series, now, speed, onGo, onPlay }: ScrubberProps) {
  const first = Date.parse(series.from);
  const last = Date.parse(series.to);
  const { points } = series;
  const most = Math.max(1, ...points.map(({ targets }) => targets));
  const at = ((now - first) / (last - first)) * WIDTH;
  const point = (event: PointerEvent<SVGSVGElement>): void => {
    if (event.buttons !== 1) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onGo(first + ((event.clientX - left) / width) * (last - first));
  };
  return (
    <div className="stack">
      <svg
        className="scrub-curve"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        onPointerDown={point}
        onPointerMove={point}
      >
        <rect width={WIDTH} height={HEIGHT} fill="var(--sunken)" />
        <path
          d={areaOf(
            points.map(({ targets, pending }) => targets - pending),
            most,
          )}
          fill="var(--idle)"
        />
        <path
          d={areaOf(
            points.map(({ succeeded, failed }) => succeeded + failed),
            most,
          )}
          fill="var(--good)"
        />
        <path
          d={areaOf(
            points.map(({ failed }) => failed),
            most,
          )}
          fill="var(--bad-fill)"
        />
        <line
          x1={at}
          x2={at}
          y2={HEIGHT}
          stroke="var(--ink)"
          strokeWidth="2"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <div className="scrub">
        <fieldset className="row">
          <legend className="visually-hidden">Play</legend>
          <button type="button" className="button" aria-pressed={speed === 0} onClick={() => onPlay(0)}>
            ❚❚<span className="visually-hidden">Stop</span>
          </button>
          {SPEEDS.map((one) => (
            <button
              key={one}
              type="button"
              className="button"
              aria-pressed={speed === one}
              onClick={() => onPlay(one)}
            >
              {one}×
            </button>
          ))}
        </fieldset>
        <Range first={first} last={last} now={now} onGo={onGo} />
        <output>{time(now)}</output>
      </div>
    </div>
  );
}

const STEPS = 1000;

interface RangeProps {
  readonly first: number;
  readonly last: number;
  readonly now: number;
  readonly onGo: (to: number) => void;
}

function Range({ first, last, now, onGo }: RangeProps) {
  const step = (last - first) / STEPS;
  const onKey = (event: KeyboardEvent): void => {
    const by = event.key === 'PageDown' ? -20 : event.key === 'PageUp' ? 20 : 0;
    if (by === 0) return;
    event.preventDefault();
    onGo(now + by * step);
  };
  return (
    <input
      type="range"
      aria-label="Moment of the campaign"
      aria-valuetext={time(now)}
      min={0}
      max={STEPS}
      value={Math.round((now - first) / step)}
      onChange={(event) => onGo(first + Number(event.target.value) * step)}
      onKeyDown={onKey}
    />
  );
}
