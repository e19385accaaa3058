/** Writes a campaign's history while its progress is counted. */
import type { Documents, Position } from '../../app/ports.ts';
import type { Change, ProgressDocument } from '../progress/document.ts';
import {
  type Chunk,
  type Entry,
  HISTORY,
  HISTORY_BASES,
  HISTORY_ENTRIES,
  HISTORY_PAGES,
  type HistoryHead,
  type HistoryLimits,
  kindOf,
  partId,
  placeOf,
  type Start,
  sliceOf,
} from './format.ts';

export const HISTORY_COLLECTIONS = [HISTORY, HISTORY_PAGES, HISTORY_BASES, HISTORY_ENTRIES].map((name) => ({
  name,
  indexes: [],
}));

interface Recorded {
  readonly position: Position;
  readonly metadata: { readonly time: string };
}

/** Records one event of the campaign, after its changes have been counted. */
export function record(
  documents: Documents,
  campaignId: string,
  { position, metadata }: Recorded,
  changes: readonly Change[],
  limits: HistoryLimits,
): void {
  const time_ms = Date.parse(metadata.time);
  const before = documents.get<HistoryHead>(HISTORY, campaignId) ?? begin(campaignId, time_ms, limits);
  const latest_ms = Math.max(before.latest_ms ?? time_ms, time_ms);
  const head = before.open === null ? withChunk(documents, before, position, time_ms, latest_ms) : before;
  const open = head.open as Chunk;
  push(open, position, time_ms, changes);
  // In place: it happens for every event.
  head.events += 1;
  head.latest_ms = latest_ms;
  documents.put(HISTORY, open.entries.length < head.capacity ? head : closed(documents, head, open, limits));
}

const begin = (id: string, time_ms: number, limits: HistoryLimits): HistoryHead => ({
  id,
  chunk: 0,
  capacity: limits.minEntries,
  chunksPerPage: limits.chunksPerPage,
  events: 0,
  latest_ms: null,
  open: null,
  starts: [],
  pages: [],
  begun_ms: time_ms,
});

/** Opens the chunk that the event at this position is the first of. */
function withChunk(
  documents: Documents,
  head: HistoryHead,
  position: Position,
  time_ms: number,
  latest_ms: number,
): HistoryHead {
  const open: Chunk = {
    eventsBefore: head.events,
    latestBefore_ms: head.latest_ms,
    position,
    time_ms,
    kinds: {},
    slices: {},
    entries: [],
  };
  const start: Start = [position, latest_ms];
  if (head.starts.length < head.chunksPerPage) return { ...head, open, starts: [...head.starts, start] };
  documents.put(HISTORY_PAGES, { id: partId(head.id, head.pages.length), starts: head.starts });
  return { ...head, open, starts: [start], pages: [...head.pages, head.starts[0] as Start] };
}

function push(open: Chunk, position: Position, time_ms: number, changes: readonly Change[]): void {
  const time = time_ms - open.time_ms;
  let place = placeOf(open.position, position);
  const [first, ...more] = changes;
  if (first === undefined) open.entries.push([place, time]);
  for (const change of first === undefined ? [] : [first, ...more]) {
    const kind = numberOf(open.kinds, kindOf(change));
    const slice = numberOf(open.slices, sliceOf(change));
    const [wave, vehicles] = change.reset ? [0, 0] : [change.wave, change.vehicles];
    open.entries.push([place, time, kind, slice, wave, vehicles] satisfies Entry);
    place = '';
  }
}

/** Texts are JSON, which no name of a prototype is. */
function numberOf(numbers: Record<string, number>, text: string): number {
  const known = numbers[text];
  if (known !== undefined) return known;
  const number = Object.keys(numbers).length;
  numbers[text] = number;
  return number;
}

function closed(documents: Documents, head: HistoryHead, open: Chunk, limits: HistoryLimits): HistoryHead {
  const { id, chunk } = head;
  const progress = documents.get<ProgressDocument>('progress', id);
  documents.put(HISTORY_ENTRIES, { id: partId(id, chunk), chunk: open });
  // It goes on being changed in place.
  documents.put(HISTORY_BASES, { id: partId(id, chunk + 1), progress: structuredClone(progress) });
  const capacity = Math.min(limits.maxEntries, Math.max(limits.minEntries, countsIn(progress)));
  return { ...head, chunk: chunk + 1, capacity, open: null };
}

const countsIn = (value: unknown): number =>
  typeof value === 'number'
    ? 1
    : typeof value === 'object' && value !== null
      ? Object.values(value).reduce<number>((sum, one) => sum + countsIn(one), 0)
      : 0;
