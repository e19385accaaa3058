/** Counting by names that come from outside. */

export type Counts<Key extends string = string> = Partial<Record<Key, number>>;

/** Names that vehicles send are bounded: what comes after that many different ones is counted as `other`. */
const MAX_NAMES = 500;
const OTHER = 'other';

/** Own fields only, so that a model named `constructor` is a name like others; `__proto__` must be defined to be one. */
export function entryOf<Value>(record: Record<string, Value>, key: string, make: () => Value): Value {
  const found = Object.hasOwn(record, key) ? record[key] : undefined;
  if (found !== undefined) return found;
  const value = make();
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
  return value;
}

/** Counts that come back to nothing are left out, so that equal states are equal documents. */
export function increase<Key extends string>(counts: Counts<Key>, key: Key, by: number): void {
  const known: Record<string, number> = counts as Record<string, number>;
  const sum = entryOf(known, key, () => 0) + by;
  if (sum === 0) delete known[key];
  else known[key] = sum;
}

/** Like `increase`, for names of which there could be any number. */
export function increaseBounded(counts: Counts, key: string, by: number): void {
  const fits = Object.hasOwn(counts, key) || Object.keys(counts).length < MAX_NAMES;
  increase(counts, fits ? key : OTHER, by);
}
