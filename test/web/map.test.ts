/** The map: where regions are, what is shown of the world, and that no vehicle is left out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byCountry, nearTo, radiusOf, sidesOf, viewOf } from '../../web/src/map/places.ts';
import { makeWorld } from '../../web/world-map.ts';

const world = makeWorld();
const codes = Object.keys(world.countries);
const country = (code: string) => {
  const found = world.countries[code];
  if (found === undefined) throw new Error(`${code} is not on the map`);
  return found;
};

describe('the map of the world', () => {
  it('has every country that is in the atlas, also the small ones, by its ISO code', () => {
    expect(codes.length).toBeGreaterThan(230);
    for (const code of ['DE', 'FR', 'NO', 'US', 'JP', 'MT', 'LU', 'SG', 'HK', 'BH', 'XK'])
      expect(country(code).path, code).toMatch(/^M-?\d+,-?\d+l/);
    expect(codes.filter((code) => !/^[A-Z]{2}$/.test(code))).toEqual([]);
    expect(world.other).not.toBe('');
  });

  it('puts each centre into its largest part, and no country around the whole world', () => {
    for (const [code, { center, extent }] of Object.entries(world.countries)) {
      const [left, top, right, bottom] = extent;
      expect(center[0] >= left && center[0] <= right, code).toBe(true);
      expect(center[1] >= top && center[1] <= bottom, code).toBe(true);
      expect(right - left, code).toBeLessThan(5000);
    }
    // Paris and not Cayenne; the states that touch each other and not Alaska.
    expect(country('FR').center[1]).toBeLessThan(country('DZ').center[1]);
    expect(country('US').extent[0]).toBeGreaterThan(country('CA').extent[0]);
  });

  it('keeps neighbours together: what they share is drawn by both', () => {
    const points = ({ path }: { path: string }): Set<string> => {
      const found = new Set<string>();
      for (const part of path.split('M').slice(1)) {
        let [atX, atY] = [0, 0];
        for (const [x = 0, y = 0] of part
          .split(/[l ]/)
          .map((step) => step.split(',').map(Number.parseFloat))) {
          [atX, atY] = [atX + x, atY + y];
          found.add(`${atX},${atY}`);
        }
      }
      return found;
    };
    const [de, fr] = [points(country('DE')), points(country('FR'))];
    expect([...de].filter((point) => fr.has(point)).length).toBeGreaterThan(3);
  });
});

const region = fc.oneof(
  fc.constantFrom(...codes),
  fc.constantFrom('US-CA', 'US-NY', 'DE-BY', 'ZZ', 'EU', ''),
);

describe('regions by country', () => {
  it('leaves no vehicle out, and adds parts to their country', () => {
    fc.assert(
      fc.property(fc.dictionary(region, fc.nat({ max: 1000 })), (groups) => {
        const add = (a: number, b: number): number => a + b;
        const found = byCountry(groups, add, (sum) => sum);
        expect(found.reduce((sum, one) => sum + one.sum, 0)).toBe(Object.values(groups).reduce(add, 0));
        expect(found.flatMap(({ regions }) => regions).sort()).toEqual(Object.keys(groups).sort());
        expect(new Set(found.map(({ code }) => code)).size).toBe(found.length);
        for (const [i, { sum }] of found.slice(1).entries())
          expect(sum).toBeLessThanOrEqual(found[i]?.sum ?? 0);
      }),
    );
    const sums = byCountry(
      { 'US-CA': 2, US: 1, 'DE-BY': 4, EU: 1 },
      (a, b) => a + b,
      (sum) => sum,
    );
    expect(sums.map(({ code, sum }) => [code, sum])).toEqual([
      ['DE', 4],
      ['US', 3],
      ['EU', 1],
    ]);
  });
});

describe('the part that is shown', () => {
  const box = fc.record({
    width: fc.integer({ min: 120, max: 2000 }),
    height: fc.integer({ min: 120, max: 900 }),
  });
  const some = fc.uniqueArray(fc.constantFrom(...codes), { minLength: 1, maxLength: 30 });

  it('has every country that is asked for in sight, and one country with what is around it', () => {
    fc.assert(
      fc.property(some, box, (chosen, size) => {
        const { scale, left, top } = viewOf(chosen.map(country), size);
        for (const { extent } of chosen.map(country)) {
          expect(extent[0] * scale + left).toBeGreaterThanOrEqual(-1);
          expect(extent[2] * scale + left).toBeLessThanOrEqual(size.width + 1);
          expect(extent[1] * scale + top).toBeGreaterThanOrEqual(-1);
          expect(extent[3] * scale + top).toBeLessThanOrEqual(size.height + 1);
        }
      }),
    );
    const near = viewOf([nearTo(country('FR'))], { width: 600, height: 400 });
    const all = viewOf([country('FR'), country('JP')], { width: 600, height: 400 });
    expect(near.scale).toBeGreaterThan(2 * all.scale);
    expect(viewOf([], { width: 600, height: 400 }).scale).toBeGreaterThan(0);
  });

  it('writes no name over a circle, another name or the edge', () => {
    const circle = fc.record({
      x: fc.integer({ min: 40, max: 560 }),
      y: fc.integer({ min: 10, max: 290 }),
      r: fc.integer({ min: 7, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(circle, { maxLength: 25 }), (circles) => {
        const size = { width: 600, height: 300 };
        const sides = sidesOf(circles, size);
        expect(sides).toHaveLength(circles.length);
        for (const [i, { x, r }] of circles.entries()) {
          if (sides[i] === 'right') expect(x + r).toBeLessThan(size.width);
          if (sides[i] === 'left') expect(x - r).toBeGreaterThan(0);
        }
        // What has room alone has it: crowding is the only reason to go without a name.
        for (const one of circles) expect(sidesOf([one], size)[0]).not.toBeNull();
      }),
    );
  });

  it('a circle says by its area how many vehicles it stands for', () => {
    const size = { width: 600, height: 400 };
    const ratio = radiusOf(100, 100, size) / radiusOf(25, 100, size);
    expect(ratio).toBeCloseTo(2, 5);
    expect(radiusOf(0, 0, size)).toBeGreaterThan(0);
  });
});
