/** How fast the engine itself offers, as far as the record shows it. */
import type { Vehicles } from './vehicles.ts';

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
