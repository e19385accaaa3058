/** How fast the engine itself offers, as far as the record shows it. */
import type { Vehicles } from './vehicles.ts';

const SECOND_MS = 1000;

/**
 * Most offers in one second that were followed by more in the next one: then it was the engine that took so long, and
 * not the vehicles that had run out. Null when there was no such second.
 */
export function paceOf({ offeredAt }: Pick<Vehicles, 'offeredAt'>): number | null {
  const times = offeredAt.filter((at) => !Number.isNaN(at)).sort();
  let most = 0;
  for (let first = 0, last = 0; first < times.length; first++) {
    const from = times[first] ?? 0;
    while (last < times.length && (times[last] ?? 0) < from + SECOND_MS) last++;
    const next = times[last];
    if (next !== undefined && next < from + 2 * SECOND_MS) most = Math.max(most, last - first);
  }
  return most === 0 ? null : most;
}
