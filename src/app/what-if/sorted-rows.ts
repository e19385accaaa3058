/** Rows in the order of a column. Millions are sorted in small steps: a sort at once would hold everything else up. */

/** So many are sorted at once, or merged between two yields. */
const AT_ONCE = 4096;

/** Unlike a difference it holds for infinities. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

/** @returns the rows by their number in the column, smallest first, and by row where that is the same. */
export function* sortedRows(rows: readonly number[], by: Float64Array): Generator<void, Uint32Array> {
  const before = (a: number, b: number): number => compare(by[a] ?? 0, by[b] ?? 0) || a - b;
  let from = Uint32Array.from(rows);
  let to = new Uint32Array(rows.length);
  for (let start = 0; start < from.length; start += AT_ONCE) {
    from.subarray(start, start + AT_ONCE).sort(before);
    yield;
  }
  for (let width = AT_ONCE; width < from.length; width *= 2) {
    for (let start = 0; start < from.length; start += 2 * width)
      yield* merge(from, to, [start, start + width, start + 2 * width], before);
    [from, to] = [to, from];
  }
  return from;
}

/** Two runs that lie one after the other become one. */
function* merge(
  from: Uint32Array,
  to: Uint32Array,
  [start, middle, end]: readonly [start: number, middle: number, end: number],
  before: (a: number, b: number) => number,
): Generator<void, void> {
  const [leftEnd, rightEnd] = [Math.min(middle, from.length), Math.min(end, from.length)];
  let left = start;
  let right = leftEnd;
  for (let at = start; at < rightEnd; at++) {
    const isLeft = right >= rightEnd || (left < leftEnd && before(from[left] ?? 0, from[right] ?? 0) <= 0);
    to[at] = (isLeft ? from[left++] : from[right++]) ?? 0;
    if (at % AT_ONCE === 0) yield;
  }
}
