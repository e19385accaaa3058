/** How fast the engine itself is, as far as the record shows it. */
import { isLimited } from '../campaigns/allowances.ts';
import type { Decided, Timeline } from './timeline.ts';
import type { Vehicles } from './vehicles.ts';

export interface EngineSpeed {
  /** Offers a second; null = it was never seen to be the limit. */
  readonly perSecond: number | null;
  /** From the release of a wave to its first offer, milliseconds. */
  readonly lead_ms: number;
  /** How long a place in flight that is given back stays empty, milliseconds. */
  readonly turnaround_ms: number;
}

/** It loses no time. */
export const INSTANT: EngineSpeed = { perSecond: null, lead_ms: 0, turnaround_ms: 0 };

export function speedOf(vehicles: Vehicles, timeline: Timeline): EngineSpeed {
  const { policy } = timeline;
  const releasedAt = releasesOf(timeline);
  return {
    // Under a limit of the plan it is that limit which shows.
    perSecond: isLimited(policy) ? null : paceOf(vehicles),
    lead_ms: policy.window === null ? leadOf(vehicles, releasedAt) : 0,
    turnaround_ms: policy.maxInFlight === null ? 0 : turnaroundOf(vehicles, policy.maxInFlight, releasedAt),
  };
}

const releasesOf = ({ before, after, policy }: Timeline): readonly number[] =>
  policy.waves.map((_, index) => {
    const isIt = ({ event }: Decided): boolean =>
      event.type === 'WaveReleased' && event.data.wave === index + 1;
    return (before.find(isIt) ?? after.find(isIt))?.at ?? Number.POSITIVE_INFINITY;
  });

/** The shortest of all waves: the others may have been held back by limits. */
export function leadOf({ count, wave, offeredAt }: Vehicles, releasedAt: readonly number[]): number {
  let lead = Number.POSITIVE_INFINITY;
  const first = releasedAt.map(() => Number.POSITIVE_INFINITY);
  for (let row = 0; row < count; row++) {
    const index = (wave[row] ?? 1) - 1;
    const at = offeredAt[row] ?? Number.NaN;
    if (at < (first[index] ?? Number.NEGATIVE_INFINITY)) first[index] = at;
  }
  for (const [index, released] of releasedAt.entries()) {
    const wait = (first[index] ?? 0) - released;
    if (wait >= 0) lead = Math.min(lead, wait);
  }
  return lead < Number.POSITIVE_INFINITY ? lead : 0;
}

const SECOND_MS = 1000;

/**
 * Most offers in one second that were followed by more in the next one: then it was the engine that took so long, and
 * not the vehicles that had run out. Null when there was no such second.
 */
export function paceOf({ offeredAt }: Pick<Vehicles, 'offeredAt'>): number | null {
  const seconds = new Map<number, number>();
  for (const at of offeredAt) {
    if (Number.isNaN(at)) continue;
    const second = Math.floor(at / SECOND_MS);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  let most = 0;
  for (const [second, offers] of seconds) if (seconds.has(second + 1)) most = Math.max(most, offers);
  return most === 0 ? null : most;
}

/** So many vehicles say how long that is. */
const LOOKED_AT = 50_000;

/**
 * How long a place stayed empty at the median, milliseconds: an offer beyond the limit can't come before as many places
 * as it is beyond have been given back, nor before its wave was released. 0 where the limit was never reached.
 * @param most vehicles in flight at a time, of the plan on record.
 * @param releasedAt of each wave, wave 1 first; milliseconds since 1970.
 */
export function turnaroundOf(vehicles: Vehicles, most: number, releasedAt: readonly number[]): number {
  const rows: number[] = [];
  for (let row = 0; row < vehicles.count && rows.length < LOOKED_AT; row++)
    if (!Number.isNaN(vehicles.offeredAt[row])) rows.push(row);
  const offeredAt = (row: number): number => vehicles.offeredAt[row] ?? 0;
  const freed = Float64Array.from(rows, (row) => offeredAt(row) + (vehicles.outcome_ms[row] ?? 0)).sort();
  const gaps = rows
    .sort((a, b) => offeredAt(a) - offeredAt(b))
    .slice(most)
    .map((row, n) => {
      const released = releasedAt[(vehicles.wave[row] ?? 1) - 1] ?? Number.NEGATIVE_INFINITY;
      return offeredAt(row) - Math.max(freed[n] ?? Number.POSITIVE_INFINITY, released);
    })
    .filter((gap) => gap >= 0)
    .sort((a, b) => a - b);
  return gaps[gaps.length >> 1] ?? 0;
}
