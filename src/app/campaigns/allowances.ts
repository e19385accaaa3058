/**
 * How many offers each shard may make, so that limits over all shards are kept and no shard starves. Pure.
 *
 * The sum of what was offered lately (or is in flight) and of what may still be offered never passes a limit,
 * whenever the shards use it. What a shard can't use for a while (its vehicles are outside their windows) is taken
 * back for others.
 */
import type { OfferLedger } from './offer-ledger.ts';

export interface Limits {
  readonly offersPerMinute: number | null;
  /** Vehicles between offer and outcome. */
  readonly maxInFlight: number | null;
}

export const isLimited = (limits: Limits): boolean =>
  limits.offersPerMinute !== null || limits.maxInFlight !== null;

/** Unused for this long, milliseconds, while others could use it: taken back. */
export const UNUSED_MS = 60_000;

/**
 * A rate per minute as a limit on a sliding span: in ten seconds a sixth of it, so that offers flow evenly; below
 * 60 a minute, that many in the whole minute.
 */
export const rateSpan = (perMinute: number): { readonly span_ms: number; readonly offers: number } =>
  perMinute >= 60
    ? { span_ms: 10_000, offers: Math.floor(perMinute / 6) }
    : { span_ms: 60_000, offers: perMinute };

export interface Usage {
  readonly ledger: OfferLedger;
  /** Vehicles between offer and outcome now. */
  readonly inFlight: number;
}

/** Offers that may be allowed now on top of what is outstanding, and when that can grow by time alone. */
export function room(
  limits: Limits,
  usages: readonly Usage[],
  now: number,
): { readonly offers: number; readonly wakeAt: number | null } {
  const outstanding = usages.reduce((sum, { ledger }) => sum + ledger.outstanding(now), 0);
  let offers = Number.POSITIVE_INFINITY;
  const times: (number | null)[] = usages.map(({ ledger }) => ledger.nextExpiry(now));
  if (limits.maxInFlight !== null) {
    const inFlight = usages.reduce((sum, usage) => sum + usage.inFlight, 0);
    offers = Math.min(offers, limits.maxInFlight - inFlight - outstanding);
  }
  if (limits.offersPerMinute !== null) {
    const rate = rateSpan(limits.offersPerMinute);
    const recent = usages.map(({ ledger }) => ledger.within(rate.span_ms, now));
    const made = recent.reduce((sum, one) => sum + one.offers, 0);
    offers = Math.min(offers, rate.offers - made - outstanding);
    times.push(...recent.map((one) => one.leavesAt));
  }
  const later = times.filter((at) => at !== null);
  return { offers: Math.max(0, offers), wakeAt: later.length === 0 ? null : Math.min(...later) };
}

export interface Distribution {
  /** Cumulative offers per shard; null when nothing changes. */
  readonly offers: readonly number[] | null;
  /** How much of the room was used. */
  readonly used: number;
  /** Vehicles that wait and are not covered. */
  readonly unmet: number;
}

/** Gives `offers` to the shards with waiting vehicles, evenly, beginning where the last round left off. */
export function distribute(
  ledger: OfferLedger,
  releasedWave: number,
  offers: number,
  now: number,
): Distribution {
  const next = ledger.allowed.map((allowed, shard) => Math.max(allowed, ledger.offered[shard] ?? 0));
  const needs = next.map((_, shard) => Math.max(0, ledger.waiting(shard, releasedWave) - ledger.left(shard)));
  const start = ledger.offered.reduce((sum, made) => sum + made, 0) % ledger.shards;
  let left = offers;
  let hungry = needs
    .map((_, index) => (index + start) % ledger.shards)
    .filter((shard) => (needs[shard] ?? 0) > 0)
    .sort((a, b) => ledger.left(a) - ledger.left(b));
  while (left > 0 && hungry.length > 0) {
    const share = Math.max(1, Math.floor(left / hungry.length));
    for (const shard of hungry) {
      const give = Math.min(share, needs[shard] ?? 0, left);
      next[shard] = (next[shard] ?? 0) + give;
      needs[shard] = (needs[shard] ?? 0) - give;
      left -= give;
    }
    hungry = hungry.filter((shard) => (needs[shard] ?? 0) > 0);
  }
  const unmet = needs.reduce((sum, need) => sum + need, 0);
  const taken = takeBack(ledger, releasedWave, next, unmet, now);
  const used = offers - left;
  return { offers: used > 0 || taken ? next : null, used, unmet };
}

/** Lowers allowances: what a shard has no vehicle for at once, what it has not used for a while if others need it. */
function takeBack(
  ledger: OfferLedger,
  releasedWave: number,
  next: number[],
  unmet: number,
  now: number,
): boolean {
  let taken = false;
  for (let shard = 0; shard < ledger.shards; shard++) {
    const unused = ledger.left(shard);
    if (unused === 0 || next[shard] !== ledger.allowed[shard]) continue;
    const idle = now - (ledger.movedAt[shard] ?? 0) >= UNUSED_MS;
    const keep = unmet > 0 && idle ? 0 : Math.min(unused, Math.max(0, ledger.waiting(shard, releasedWave)));
    if (keep === unused) continue;
    next[shard] = (ledger.offered[shard] ?? 0) + keep;
    taken = true;
  }
  return taken;
}

/** When the next unused allowance may be taken back, milliseconds since 1970; null when there is none. */
export function nextTakeBack(ledger: OfferLedger): number | null {
  let next: number | null = null;
  for (let shard = 0; shard < ledger.shards; shard++) {
    if (ledger.left(shard) === 0) continue;
    const at = (ledger.movedAt[shard] ?? 0) + UNUSED_MS;
    next = Math.min(next ?? at, at);
  }
  return next;
}
