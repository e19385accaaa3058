/**
 * The map of the world as the dashboard draws it, made from Natural Earth's outlines while it is built: Mercator, on a
 * grid of whole numbers, simplified along shared borders so that neighbours still meet.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature } from 'topojson-client';
import { presimplify, simplify } from 'topojson-simplify';
import type { GeometryCollection, Objects, Topology } from 'topojson-specification';
import type { Plugin } from 'vite';
import type { Country, World } from './src/map/world.ts';

/** Width of the whole world in units of the grid: one is 4 km at the equator. */
const WIDTH = 10_000;
/** Corners that bend a border by less than this area do not count, square degrees. */
const BEND = 0.01;
/** Islands beside the largest part of a country that are smaller than this are left out, square units. */
const ISLET = 12;
/** Nobody drives there, and Mercator draws it larger than everything else. */
const ANTARCTICA = '010';
/** Has a code that ISO leaves to users (and the EU uses), and so no number in the atlas. */
const UNNUMBERED: Readonly<Record<string, string>> = { Kosovo: 'XK' };

type Point = readonly [x: number, y: number];
type Ring = readonly Point[];
interface Outline {
  readonly name: string;
  readonly code: string | undefined;
  readonly polygons: readonly (readonly Ring[])[];
}

const require = createRequire(import.meta.url);
const json = (name: string): unknown => JSON.parse(readFileSync(require.resolve(name), 'utf8'));

/** ISO 3166-1: number to two letters. */
function alpha2(): ReadonlyMap<string, string> {
  const codes = json('i18n-iso-countries/codes.json') as readonly (readonly [string, string, string])[];
  return new Map(codes.map(([two, , number]) => [number, two]));
}

function project([longitude = 0, latitude = 0]: readonly number[]): Point {
  const radians = (latitude * Math.PI) / 180;
  const unit = WIDTH / 360;
  const north = Math.log(Math.tan(Math.PI / 4 + radians / 2)) * (180 / Math.PI);
  return [Math.round((longitude + 180) * unit), Math.round(-north * unit)];
}

/** The atlas goes on at the other end of the world where a country crosses the date line; a drawing goes straight on. */
function unwrapped(ring: Ring): Ring {
  let [before, shift] = [ring[0]?.[0] ?? 0, 0];
  const straight = ring.map(([x, y]): Point => {
    if (Math.abs(x - before) > WIDTH / 2) shift += x < before ? WIDTH : -WIDTH;
    before = x;
    return [x + shift, y];
  });
  const middle = straight.reduce((sum, [x]) => sum + x, 0) / straight.length;
  return straight.map(([x, y]) => [x - Math.floor(middle / WIDTH) * WIDTH, y]);
}

/** On the grid, without points that fall onto the one before. Closed by the path, not by a last point. */
function ringOf(points: readonly (readonly number[])[]): Ring {
  const all = unwrapped(points.map(project));
  const ring = all.filter(([x, y], i) => {
    const [beforeX, beforeY] = all[i === 0 ? all.length - 1 : i - 1] ?? [x, y];
    return x !== beforeX || y !== beforeY;
  });
  // The Vatican is one point of the grid.
  return ring.length > 0 ? ring : all.slice(0, 1);
}

/** Twice the signed area, and the sums that its centre needs. */
function moments(ring: Ring): readonly [area: number, x: number, y: number] {
  let [area, sumX, sumY] = [0, 0, 0];
  for (const [i, [x, y]] of ring.entries()) {
    const [nextX, nextY] = ring[(i + 1) % ring.length] ?? [x, y];
    const cross = x * nextY - nextX * y;
    area += cross;
    sumX += (x + nextX) * cross;
    sumY += (y + nextY) * cross;
  }
  return [area, sumX, sumY];
}

const areaOf = ([outer = []]: readonly Ring[]): number => Math.abs(moments(outer)[0]) / 2;

/** Relative steps: a third of the size of places. */
function pathOf(ring: Ring): string {
  let [atX, atY] = [0, 0];
  const steps = ring.map(([x, y]) => {
    const step = `${x - atX},${y - atY}`;
    [atX, atY] = [x, y];
    return step;
  });
  const [start, ...rest] = steps;
  return `M${start}l${rest.join(' ')}z`;
}

/** Largest first; what is too small to be seen beside it is left out. */
function partsOf({ polygons }: Outline): readonly (readonly Ring[])[] {
  const largestFirst = [...polygons].sort((a, b) => areaOf(b) - areaOf(a));
  return largestFirst.filter((polygon, i) => i === 0 || areaOf(polygon) >= ISLET);
}

const drawn = (parts: readonly (readonly Ring[])[]): string =>
  parts
    .flat()
    .filter((ring) => ring.length > 2)
    .map(pathOf)
    .join('');

/** Centre and extent are those of the largest part: France is not between Paris and Cayenne. */
function countryOf(parts: readonly (readonly Ring[])[]): Country {
  const outer = parts[0]?.[0] ?? [];
  const xs = outer.map(([x]) => x);
  const ys = outer.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const [area, x, y] = moments(outer);
  const center: Point =
    area === 0
      ? [Math.round((left + right) / 2), Math.round((top + bottom) / 2)]
      : [Math.round(x / (3 * area)), Math.round(y / (3 * area))];
  return { path: drawn(parts), center, extent: [left, top, right, bottom] };
}

/** Outlines of one level of detail; several of one code are one country. */
function outlinesOf(atlas: Topology): readonly Outline[] {
  const codes = alpha2();
  const countries = atlas.objects['countries'] as GeometryCollection<{ name: string }>;
  const found = new Map<string, Outline>();
  for (const { id, geometry, properties } of feature(atlas, countries).features) {
    if (id === ANTARCTICA) continue;
    const code = codes.get(String(id)) ?? UNNUMBERED[properties.name];
    const rings =
      geometry.type === 'Polygon'
        ? [geometry.coordinates]
        : geometry.type === 'MultiPolygon'
          ? geometry.coordinates
          : [];
    const polygons = rings.map((polygon) => polygon.map(ringOf));
    const key = code ?? properties.name;
    const before = found.get(key)?.polygons ?? [];
    found.set(key, { name: properties.name, code, polygons: [...before, ...polygons] });
  }
  return [...found.values()];
}

/** Simplified; where nothing would be left of a small country, it stays as it was. */
export function makeWorld(): World {
  const atlas = json('world-atlas/countries-50m.json') as Topology<Objects<object>>;
  const fine = new Map(outlinesOf(atlas).map((one) => [one.name, one]));
  const countries: Record<string, Country> = {};
  let other = '';
  for (const coarse of outlinesOf(simplify(presimplify(atlas), BEND))) {
    const whole = fine.get(coarse.name) ?? coarse;
    const parts = partsOf(
      areaOf(partsOf(coarse)[0] ?? []) < areaOf(partsOf(whole)[0] ?? []) / 2 ? whole : coarse,
    );
    if (coarse.code === undefined) other += drawn(parts);
    else countries[coarse.code] = countryOf(parts);
  }
  return { countries, other };
}

const RESOLVED = '\0virtual:world';

/** Makes `import('virtual:world')` a chunk of its own. Parsed as JSON, which is quicker than as script. */
export const worldMap = (): Plugin => ({
  name: 'fleetwave-world-map',
  resolveId: { filter: { id: /^virtual:world$/ }, handler: () => RESOLVED },
  load: {
    filter: { id: /^\0virtual:world$/ },
    handler: () => `export default JSON.parse(${JSON.stringify(JSON.stringify(makeWorld()))});`,
  },
});
