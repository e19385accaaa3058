/** All that is on record between a vehicle and us, newest first, by pages or as one stream. */
import { type Position, START } from '../../ports.ts';
import type { Direction, VehicleMessage } from './message.ts';
import {
  letterSource,
  type Marks,
  type MessageDeps,
  recordSource,
  rolloutSources,
  type Source,
  type Sourced,
} from './sources.ts';

/** Where a page ended: what is older than `before` comes next. */
export interface MessagePlace extends Marks {
  readonly before: Position;
}

export interface MessagePage {
  readonly items: readonly VehicleMessage[];
  /** Null at the end. */
  readonly next: MessagePlace | null;
}

export interface MessageQuery {
  /** Null = all of them. */
  readonly direction: Direction | null;
  /** Null = from the newest on. */
  readonly after: MessagePlace | null;
}

/** Behind every position: what an opened source may begin with. */
const UNKNOWN = '\uffff';

/** A source that is being read; until it is opened, all that is known is what it can't be behind. */
interface Head {
  readonly source: Source;
  bound: Position;
  reading: AsyncGenerator<Sourced> | null;
  next: Sourced | null;
}

/** Base64 of dead letters in a page: what does not fit is on the next one. Each can have half a megabyte of bytes. */
const PAGE_RAW_CHARS = 4 * 1024 * 1024;

/**
 * Has fewer items where dead letters are large; at least one, unless there are none.
 * @param limit 1 or more.
 */
export async function messagePage(
  deps: MessageDeps,
  vehicleId: string,
  query: MessageQuery,
  limit: number,
): Promise<MessagePage> {
  const items: VehicleMessage[] = [];
  let place: MessagePlace | null = null;
  let raw = 0;
  for await (const { message, at } of messagesOf(deps, vehicleId, query)) {
    raw += message.raw?.length ?? 0;
    if (items.length === limit || (raw > PAGE_RAW_CHARS && items.length > 0)) return { items, next: place };
    items.push(message);
    place = at;
  }
  return { items, next: null };
}

/** Each message with the place behind it. Rollouts are only read when it is their turn. */
export async function* messagesOf(
  deps: MessageDeps,
  vehicleId: string,
  { direction, after }: MessageQuery,
): AsyncGenerator<{ readonly message: VehicleMessage; readonly at: MessagePlace }> {
  const heads = (await sourcesOf(deps, vehicleId, direction, after)).map(
    (source): Head => ({ source, bound: source.newest ?? UNKNOWN, reading: null, next: null }),
  );
  let marks: Marks = { record: after?.record ?? null, letters: after?.letters ?? null };
  const before = after?.before ?? UNKNOWN;
  try {
    for (let head = newestOf(heads); head !== null; head = newestOf(heads)) {
      const { next } = head;
      await advance(head);
      if (next === null) continue;
      marks = { ...marks, ...next.marks };
      const { message } = next;
      if (message.position >= before || (direction !== null && message.direction !== direction)) continue;
      yield { message, at: { before: message.position, ...marks } };
    }
  } finally {
    for (const { reading } of heads) await reading?.return(undefined);
  }
}

async function sourcesOf(
  deps: MessageDeps,
  vehicleId: string,
  direction: Direction | null,
  after: MessagePlace | null,
): Promise<readonly Source[]> {
  const letters = letterSource(deps, vehicleId, after?.letters ?? null);
  if (direction === 'set-aside') return [letters];
  const others = [
    recordSource(deps, vehicleId, after?.record ?? null),
    ...(await rolloutSources(deps, vehicleId)),
  ];
  return direction === null ? [letters, ...others] : others;
}

/** The one whose next message can be the newest of all; null when all are at their end. */
function newestOf(heads: readonly Head[]): Head | null {
  let newest: Head | null = null;
  for (const head of heads)
    if (head.bound !== START && (newest === null || head.bound > newest.bound)) newest = head;
  return newest;
}

async function advance(head: Head): Promise<void> {
  head.reading ??= head.source.open();
  const { value, done } = await head.reading.next();
  head.next = done === true ? null : value;
  head.bound = head.next?.message.position ?? START;
}
