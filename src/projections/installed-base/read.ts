/** How many vehicles ran which version at equal steps of time, from what `record` has kept: a few documents. */
import { type ReadModelReader, ReadModelUnavailableError } from '../../app/ports.ts';
import type { Counts } from '../counts.ts';
import {
  addTo,
  cellOf,
  INSTALLED_BASE,
  INSTALLED_BASE_PAGES,
  INSTALLED_BASE_TAILS,
  type InstalledBaseHead,
  type InstalledBasePage,
  type InstalledBaseTail,
  isIn,
  type Level,
  type Points,
  pageId,
  type Slice,
} from './format.ts';
import { cellsIn, countsBefore } from './record.ts';

/** Vehicles by what they run (`versionName`, `MIXED` or `OTHER`) after every change recorded at or before an instant. */
export interface InstalledAt {
  readonly at_ms: number;
  readonly counts: Counts;
}

export interface InstalledBaseSeries {
  readonly step_ms: number;
  /** Oldest first, on whole multiples of the step; the last one at the end asked for, where nothing came after it. */
  readonly points: readonly InstalledAt[];
  /** What vehicles can be told apart by now, in order. */
  readonly models: readonly string[];
  readonly regions: readonly string[];
}

export interface Asked {
  /** Milliseconds since 1970; null = the first change. */
  readonly from_ms: number | null;
  /** Null = now. */
  readonly to_ms: number | null;
  readonly now_ms: number;
  /** Steps at most; the first may begin before `from_ms`, which makes one more. */
  readonly buckets: number;
  readonly slice: Slice;
}

/** A rebuild can put other documents in the place of those that were just looked up. */
const TRIES = 3;

/** @returns null where no vehicle ever had the target. @throws ReadModelUnavailableError while it is being built anew. */
export async function installedBaseOf(
  reader: ReadModelReader,
  target: string,
  asked: Asked,
): Promise<InstalledBaseSeries | null> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const head = await reader.get<InstalledBaseHead>(INSTALLED_BASE, target);
    if (head === null) return null;
    // The clock of a writer may be ahead of ours.
    const to_ms = asked.to_ms ?? Math.max(asked.now_ms, head.latest_ms);
    const from_ms = asked.from_ms ?? Math.min(head.begun_ms, to_ms);
    const steps = stepsOf(head, from_ms, to_ms, asked.buckets);
    const points = from_ms > to_ms ? [] : await pointsOf(reader, head, steps, to_ms, asked.slice);
    if (points !== null) return { step_ms: steps.step_ms, points, ...slicesOf(head) };
  }
  throw new ReadModelUnavailableError(
    `the installed base of ${target} is being changed; ask again in a moment`,
  );
}

function slicesOf({ counts }: InstalledBaseHead): Pick<InstalledBaseSeries, 'models' | 'regions'> {
  const cells = Object.keys(counts).map(cellOf);
  const valuesOf = (wanted: 'model' | 'region'): readonly string[] =>
    [...new Set(cells.filter(({ kind }) => kind === wanted).map(({ value }) => value))].sort();
  return { models: valuesOf('model'), regions: valuesOf('region') };
}

interface Steps {
  readonly step_ms: number;
  readonly first_ms: number;
  /** Number of the level that has these steps. */
  readonly level: number;
}

/** Steps between one resolution and the next, in steps of the finer one. */
const MULTIPLES = [1, 2, 3, 6, 12];

/** The shortest step of which there are not too many, and which is still kept as far back as that. */
function stepsOf({ levels }: InstalledBaseHead, from_ms: number, to_ms: number, buckets: number): Steps {
  for (const [number, { step_ms, since_ms }] of levels.entries()) {
    const next_ms = levels[number + 1]?.step_ms ?? null;
    for (const multiple of multiplesOf(step_ms, next_ms, (to_ms - from_ms) / buckets)) {
      const step = step_ms * multiple;
      const first_ms = Math.floor(from_ms / step) * step;
      if ((to_ms - from_ms) / step > buckets || (since_ms !== null && first_ms < since_ms)) continue;
      return { step_ms: step, first_ms, level: number };
    }
  }
  throw new RangeError('the coarsest resolution is kept for ever, and takes any time in few enough steps');
}

/** Of the last resolution there are steps of any length: it doubles until a step is long enough. */
function multiplesOf(step_ms: number, next_ms: number | null, wanted_ms: number): readonly number[] {
  if (next_ms !== null)
    return MULTIPLES.filter(
      (multiple) => multiple * step_ms < next_ms && next_ms % (multiple * step_ms) === 0,
    );
  const doublings = Math.max(0, Math.ceil(Math.log2(wanted_ms / step_ms)));
  // One more, for what a logarithm rounds off.
  return Array.from({ length: doublings + 2 }, (_, n) => 2 ** n);
}

/** Null when the documents do not belong together: they were changed in between. */
async function pointsOf(
  reader: ReadModelReader,
  head: InstalledBaseHead,
  { step_ms, first_ms, level: number }: Steps,
  to_ms: number,
  slice: Slice,
): Promise<readonly InstalledAt[] | null> {
  const level = head.levels[number] as Level;
  const edges: number[] = [];
  for (let edge = first_ms; edge <= to_ms; edge += step_ms) edges.push(edge);
  if (edges.at(-1) !== to_ms && to_ms >= head.latest_ms) edges.push(to_ms);
  // Nothing was recorded later than the newest change: what is now was then.
  const past = edges.filter((edge) => edge < head.latest_ms);
  const parts = await partsOf(reader, head, number, level, past);
  if (parts === null) return null;
  const nameIn = nameReader(slice);
  const now = countsIn(head.counts, nameIn);
  return [...walk(parts, past, nameIn), ...edges.slice(past.length).map((at_ms) => ({ at_ms, counts: now }))];
}

interface Parts {
  readonly base: Counts;
  readonly parts: readonly Points[];
}

/** The points of a level from before the first edge on, and what was counted before them. */
async function partsOf(
  reader: ReadModelReader,
  head: InstalledBaseHead,
  number: number,
  level: Level,
  edges: readonly number[],
): Promise<Parts | null> {
  const [first, last] = [edges[0], edges.at(-1)];
  if (first === undefined || last === undefined) return { base: {}, parts: [] };
  const { starts, firstPage } = level;
  const begin = Math.max(
    0,
    starts.findLastIndex((start) => start <= first),
  );
  // Also where all edges lie before its first point: it knows what was counted before.
  const end = Math.max(
    begin,
    starts.findLastIndex((start) => start <= last),
  );
  const ids = starts.slice(begin, end + 1).map((_, n) => pageId(head.id, number, firstPage + begin + n));
  const [tail, found] = await Promise.all([
    tailOf(reader, head, number, level),
    reader.getMany<InstalledBasePage>(INSTALLED_BASE_PAGES, ids),
  ]);
  const pages = found.filter((page) => page !== null);
  if (tail === null || pages.length < ids.length) return null;
  return { base: pages[0]?.base ?? tail.base, parts: [...pages, tail] };
}

/** The tail with the counts before it. It may have more points by now; those are later than the head knows of. */
async function tailOf(
  reader: ReadModelReader,
  head: InstalledBaseHead,
  number: number,
  level: Level,
): Promise<(Points & { readonly base: Counts }) | null> {
  const kept = level.firstPage + level.starts.length;
  const stored = (await reader.get<InstalledBaseTail>(INSTALLED_BASE_TAILS, head.id))?.levels[number];
  const { page, cells, points } = stored ?? { page: 0, cells: {}, points: [] };
  if (page !== kept || points.length < level.points) return null;
  const known = points.slice(0, level.points);
  const base: Counts = countsBefore(head.counts, { cells, points: known });
  for (const { delta } of head.levels.slice(0, number + 1)) {
    for (const [cell, by] of Object.entries(delta)) addTo(base, cell, -(by ?? 0));
  }
  return { base, cells, points: known };
}

type NameReader = (cell: string) => string | null;

/** What the vehicles of a cell run; null for cells of other slices. */
const nameReader =
  (slice: Slice): NameReader =>
  (text) => {
    const cell = cellOf(text);
    return isIn(slice, cell) ? cell.name : null;
  };

function countsIn(counts: Counts, nameIn: NameReader): Counts {
  const summed: Counts = {};
  for (const [cell, vehicles] of Object.entries(counts)) {
    const name = nameIn(cell);
    if (name !== null) addTo(summed, name, vehicles ?? 0);
  }
  return summed;
}

function walk({ base, parts }: Parts, edges: readonly number[], nameIn: NameReader): readonly InstalledAt[] {
  const found: InstalledAt[] = [];
  const counts = countsIn(base, nameIn);
  const tellUntil = (end_ms: number): void => {
    while (found.length < edges.length && (edges[found.length] as number) < end_ms)
      found.push({ at_ms: edges[found.length] as number, counts: { ...counts } });
  };
  for (const part of parts) {
    const names = cellsIn(part).map(nameIn);
    for (const point of part.points) {
      tellUntil(point[0] as number);
      if (found.length === edges.length) return found;
      for (let at = 1; at < point.length; at += 2) {
        const name = names[point[at] as number] ?? null;
        if (name !== null) addTo(counts, name, point[at + 1] as number);
      }
    }
  }
  tellUntil(Number.POSITIVE_INFINITY);
  return found;
}
