/** Where the events of one assignment are in its shard's stream, so that a reader need not look through all of it. */

/** Revisions from the first to the last, both included. Events of other vehicles can lie between. */
export type Span = readonly [first: number, last: number];

/** Foreign events between two own ones that are rather read along: a read of its own costs about as much. */
const GAP = 256;
/** Spans of one assignment. Beyond that the two that are nearest to each other become one. */
const MOST = 16;

/** @param revision behind all that are in `spans`; one that is in them already changes nothing. */
export function withRevision(spans: readonly Span[], revision: number): readonly Span[] {
  const last = spans.at(-1);
  if (last === undefined) return [[revision, revision]];
  if (revision <= last[1]) return spans;
  if (revision - last[1] <= GAP) return [...spans.slice(0, -1), [last[0], revision]];
  const longer: readonly Span[] = [...spans, [revision, revision]];
  return longer.length > MOST ? withNearestJoined(longer) : longer;
}

function withNearestJoined(spans: readonly Span[]): readonly Span[] {
  let at = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [n, [, last]] of spans.entries()) {
    const gap = (spans[n + 1]?.[0] ?? Number.POSITIVE_INFINITY) - last;
    if (gap >= least) continue;
    least = gap;
    at = n;
  }
  const [first, second] = spans.slice(at, at + 2);
  if (first === undefined || second === undefined) return spans;
  return [...spans.slice(0, at), [first[0], second[1]], ...spans.slice(at + 2)];
}
