/** Where regions are on the map, and what part of the world shows them all. Pure. */
import type { Country } from './world.ts';

/** `US-CA` is in `US`; what is no region, such as the empty text, stays as it is. */
export const countryOf = (region: string): string => region.split('-')[0] ?? region;

export interface Grouped<T> {
  readonly code: string;
  readonly sum: T;
  /** The regions of it that are counted, when they are more than the country alone. */
  readonly regions: readonly string[];
}

/** Regions by country, those with the most first. */
export function byCountry<T>(
  groups: Readonly<Record<string, T>>,
  add: (a: T, b: T) => T,
  sizeOf: (sum: T) => number,
): readonly Grouped<T>[] {
  const found = new Map<string, Grouped<T>>();
  for (const [region, value] of Object.entries(groups)) {
    const code = countryOf(region);
    const before = found.get(code);
    found.set(code, {
      code,
      sum: before === undefined ? value : add(before.sum, value),
      regions: [...(before?.regions ?? []), region],
    });
  }
  return [...found.values()].sort((a, b) => sizeOf(b.sum) - sizeOf(a.sum) || (a.code < b.code ? -1 : 1));
}

/** A part of the map as it is put into a box: what is at (x, y) is drawn at (x · scale + left, y · scale + top). */
export interface View {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

export interface Box {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Room for circles and their names at the edges, pixels. */
const MARGIN = { x: 84, y: 34 } as const;
/** No closer than this: one small country is shown with what is around it. Units of the grid. */
const LEAST = 420;
/** What is shown when there is nothing to show: all that people drive on. */
const WHOLE: Country['extent'] = [300, -2800, 9900, 1600];

type Extent = Country['extent'];

const union = (a: Extent, b: Extent): Extent => [
  Math.min(a[0], b[0]),
  Math.min(a[1], b[1]),
  Math.max(a[2], b[2]),
  Math.max(a[3], b[3]),
];

/** What is around a country, as a multiple of its own width and height on each side. */
const AROUND = 0.7;

/** A country with its neighbourhood, for going nearer to it. */
export function nearTo({ extent: [left, top, right, bottom] }: Country): Pick<Country, 'extent'> {
  const [x, y] = [(right - left) * AROUND, (bottom - top) * AROUND];
  return { extent: [left - x, top - y, right + x, bottom + y] };
}

/** The whole of these countries, as large as the box allows. */
export function viewOf(countries: readonly Pick<Country, 'extent'>[], { width, height }: Box): View {
  const extents = countries.map(({ extent }) => extent);
  const [left, top, right, bottom] = extents.length === 0 ? WHOLE : extents.reduce(union);
  const scale = Math.min(
    (width - 2 * Math.min(MARGIN.x, width / 5)) / Math.max(LEAST, right - left),
    (height - 2 * Math.min(MARGIN.y, height / 5)) / Math.max(LEAST, bottom - top),
  );
  return {
    scale,
    left: width / 2 - ((left + right) / 2) * scale,
    top: height / 2 - ((top + bottom) / 2) * scale,
  };
}

export interface Circle {
  /** Pixels in the box. */
  readonly x: number;
  readonly y: number;
  readonly r: number;
}

/** Of a circle for the most vehicles, as a share of the box's height; and the smallest that can be hit, pixels. */
const LARGEST = 0.07;
const SMALLEST = 7;

/** Its area says how many. */
export const radiusOf = (size: number, most: number, { height }: Box): number =>
  Math.max(SMALLEST, Math.sqrt(most <= 0 ? 0 : size / most) * height * LARGEST);

export type Side = 'right' | 'left' | 'below' | 'above';

/** The longest text beside a circle, pixels: places must not depend on numbers that move. */
const NAME_WIDTH = 62;
const NAME_HEIGHT = 15;
const GAP = 3;

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function rectangleAt({ x, y, r }: Circle, side: Side): Rectangle {
  const middle = { top: y - NAME_HEIGHT / 2, bottom: y + NAME_HEIGHT / 2 };
  const center = { left: x - NAME_WIDTH / 2, right: x + NAME_WIDTH / 2 };
  switch (side) {
    case 'right':
      return { ...middle, left: x + r + GAP, right: x + r + GAP + NAME_WIDTH };
    case 'left':
      return { ...middle, left: x - r - GAP - NAME_WIDTH, right: x - r - GAP };
    case 'below':
      return { ...center, top: y + r + GAP, bottom: y + r + GAP + NAME_HEIGHT };
    case 'above':
      return { ...center, top: y - r - GAP - NAME_HEIGHT, bottom: y - r - GAP };
  }
}

const overlap = (a: Rectangle, b: Rectangle): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

const around = ({ x, y, r }: Circle): Rectangle => ({ left: x - r, top: y - r, right: x + r, bottom: y + r });

/** On which side of its circle each name has room; null = on none. Earlier ones choose first. */
export function sidesOf(circles: readonly Circle[], { width, height }: Box): readonly (Side | null)[] {
  const taken = circles.map(around);
  return circles.map((circle) => {
    const side = (['right', 'left', 'below', 'above'] as const).find((one) => {
      const wanted = rectangleAt(circle, one);
      const inside = wanted.left >= 0 && wanted.top >= 0 && wanted.right <= width && wanted.bottom <= height;
      return inside && !taken.some((other) => overlap(wanted, other));
    });
    if (side === undefined) return null;
    taken.push(rectangleAt(circle, side));
    return side;
  });
}
