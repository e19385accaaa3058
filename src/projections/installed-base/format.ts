/**
 * How the installed base of a software target (ECU type and component) is kept over time.
 *
 * Time is cut into buckets at several resolutions, from seconds to days. Of each bucket in which something changed there
 * is a point: by how much each count differs at its end from its beginning. Points fill a tail; a full tail becomes a
 * page with the counts before its first point, and a page never changes again. The head has the counts now, the buckets
 * that are still open, and the index of the pages. Fine pages are dropped when they are old; days are kept for ever.
 */
import type { Document } from '../../app/ports.ts';
import { regionCovers } from '../../domain/artifact/compatibility.ts';
import type { Counts } from '../counts.ts';

export const INSTALLED_BASE = 'installed-base';
export const INSTALLED_BASE_TAILS = 'installed-base-tails';
export const INSTALLED_BASE_PAGES = 'installed-base-pages';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface InstalledBaseLimits {
  /** Finest first, each a multiple of the one before. `kept_ms` null = for ever, which only the last one is. */
  readonly resolutions: readonly { readonly step_ms: number; readonly kept_ms: number | null }[];
  /** Numbers in the points of a page, unless there are more counts than that. */
  readonly pageNumbers: number;
  /** Different counts of a target at once; what comes after that many is counted as `OTHER`. */
  readonly cells: number;
}
export const INSTALLED_BASE_LIMITS: InstalledBaseLimits = {
  resolutions: [
    { step_ms: 5 * SECOND_MS, kept_ms: 2 * HOUR_MS },
    { step_ms: 5 * MINUTE_MS, kept_ms: 7 * DAY_MS },
    { step_ms: HOUR_MS, kept_ms: 180 * DAY_MS },
    { step_ms: DAY_MS, kept_ms: null },
  ],
  pageNumbers: 2048,
  cells: 4000,
};

/** The end of a bucket, milliseconds since 1970, then number and change of each count that changed in it. */
export type Point = readonly number[];

export interface Level {
  readonly step_ms: number;
  /** End of the open bucket; null where nothing has changed since the last point. An instant on an edge ends a bucket. */
  end_ms: number | null;
  /** What changed in the open bucket and is not in the open bucket of a finer level. */
  delta: Counts;
  /** From here on any edge can be told; null = from the beginning. */
  since_ms: number | null;
  /** Number of the first page that is kept, and the first point's end of each page. */
  firstPage: number;
  readonly starts: number[];
  /** Points in the tail. */
  points: number;
}

export interface InstalledBaseHead extends Document {
  readonly begun_ms: number;
  /** The latest time of a change so far: it rises whatever the clocks of the writers do. */
  latest_ms: number;
  /** Vehicles by cell, now. */
  readonly counts: Counts;
  readonly levels: Level[];
}

export interface Points {
  /** Numbers of the cells that points are about, from 0 on. */
  readonly cells: Record<string, number>;
  readonly points: Point[];
}

export interface TailLevel extends Points {
  /** Number of the page that it becomes. */
  readonly page: number;
  /** Numbers in its points, and cells that they name. */
  numbers: number;
  named: number;
}

export interface InstalledBaseTail extends Document {
  readonly levels: TailLevel[];
}

export interface InstalledBasePage extends Document, Points {
  /** Vehicles by cell before the first point. */
  readonly base: Counts;
}

/** Neither name of a target has a slash. */
export const targetId = (ecuType: string, component: string): string => `${ecuType}/${component}`;

const DIGITS = 8;
export const pageId = (target: string, level: number, page: number): string =>
  `${target}/${level}/${String(page).padStart(DIGITS, '0')}`;

/** What a vehicle is counted under: its version, or one of the two others, which no version's name can be. */
export const versionName = (version: string): string => `=${version}`;
export const MIXED = 'mixed';
export const OTHER = 'other';

/** Vehicles are counted in all, by model and by region. */
export type SliceKind = 'all' | 'model' | 'region';
const MARKS = { all: '', model: 'm', region: 'r' } as const satisfies Record<SliceKind, string>;
const KINDS = new Map(Object.entries(MARKS).map(([kind, mark]) => [mark as string, kind as SliceKind]));

/** A count: a slice of the fleet, and what its vehicles run. Models may have any character, so their length is told. */
export const cellName = (kind: SliceKind, value: string, name: string): string =>
  kind === 'all' ? name : `${MARKS[kind]}${value.length}:${value}${name}`;

export interface Cell {
  readonly kind: SliceKind;
  readonly value: string;
  readonly name: string;
}

/** In place: no name of a cell is one of a prototype, so that it needs no care. What comes back to nothing is left out. */
export function addTo(counts: Counts, cell: string, by: number): void {
  const sum = (counts[cell] ?? 0) + by;
  if (sum === 0) delete counts[cell];
  else counts[cell] = sum;
}

const SLICED = /^([mr])(\d+):/;
export function cellOf(text: string): Cell {
  const [head = '', mark = '', length = ''] = SLICED.exec(text) ?? [];
  const kind = KINDS.get(mark) ?? 'all';
  const end = head.length + Number(length);
  return { kind, value: text.slice(head.length, end), name: text.slice(end) };
}

/** Which vehicles are looked at: all, those of a model, or those of a region and the regions within it. */
export type Slice = { readonly kind: 'all' } | { readonly kind: 'model' | 'region'; readonly value: string };

export function isIn(slice: Slice, cell: Cell): boolean {
  if (slice.kind !== cell.kind) return false;
  switch (slice.kind) {
    case 'all':
      return true;
    case 'model':
      return cell.value === slice.value;
    case 'region':
      return regionCovers(slice.value, cell.value);
  }
}
