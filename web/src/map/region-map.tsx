/**
 * Regions on a map: a circle for each country, as large as it has vehicles. It shows the part of the world where they
 * are; pressing one goes nearer to it, which the address keeps. Circles stay where they are while numbers move.
 */

import world from 'virtual:world';
import { memo, useMemo, useRef, useState } from 'react';
import { useQueryState } from '../lib/router.tsx';
import { type Mark, Marks } from './marks.tsx';
import { nearTo, radiusOf, sidesOf, type View, viewOf } from './places.ts';
import { useBox } from './use-box.ts';

export interface RegionMapProps {
  readonly label: string;
  /** Those with the most vehicles first. */
  readonly marks: readonly Mark[];
}

const isPlaced = ({ code }: Mark): boolean => world.countries[code] !== undefined;

export default function RegionMap({ label, marks }: RegionMapProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [asked, setNear] = useQueryState('near');
  const [told, setTold] = useState<string | null>(null);
  const placed = marks.filter(isPlaced);
  const near = placed.some(({ code }) => code === asked) ? asked : '';
  const drawing = useDrawing(placed, near, frame);
  const elsewhere = marks.filter((mark) => !isPlaced(mark));
  return (
    <figure className="region-map">
      <div ref={frame} className="map-frame">
        {drawing === null ? null : (
          <svg width={drawing.box.width} height={drawing.box.height} role="group" aria-label={label}>
            <Land view={drawing.view} marked={placed.map(({ code }) => code).join()} />
            <Marks marks={placed} drawing={drawing} near={near} onNear={setNear} onTell={setTold} />
          </svg>
        )}
        {near === '' ? null : (
          <button type="button" className="button" onClick={() => setNear('')}>
            All regions
          </button>
        )}
      </div>
      <figcaption className="small">
        {marks.find(({ code }) => code === told)?.text ?? (
          <span className="quiet">Point at a circle for its numbers, press it to go nearer.</span>
        )}
      </figcaption>
      {elsewhere.length === 0 ? null : (
        <div className="small">
          <h3>Not on the map</h3>
          <ul>
            {elsewhere.map(({ code, text }) => (
              <li key={code}>{text}</li>
            ))}
          </ul>
        </div>
      )}
    </figure>
  );
}

/** What does not change while only rates do: it is worked out again for other regions, sizes or another box. */
function useDrawing(marks: readonly Mark[], near: string, frame: Parameters<typeof useBox>[0]) {
  const box = useBox(frame);
  const key = marks.map(({ code, size }) => `${code} ${size}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says when the marks are others
  return useMemo(() => {
    if (box.width === 0 || box.height === 0) return null;
    const countries = marks.flatMap(({ code }) => world.countries[code] ?? []);
    const nearest = world.countries[near];
    const view = viewOf(nearest === undefined ? countries : [nearTo(nearest)], box);
    const most = Math.max(0, ...marks.map(({ size }) => size));
    const circles = countries.map(({ center: [x, y] }, i) => ({
      x: x * view.scale + view.left,
      y: y * view.scale + view.top,
      r: radiusOf(marks[i]?.size ?? 0, most, box),
    }));
    return { box, view, circles, sides: sidesOf(circles, box) };
  }, [key, near, box]);
}

interface LandProps {
  readonly view: View;
  /** Codes of the countries that stand out. */
  readonly marked: string;
}

const Land = memo(function Land({ view: { scale, left, top }, marked }: LandProps) {
  const codes = new Set(marked.split(','));
  const paths = (wanted: boolean): string =>
    Object.entries(world.countries)
      .filter(([code]) => codes.has(code) === wanted)
      .map(([, { path }]) => path)
      .join('');
  return (
    <g transform={`matrix(${scale} 0 0 ${scale} ${left} ${top})`} aria-hidden="true">
      <path className="land" d={world.other + paths(false)} />
      <path className="land marked" d={paths(true)} />
    </g>
  );
});
