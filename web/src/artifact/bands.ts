/** What is drawn of an installed base: the version that is looked at, the most common others, and the rest together. */
import type { InstalledBase } from '../../../src/api/history/installed-base.ts';

export type Installed = InstalledBase;
type Column = Installed['versions'][number];

export interface Band {
  readonly name: string;
  /** The version that is looked at. */
  readonly own: boolean;
  /** At each instant. */
  readonly vehicles: readonly number[];
}

/** More shades than that nobody tells apart. */
const MOST_OTHERS = 6;

export function nameOf({ kind, version }: Pick<Column, 'kind' | 'version'>): string {
  switch (kind) {
    case 'version':
      return version ?? '';
    case 'mixed':
      return 'Several versions';
    case 'other':
      return 'Not told apart';
  }
}

const peak = ({ vehicles }: Column): number => vehicles.reduce((most, one) => Math.max(most, one), 0);

/** From the bottom up; the version that is looked at comes first, also when no vehicle has it. */
export function bandsOf({ instants, versions }: Installed, version: string): readonly Band[] {
  const isOwn = (column: Column): boolean => column.kind === 'version' && column.version === version;
  const others = versions.filter((column) => !isOwn(column));
  const common = new Set([...others].sort((a, b) => peak(b) - peak(a)).slice(0, MOST_OTHERS));
  // One more is not worth being called the rest.
  const shown = others.length <= MOST_OTHERS + 1 ? others : others.filter((column) => common.has(column));
  const rest = others.filter((column) => !shown.includes(column));
  const none = instants.map(() => 0);
  return [
    { name: version, own: true, vehicles: versions.find(isOwn)?.vehicles ?? none },
    ...shown.map((column) => ({ name: nameOf(column), own: false, vehicles: column.vehicles })),
    ...(rest.length === 0
      ? []
      : [
          {
            name: `${rest.length} more versions`,
            own: false,
            vehicles: none.map((_, n) => rest.reduce((sum, { vehicles }) => sum + (vehicles[n] ?? 0), 0)),
          },
        ]),
  ];
}

/** Tops of a scale that have a round half. */
const TOPS = [1, 2, 3, 4, 6, 8, 10];
const LEAST_TOP = 4;

/** The next round number, so that the scale stays where it is while the curve moves. */
export function topOf(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(LEAST_TOP, value)));
  const step = TOPS.find((one) => one * power >= Math.max(LEAST_TOP, value)) ?? 10;
  return step * power;
}

/** Number of the instant nearest to a time. */
export function nearest(instants: readonly number[], at: number): number {
  let best = 0;
  for (const [n, one] of instants.entries())
    if (Math.abs(one - at) < Math.abs((instants[best] ?? 0) - at)) best = n;
  return best;
}
