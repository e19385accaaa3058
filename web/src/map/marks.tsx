/** The circles of a map: one stop of the tabulator, then the arrow keys. */
import { type KeyboardEvent, useId, useState } from 'react';
import type { Circle, Side } from './places.ts';

/** How one country is drawn and told. */
export interface Mark {
  readonly code: string;
  /** Vehicles: the area of its circle. */
  readonly size: number;
  /** Beside the circle, after the code: a few characters. */
  readonly figure: string;
  /** All there is to say about it. */
  readonly text: string;
  readonly fill: string;
  /** From 0 to 1. */
  readonly opacity: number;
  readonly tone: 'bad' | 'unsure' | 'plain';
}

interface MarksProps {
  readonly marks: readonly Mark[];
  readonly drawing: { readonly circles: readonly Circle[]; readonly sides: readonly (Side | null)[] };
  readonly near: string;
  readonly onNear: (code: string) => void;
  readonly onTell: (code: string | null) => void;
}

const STEPS: Readonly<Record<string, 'next' | 'before'>> = {
  ArrowRight: 'next',
  ArrowDown: 'next',
  ArrowLeft: 'before',
  ArrowUp: 'before',
};

export function Marks({ marks, drawing: { circles, sides }, near, onNear, onTell }: MarksProps) {
  const hatch = useId();
  const [at, setAt] = useState('');
  const current = marks.some(({ code }) => code === at) ? at : marks[0]?.code;
  const onKey = (event: KeyboardEvent<SVGGElement>, code: string): void => {
    const step = STEPS[event.key];
    if (event.key === 'Enter' || event.key === ' ') onNear(near === code ? '' : code);
    else if (event.key === 'Escape' && near !== '') onNear('');
    else if (step !== undefined) {
      const { nextElementSibling, previousElementSibling } = event.currentTarget;
      const to = step === 'next' ? nextElementSibling : previousElementSibling;
      if (to instanceof SVGElement) to.focus();
    } else return;
    event.preventDefault();
  };
  return (
    <>
      <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="2" height="6" fill="var(--card)" />
      </pattern>
      <g>
        {marks.map((mark, i) => {
          const [circle, side] = [circles[i], sides[i] ?? null];
          if (circle === undefined) return null;
          return (
            <g
              key={mark.code}
              className={`mark ${mark.tone}`}
              role="button"
              tabIndex={mark.code === current ? 0 : -1}
              aria-label={`${mark.code} ${mark.figure}: ${mark.text}`}
              aria-pressed={mark.code === near}
              onClick={() => onNear(near === mark.code ? '' : mark.code)}
              onKeyDown={(event) => onKey(event, mark.code)}
              onFocus={() => {
                setAt(mark.code);
                onTell(mark.code);
              }}
              onBlur={() => onTell(null)}
              onPointerEnter={() => onTell(mark.code)}
              onPointerLeave={() => onTell(null)}
            >
              <Disc mark={mark} circle={circle} hatch={hatch} />
              {side === null ? null : <Name mark={mark} circle={circle} side={side} />}
            </g>
          );
        })}
      </g>
      <Warnings marks={marks} circles={circles} />
    </>
  );
}

/** What is too high beyond doubt is framed above all others: it must not hide behind a neighbour. */
function Warnings({ marks, circles }: Pick<MarksProps, 'marks'> & { readonly circles: readonly Circle[] }) {
  return (
    <g className="warnings" aria-hidden="true">
      {circles.map(({ x, y, r }, i) => {
        const mark = marks[i];
        return mark?.tone === 'bad' ? <circle key={mark.code} cx={x} cy={y} r={r} /> : null;
      })}
    </g>
  );
}

interface DiscProps {
  readonly mark: Mark;
  readonly circle: Circle;
}

function Disc({ mark: { fill, opacity, tone }, circle: { x, y, r }, hatch }: DiscProps & { hatch: string }) {
  return (
    <>
      <circle className="ground" cx={x} cy={y} r={r} />
      <circle className="eases" cx={x} cy={y} r={r} fill={fill} opacity={opacity} />
      {tone === 'unsure' ? <circle cx={x} cy={y} r={r} fill={`url(#${hatch})`} /> : null}
      <circle className="edge" cx={x} cy={y} r={r} />
    </>
  );
}

const GAP = 4;
/** From the middle of a line of text to what it stands on, pixels. */
const DROP = 4;

const ANCHORS = { right: 'start', left: 'end', below: 'middle', above: 'middle' } as const;

function Name({ mark: { code, figure }, circle: { x, y, r }, side }: DiscProps & { side: Side }) {
  const across = side === 'right' ? r + GAP : side === 'left' ? -r - GAP : 0;
  const down = side === 'below' ? r + GAP + 2 * DROP : side === 'above' ? -r - GAP : DROP;
  return (
    <text x={x + across} y={y + down} textAnchor={ANCHORS[side]} aria-hidden="true">
      {code} <tspan>{figure}</tspan>
    </text>
  );
}
