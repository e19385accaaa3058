/** IANA time zone names. */

const KEPT = 2048;
const known = new Map<string, boolean>();

/**
 * Whether it is an IANA name, spelt as in the database (`Europe/Berlin`, `UTC`). Offsets such as `+01:00` are
 * none: they know no daylight saving time, so off-peak windows would be wrong for half of the year.
 */
export function isTimeZone(name: string): boolean {
  const seen = known.get(name);
  if (seen !== undefined) return seen;
  const valid = lookUp(name);
  if (known.size >= KEPT) known.clear();
  known.set(name, valid);
  return valid;
}

function lookUp(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    const resolved = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    // A link resolves to another name, and that is fine; the same name in other letters is a typing error.
    return resolved === name || resolved.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
