/** Versions of software and hardware: compared as SemVer 2.0.0 where they are that, as plain names otherwise. */
import { compareBuild, parse, Range } from 'semver';
import type { VersionConstraint } from '../artifact/events.ts';

export type VersionScheme = 'semver' | 'exact';

export type VersionMatch =
  | { readonly matches: true }
  | { readonly matches: false; readonly why: 'outside' | 'version-not-semver' | 'invalid-range' };

/**
 * Ranges are compared by precedence alone: `<2.1.0` takes 2.1.0-rc.1 and 2.0.0-beta, as SemVer orders them. The
 * rule of package managers (a pre-release only matches where the range names one) would leave pilot vehicles,
 * which run pre-releases, out of every update. `^1.2.0` still leaves out 2.0.0-rc.1.
 */
const OPTIONS = { includePrerelease: true };

const RANGES_KEPT = 512;
const ranges = new Map<string, Range | null>();

/** Parsed once: one range is matched against millions of vehicles. */
function rangeOf(text: string): Range | null {
  const known = ranges.get(text);
  if (known !== undefined) return known;
  let range: Range | null;
  try {
    range = new Range(text, OPTIONS);
  } catch {
    range = null;
  }
  if (ranges.size >= RANGES_KEPT) ranges.clear();
  ranges.set(text, range);
  return range;
}

export const isSemver = (version: string): boolean => parse(version) !== null;
export const isVersionRange = (range: string): boolean => rangeOf(range) !== null;

/** Whether a version is in the set. A version that is not SemVer is in no range, not even in `*`. */
export function matchVersion(version: string, constraint: VersionConstraint): VersionMatch {
  if ('exact' in constraint)
    return constraint.exact.includes(version) ? { matches: true } : { matches: false, why: 'outside' };
  const range = rangeOf(constraint.range);
  if (range === null) return { matches: false, why: 'invalid-range' };
  const parsed = parse(version);
  if (parsed === null) return { matches: false, why: 'version-not-semver' };
  return range.test(parsed) ? { matches: true } : { matches: false, why: 'outside' };
}

/**
 * Negative where `a` is older than `b`, 0 where they are the same, positive where it is newer; null where
 * they have no order (scheme `exact`, or one of them is not SemVer) and differ. Build metadata (`+7`) counts: in
 * a vehicle another build is other software.
 */
export function compareVersions(a: string, b: string, scheme: VersionScheme = 'semver'): number | null {
  if (a === b) return 0;
  if (scheme === 'exact') return null;
  const [left, right] = [parse(a), parse(b)];
  return left === null || right === null ? null : compareBuild(left, right);
}

export const sameVersion = (a: string, b: string, scheme: VersionScheme = 'semver'): boolean =>
  compareVersions(a, b, scheme) === 0;

/** For messages: `>=1.2.0 <2.0.0`, or `one of A, B`. */
export const describeConstraint = (constraint: VersionConstraint): string =>
  'range' in constraint ? constraint.range : `one of ${constraint.exact.join(', ')}`;
