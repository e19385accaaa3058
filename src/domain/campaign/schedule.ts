/** Off-peak windows in the vehicle's own time zone, right over every change of its clocks. */
import { Temporal } from 'temporal-polyfill';
import type { OffPeakWindow } from './policy.ts';

/** The current or the next opening of a window. Instants are ISO 8601 UTC with milliseconds. */
export interface WindowOpening {
  /** Whether `now` lies in `[opens, closes)`. */
  readonly inside: boolean;
  readonly opens: string;
  readonly closes: string;
}

interface Cached {
  /** Not before the time it was computed for, nor from `closes` on, does it answer. */
  readonly from: string;
  readonly before: WindowOpening;
  readonly open: WindowOpening;
}

/** Openings of one window by time zone: there are some 600 zones, and they go with the window. */
const cache = new WeakMap<OffPeakWindow, Map<string, Cached>>();

/**
 * A local time that does not exist, or exists twice, means what RFC 5545 §3.3.5 says: the offset before the gap,
 * and the first of the two. A window that would so end before it begins opens where the gap ends; one that is
 * empty then is left out. `days` are those on which it opens.
 * @param timeZone IANA name.
 * @param now ISO 8601 UTC with milliseconds.
 * @throws RangeError for a time zone that is not known.
 */
export function windowAt(window: OffPeakWindow, timeZone: string, now: string): WindowOpening {
  let zones = cache.get(window);
  if (zones === undefined) {
    zones = new Map();
    cache.set(window, zones);
  }
  let cached = zones.get(timeZone);
  if (cached === undefined || now < cached.from || now >= cached.open.closes) {
    const { opens, closes } = nextOpening(window, timeZone, now);
    cached = {
      from: now,
      before: { inside: false, opens, closes },
      open: { inside: true, opens, closes },
    };
    zones.set(timeZone, cached);
  }
  return now >= cached.open.opens ? cached.open : cached.before;
}

/** A week has every day of the week; one more each side for windows over midnight, and a few for a day left out. */
const DAYS_AHEAD = 15;

function nextOpening(
  window: OffPeakWindow,
  timeZone: string,
  now: string,
): { readonly opens: string; readonly closes: string } {
  const today = Temporal.Instant.from(now).toZonedDateTimeISO(timeZone).toPlainDate();
  for (let day = -1; day <= DAYS_AHEAD; day++) {
    const date = today.add({ days: day });
    if (!window.days.includes(date.dayOfWeek)) continue;
    const opening = openingOn(window, timeZone, date);
    if (opening !== null && opening.closes > now) return opening;
  }
  throw new RangeError(`the window ${window.from}–${window.to} never opens in ${timeZone}`);
}

function openingOn(window: OffPeakWindow, timeZone: string, date: Temporal.PlainDate) {
  const overMidnight = window.to <= window.from;
  const closes = local(overMidnight ? date.add({ days: 1 }) : date, window.to, timeZone);
  let opens = local(date, window.from, timeZone);
  if (opens >= closes) opens = gapEnd(date, window.from, timeZone) ?? opens;
  return opens < closes ? { opens, closes } : null;
}

const instantOf = (at: Temporal.ZonedDateTime): string => new Date(at.epochMilliseconds).toISOString();

/** `compatible` is Temporal's name for the rule of RFC 5545. */
const local = (date: Temporal.PlainDate, time: string, timeZone: string): string =>
  instantOf(date.toPlainDateTime(time).toZonedDateTime(timeZone, { disambiguation: 'compatible' }));

/** Where the clocks jump over this local time, or null when they don't. */
function gapEnd(date: Temporal.PlainDate, time: string, timeZone: string): string | null {
  const wanted = date.toPlainDateTime(time);
  const earlier = wanted.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  if (earlier.toPlainDateTime().equals(wanted)) return null;
  const transition = earlier.getTimeZoneTransition('next');
  return transition === null ? null : instantOf(transition);
}
