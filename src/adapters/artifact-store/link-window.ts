/** When a link to a blob holds. */

/** A week: what S3 allows at most. */
const MAX_VALID_S = 7 * 24 * 3600;

/**
 * The times between which a link given at `now` (milliseconds since 1970) is good: for `valid_s` seconds at least and
 * a half more at most. All links to a blob that are given within half that time are the same, so that a cache in
 * front of the store, which goes by the whole address, has one entry for many vehicles.
 * @throws RangeError for less than a second, or for so long that it might be more than a week.
 */
export function linkWindow(now: number, valid_s: number): { readonly from: Date; readonly until: Date } {
  const step_s = Math.ceil(valid_s / 2);
  const whole_s = valid_s + step_s;
  if (!Number.isInteger(valid_s) || valid_s < 1 || whole_s > MAX_VALID_S)
    throw new RangeError(`a link is valid for 1 to ${Math.floor((MAX_VALID_S * 2) / 3)} whole seconds`);
  const from = Math.floor(now / (step_s * 1000)) * step_s * 1000;
  return { from: new Date(from), until: new Date(from + whole_s * 1000) };
}
