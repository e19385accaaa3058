/** Counts a change of a vehicle's software and keeps what the counts were, in the documents of one target. */
import type { Documents } from '../../app/ports.ts';
import type { Counts } from '../counts.ts';
import {
  addTo,
  cellName,
  cellOf,
  INSTALLED_BASE,
  INSTALLED_BASE_PAGES,
  INSTALLED_BASE_TAILS,
  type InstalledBaseHead,
  type InstalledBaseLimits,
  type InstalledBaseTail,
  type Level,
  OTHER,
  type Points,
  pageId,
  type TailLevel,
} from './format.ts';

export const INSTALLED_BASE_COLLECTIONS = [INSTALLED_BASE, INSTALLED_BASE_TAILS, INSTALLED_BASE_PAGES].map(
  (name) => ({ name, indexes: [] }),
);

/** A vehicle leaves a count (-1) or comes to it (1). */
export interface Move {
  readonly cell: string;
  readonly by: 1 | -1;
}

/** @param time_ms when the event was recorded; an earlier one than the latest counts as that. */
export function recordMoves(
  documents: Documents,
  target: string,
  time_ms: number,
  moves: readonly Move[],
  limits: InstalledBaseLimits,
): void {
  const head = documents.get<InstalledBaseHead>(INSTALLED_BASE, target) ?? begun(target, time_ms, limits);
  const at_ms = Math.max(head.latest_ms, time_ms);
  closeBuckets(documents, head, at_ms, limits);
  for (const level of head.levels) level.end_ms ??= Math.ceil(at_ms / level.step_ms) * level.step_ms;
  const open = (head.levels[0] as Level).delta;
  for (const move of moves) {
    const name = countedName(head.counts, move, limits);
    addTo(head.counts, name, move.by);
    addTo(open, name, move.by);
  }
  // In place: it happens for every event.
  head.latest_ms = at_ms;
  documents.put(INSTALLED_BASE, head);
}

const begun = (id: string, time_ms: number, { resolutions }: InstalledBaseLimits): InstalledBaseHead => ({
  id,
  begun_ms: time_ms,
  latest_ms: time_ms,
  counts: {},
  levels: resolutions.map(({ step_ms }) => ({
    step_ms,
    end_ms: null,
    delta: {},
    since_ms: null,
    firstPage: 0,
    starts: [],
    points: 0,
  })),
});

/** Who came when there was no room left is in `OTHER`: there are never more vehicles in a count than have left it. */
function countedName(counts: Counts, { cell, by }: Move, { cells }: InstalledBaseLimits): string {
  if (counts[cell] !== undefined) return cell;
  if (by > 0 && Object.keys(counts).length < cells) return cell;
  const { kind, value } = cellOf(cell);
  return cellName(kind, value, OTHER);
}

/** A finer bucket never ends after a coarser one, and its change is a part of the coarser one's. */
function closeBuckets(
  documents: Documents,
  head: InstalledBaseHead,
  at_ms: number,
  limits: InstalledBaseLimits,
): void {
  const isOver = ({ end_ms }: Level): boolean => end_ms !== null && end_ms < at_ms;
  if (!isOver(head.levels[0] as Level)) return;
  const tail = documents.get<InstalledBaseTail>(INSTALLED_BASE_TAILS, head.id) ?? {
    id: head.id,
    levels: head.levels.map(() => newTail(0)),
  };
  for (const [number, level] of head.levels.entries()) {
    if (!isOver(level)) break;
    push(tail.levels[number] as TailLevel, level, head.levels[number + 1]?.delta ?? null);
    turnPage(documents, head, number, tail, limits);
    const kept_ms = limits.resolutions[number]?.kept_ms ?? null;
    if (kept_ms !== null) dropOld(documents, head.id, number, level, at_ms - kept_ms);
  }
  documents.put(INSTALLED_BASE_TAILS, tail);
}

const newTail = (page: number): TailLevel => ({ page, numbers: 0, named: 0, cells: {}, points: [] });

/** @param coarser what changed in the open bucket of the next level, which this is a part of; null for the last level. */
function push(tail: TailLevel, level: Level, coarser: Counts | null): void {
  const point = [level.end_ms as number];
  for (const cell in level.delta) {
    const by = level.delta[cell] as number;
    if (coarser !== null) addTo(coarser, cell, by);
    tail.cells[cell] ??= tail.named++;
    point.push(tail.cells[cell], by);
  }
  if (point.length > 1) {
    tail.points.push(point);
    tail.numbers += point.length;
    level.points++;
  }
  level.delta = {};
  level.end_ms = null;
}

/** Called when no finer bucket is open, so that the counts are those after the tail's last point. */
function turnPage(
  documents: Documents,
  head: InstalledBaseHead,
  number: number,
  { levels }: InstalledBaseTail,
  { pageNumbers }: InstalledBaseLimits,
): void {
  const level = head.levels[number] as Level;
  const { page, numbers, cells, points } = levels[number] as TailLevel;
  const first = points[0]?.[0];
  // The second is dear, and needed for full tails only.
  if (first === undefined || numbers < pageNumbers || numbers < Object.keys(head.counts).length) return;
  const base = countsBefore(head.counts, { cells, points });
  documents.put(INSTALLED_BASE_PAGES, { id: pageId(head.id, number, page), base, cells, points });
  level.starts.push(first);
  level.points = 0;
  levels[number] = newTail(page + 1);
}

/** In the order of their numbers. */
export const cellsIn = ({ cells }: Points): readonly string[] => Object.keys(cells);

/** Counts without what the points changed. */
export function countsBefore(counts: Counts, { cells, points }: Points): Counts {
  const base = { ...counts };
  const names = cellsIn({ cells, points });
  for (const point of points)
    for (let at = 1; at < point.length; at += 2)
      addTo(base, names[point[at] as number] as string, -(point[at + 1] as number));
  return base;
}

/** A page whose successor began before that has nothing that is still asked for. */
function dropOld(
  documents: Documents,
  target: string,
  number: number,
  level: Level,
  before_ms: number,
): void {
  for (;;) {
    const next = level.starts[1];
    if (next === undefined || next > before_ms) return;
    documents.delete(INSTALLED_BASE_PAGES, pageId(target, number, level.firstPage));
    level.firstPage++;
    level.starts.shift();
    level.since_ms = next;
  }
}
