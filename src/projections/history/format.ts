/**
 * How a campaign's history is kept, so that any instant of it is two short reads away.
 *
 * The events of a campaign are cut into chunks. Of each chunk there are its entries (every event with its place,
 * its time and what it changed, packed) and its base: the progress before its first event. A page is an index of
 * a fixed number of chunks. The head has the chunk that is still open, the index of the newest chunks, and an index
 * of the pages. Closed chunks and pages never change again.
 */
import type { Document, Position } from '../../app/ports.ts';
import type { Change, ProgressDocument } from '../progress/document.ts';

export const HISTORY = 'history';
export const HISTORY_PAGES = 'history-pages';
export const HISTORY_BASES = 'history-bases';
export const HISTORY_ENTRIES = 'history-entries';

/** How large its parts grow. */
export interface HistoryLimits {
  /** Entries of a chunk; between the two it has as many as its base has counts, so that bases are at most half of it. */
  readonly minEntries: number;
  readonly maxEntries: number;
  readonly chunksPerPage: number;
}
export const HISTORY_LIMITS: HistoryLimits = { minEntries: 512, maxEntries: 4096, chunksPerPage: 128 };

/**
 * First position of a chunk (or page), and the latest time of all events up to its first one, milliseconds since
 * 1970: both rise from one to the next, whatever the clocks of the writers did.
 */
export type Start = readonly [position: Position, latest_ms: number];

/**
 * One event: its place (what differs from the chunk's first position at the end), its time (milliseconds after the
 * chunk's first event), then kind, slice, wave and vehicles where it changed a count. An entry with an empty place
 * is a further change of the event before it.
 */
export type Entry =
  | readonly [place: string, time: number]
  | readonly [place: string, time: number, kind: number, slice: number, wave: number, vehicles: number];

export interface Chunk {
  /** Events of the campaign before it. */
  readonly eventsBefore: number;
  /** The latest time before it; null for the first chunk. */
  readonly latestBefore_ms: number | null;
  readonly position: Position;
  readonly time_ms: number;
  /** Numbers of what entries name. */
  readonly kinds: Record<string, number>;
  readonly slices: Record<string, number>;
  readonly entries: Entry[];
}

export interface HistoryHead extends Document {
  /** Number of the open chunk, from 0. */
  readonly chunk: number;
  /** Entries after which the open chunk is closed. */
  readonly capacity: number;
  readonly chunksPerPage: number;
  /** Events up to now, and the latest of their times. */
  events: number;
  latest_ms: number | null;
  /** Null before its first event. */
  readonly open: Chunk | null;
  /** Starts of the chunks since the last page, the open one included. */
  readonly starts: readonly Start[];
  readonly pages: readonly Start[];
  /** When the campaign's first event was recorded. */
  readonly begun_ms: number;
}

export interface HistoryPage extends Document {
  readonly starts: readonly Start[];
}
export interface HistoryBase extends Document {
  readonly progress: ProgressDocument | null;
}
export interface HistoryEntries extends Document {
  readonly chunk: Chunk;
}

const DIGITS = 8;
export const partId = (campaignId: string, number: number): string =>
  `${campaignId}/${String(number).padStart(DIGITS, '0')}`;

/** What differs at the end; positions of one log have one width. */
export function placeOf(first: Position, position: Position): string {
  let same = 0;
  while (same < first.length && first[same] === position[same]) same++;
  return same === first.length ? position : position.slice(same);
}
export const positionAt = (first: Position, place: string): Position =>
  first.slice(0, first.length - place.length) + place;

export const kindOf = (change: Change): string =>
  JSON.stringify(change.reset ? [null, change.planId] : [change.type, change.from, change.to, change.code]);
export const sliceOf = (change: Change): string =>
  change.reset || change.slice === null
    ? 'null'
    : JSON.stringify([change.slice.model, change.slice.region, change.slice.hardware, change.slice.software]);

/** Gives the changes of a chunk back from their numbers. */
export function changeReader({ kinds, slices }: Chunk): (entry: Entry) => Change | null {
  const kindsByNumber = Object.keys(kinds).map((text) => JSON.parse(text) as KindText);
  const slicesByNumber = Object.keys(slices).map((text) => sliceFrom(JSON.parse(text) as SliceText));
  return (entry) => {
    if (entry.length === 2) return null;
    const [, , kind, slice, wave, vehicles] = entry;
    const known = kindsByNumber[kind];
    if (known === undefined) throw new RangeError(`a chunk of history has no kind ${kind}`);
    if (known.length === 2) return { reset: true, planId: known[1] };
    const [type, from, to, code] = known;
    return { reset: false, type, from, to, code, wave, slice: slicesByNumber[slice] ?? null, vehicles };
  };
}

type CountChange = Extract<Change, { reset: false }>;
type KindText =
  | [null, planId: string | null]
  | [string, CountChange['from'], CountChange['to'], string | null];
type SliceText = [model: string, region: string, hardware: string, software: string] | null;

const sliceFrom = (text: SliceText): CountChange['slice'] =>
  text === null ? null : { model: text[0], region: text[1], hardware: text[2], software: text[3] };
