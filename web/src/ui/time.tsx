/** Instants as people read them: in the reader's zone, beside it in the vehicle's, and how long ago. */
import { useSyncExternalStore } from 'react';
import { ago, time, timeIn } from '../lib/format.ts';

const READER_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const TICK_MS = 5000;

const listeners = new Set<() => void>();
let now = Date.now();
let ticking: ReturnType<typeof setInterval> | undefined;

/** One clock for the whole page, and none while nobody looks at it. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const tell of listeners) tell();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** The clock as it was read last; nothing that has happened since is in the future. */
function nowFor(at: string): number {
  if (ticking === undefined) now = Date.now();
  return Date.parse(at) > now ? Date.now() : now;
}

/** "3 min. ago", which stays true while the page is open, whatever is around it. */
export function Ago({ at }: { readonly at: string }) {
  const since = useSyncExternalStore(subscribe, () => ago(at, nowFor(at)));
  return (
    <time dateTime={at} title={time(at)}>
      {since}
    </time>
  );
}

interface ZonedProps {
  readonly at: string;
  /** The vehicle's, as IANA names it. */
  readonly zone: string;
}

/** The reader's time, and the vehicle's where it is another zone. */
export function ZonedTime({ at, zone }: ZonedProps) {
  return (
    <>
      <time dateTime={at}>{time(at)}</time>
      {zone === READER_ZONE || zone === '' ? null : <span className="zoned">{timeIn(at, zone)}</span>}
    </>
  );
}
