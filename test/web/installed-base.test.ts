/** What is drawn of an installed base. */
import { describe, expect, it } from 'vitest';
import { bandsOf, type Installed, nearest, topOf } from '../../web/src/artifact/bands.ts';

const version = (name: string, ...vehicles: number[]): Installed['versions'][number] => ({
  kind: 'version',
  version: name,
  vehicles,
});
const base = (...versions: Installed['versions']): Installed => ({
  ecuType: 'TCM',
  component: 'main',
  model: null,
  region: null,
  step_s: 60,
  instants: ['2027-01-01T00:00:00.000Z', '2027-01-01T00:01:00.000Z'],
  versions,
  vehicles: [0, 0],
  models: [],
  regions: [],
});

describe('the bands of an installed base', () => {
  it('begin with the version that is looked at, also where nobody has it', () => {
    const others = [version('1.0.0', 3, 1), { kind: 'mixed' as const, version: null, vehicles: [1, 0] }];
    expect(bandsOf(base(...others, version('2.0.0', 0, 2)), '2.0.0')).toEqual([
      { name: '2.0.0', own: true, vehicles: [0, 2] },
      { name: '1.0.0', own: false, vehicles: [3, 1] },
      { name: 'Several versions', own: false, vehicles: [1, 0] },
    ]);
    expect(bandsOf(base(...others), '2.0.0')[0]).toEqual({ name: '2.0.0', own: true, vehicles: [0, 0] });
  });

  it('are few: rare versions are one, and no vehicle is left out', () => {
    const many = Array.from({ length: 20 }, (_, n) => version(`1.${n}.0`, n, 2 * n));
    const bands = bandsOf(base(...many), '1.19.0');
    expect(bands).toHaveLength(8);
    expect(bands.at(-1)?.name).toBe('13 more versions');
    for (const [n, all] of [190, 380].entries())
      expect(bands.reduce((sum, { vehicles }) => sum + (vehicles[n] ?? 0), 0)).toBe(all);
  });

  it('have a name each, also where a version is called like one of ours', () => {
    expect(new Set(bandsOf(base(version('mixed', 1, 1)), 'other').map(({ name }) => name)).size).toBe(2);
  });
});

it('a scale ends on a round number that is not far away', () => {
  expect([0, 3, 5, 60, 61, 100, 999_999].map(topOf)).toEqual([4, 4, 6, 60, 80, 100, 1_000_000]);
});

it('the nearest instant is the one pointed at', () => {
  expect([-5, 4, 6, 99].map((at) => nearest([0, 10, 20], at))).toEqual([0, 0, 1, 2]);
});
