/**
 * Where history is cut: behind the event at a position, or before the first event recorded after an instant,
 * milliseconds since 1970 (DESIGN §3 "Order and time").
 */
export type Cut = { readonly position: string } | { readonly instant_ms: number };

/**
 * Whether an event lies before the cut.
 * @param latest_ms the latest time of all events up to this one: writers' clocks differ, so that a time alone does
 * not tell, and the first event that is later ends it.
 */
export const isWithin = (position: string, latest_ms: number, cut: Cut): boolean =>
  'position' in cut ? position <= cut.position : latest_ms <= cut.instant_ms;

/** How far a cut reaches. */
export interface Reached {
  /** Events of the campaign up to there. */
  readonly events: number;
  /** Place and time (ISO 8601 UTC) of the last of them; null when there are none. */
  readonly position: string | null;
  readonly at: string | null;
}

export const NOTHING_REACHED: Reached = { events: 0, position: null, at: null };
