/** A campaign's counts at any instant or position, from what `record` has kept: a few documents, no scan of the log. */
import { type ReadModelReader, ReadModelUnavailableError } from '../../app/ports.ts';
import { type Cut, isWithin, NOTHING_REACHED, type Reached } from '../../domain/shared/cut.ts';
import type { Counts } from '../counts.ts';
import { applyChange, applyToTotals, type Phases, type ProgressDocument } from '../progress/document.ts';
import {
  type Chunk,
  changeReader,
  HISTORY,
  HISTORY_BASES,
  HISTORY_ENTRIES,
  HISTORY_PAGES,
  type HistoryBase,
  type HistoryEntries,
  type HistoryHead,
  type HistoryPage,
  partId,
  positionAt,
  type Start,
} from './format.ts';

export interface CountedAt extends Reached {
  readonly progress: ProgressDocument | null;
}

export interface TotalsAt extends Reached {
  readonly byPhase: Phases;
  readonly attempts: Counts;
}

/** Chunks that are read at once where many are wanted. */
const TOGETHER = 16;
/** A rebuild can put other documents in the place of those that were just looked up. */
const TRIES = 3;

/** First and last instant of a campaign's history, milliseconds since 1970; null when it has none. */
export async function historySpan(
  reader: ReadModelReader,
  campaignId: string,
): Promise<{ readonly from_ms: number; readonly to_ms: number } | null> {
  const head = await reader.get<HistoryHead>(HISTORY, campaignId);
  return head === null ? null : { from_ms: head.begun_ms, to_ms: head.latest_ms ?? head.begun_ms };
}

/** The counts at a cut; null when the campaign has no history at all. */
export async function countsAt(
  reader: ReadModelReader,
  campaignId: string,
  cut: Cut,
): Promise<CountedAt | null> {
  return await repeated(reader, campaignId, async (head) => {
    const number = await chunkAt(reader, head, cut);
    if (number === null) return { ...NOTHING_REACHED, progress: null };
    const [part] = await partsOf(reader, head, [number]);
    if (part === undefined) return undefined;
    let { progress } = part;
    const reached = walk(part.chunk, cut, (change) => {
      progress = applyChange(progress, campaignId, change);
    });
    return { ...reached, progress };
  });
}

/** Only the totals, at many cuts; null when the campaign has no history at all. */
export async function totalsAt(
  reader: ReadModelReader,
  campaignId: string,
  cuts: readonly Cut[],
): Promise<readonly TotalsAt[] | null> {
  return await repeated(reader, campaignId, async (head) => {
    const numbers: (number | null)[] = [];
    const pages = new Map<number, readonly Start[]>();
    for (const cut of cuts) numbers.push(await chunkAt(reader, head, cut, pages));
    const wanted = [...new Set(numbers.filter((number) => number !== null))];
    const found = new Map<number, TotalsAt[]>();
    for (let at = 0; at < wanted.length; at += TOGETHER) {
      const some = wanted.slice(at, at + TOGETHER);
      const parts = await partsOf(reader, head, some);
      if (parts.length < some.length) return undefined;
      for (const [index, number] of some.entries()) {
        const mine = cuts.filter((_, n) => numbers[n] === number);
        found.set(
          number,
          mine.map((cut) => totalsIn(parts[index] as Part, cut)),
        );
      }
    }
    return numbers.map((number) =>
      number === null
        ? { ...NOTHING_REACHED, byPhase: {}, attempts: {} }
        : (found.get(number)?.shift() as TotalsAt),
    );
  });
}

async function repeated<T>(
  reader: ReadModelReader,
  campaignId: string,
  read: (head: HistoryHead) => Promise<T | undefined>,
): Promise<T | null> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const head = await reader.get<HistoryHead>(HISTORY, campaignId);
    if (head === null) return null;
    const found = await read(head);
    if (found !== undefined) return found;
  }
  throw new ReadModelUnavailableError(
    `the history of ${campaignId} is being built anew; ask again in a moment`,
  );
}

function totalsIn({ chunk, progress }: Part, cut: Cut): TotalsAt {
  let totals = { byPhase: { ...progress?.byPhase }, attempts: { ...progress?.attempts } };
  const reached = walk(chunk, cut, (change) => {
    if (change.reset) totals = { byPhase: {}, attempts: {} };
    else applyToTotals(totals, change);
  });
  return { ...reached, ...totals };
}

/** Number of the last chunk that has an event before the cut; null before the first. */
async function chunkAt(
  reader: ReadModelReader,
  head: HistoryHead,
  cut: Cut,
  known: Map<number, readonly Start[]> = new Map(),
): Promise<number | null> {
  const open = lastBefore(head.starts, cut);
  if (open !== null) return head.pages.length * head.chunksPerPage + open;
  const page = lastBefore(head.pages, cut);
  if (page === null) return null;
  let starts = known.get(page);
  if (starts === undefined) {
    starts = (await reader.get<HistoryPage>(HISTORY_PAGES, partId(head.id, page)))?.starts ?? [];
    known.set(page, starts);
  }
  return page * head.chunksPerPage + (lastBefore(starts, cut) ?? 0);
}

/** Both of a start's parts rise, so halving finds it. */
function lastBefore(starts: readonly Start[], cut: Cut): number | null {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = starts[middle];
    if (start !== undefined && isWithin(start[0], start[1], cut)) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : low - 1;
}

interface Part {
  readonly chunk: Chunk;
  readonly progress: ProgressDocument | null;
}

/** Fewer than asked for when some are not there (any more). */
async function partsOf(
  reader: ReadModelReader,
  head: HistoryHead,
  numbers: readonly number[],
): Promise<readonly Part[]> {
  const ids = numbers.map((number) => partId(head.id, number));
  const [entries, bases] = await Promise.all([
    reader.getMany<HistoryEntries>(HISTORY_ENTRIES, ids),
    reader.getMany<HistoryBase>(HISTORY_BASES, ids),
  ]);
  return numbers.flatMap((number, index) => {
    const chunk = number === head.chunk ? head.open : entries[index]?.chunk;
    const base = bases[index];
    if (chunk === null || chunk === undefined || (number > 0 && base === null)) return [];
    return [{ chunk, progress: base?.progress ?? null }];
  });
}

/** Hands on the changes of a chunk up to the cut. */
function walk(chunk: Chunk, cut: Cut, apply: (change: Parameters<typeof applyChange>[2]) => void): Reached {
  const changeOf = changeReader(chunk);
  let events = chunk.eventsBefore;
  let latest_ms = chunk.latestBefore_ms ?? chunk.time_ms;
  let reached: Reached = { ...NOTHING_REACHED, events };
  for (const entry of chunk.entries) {
    const [place, time] = entry;
    if (place !== '') {
      const position = positionAt(chunk.position, place);
      const time_ms = chunk.time_ms + time;
      latest_ms = Math.max(latest_ms, time_ms);
      if (!isWithin(position, latest_ms, cut)) return reached;
      events++;
      reached = { events, position, at: new Date(time_ms).toISOString() };
    }
    const change = changeOf(entry);
    if (change !== null) apply(change);
  }
  return reached;
}
