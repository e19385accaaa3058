/** Who is connected, and who was heard of lately. Ephemeral: it is gone with the process (DESIGN §6). */

/** A vehicle counts as active this long after it was heard of, milliseconds (DESIGN §7). */
export const ACTIVE_MS = 15 * 60 * 1000;
/** After so many changes, vehicles that are neither connected nor active are forgotten. */
const SWEEP_EVERY = 10_000;

export interface PresenceTable {
  /** Times in milliseconds since 1970. */
  presence(vehicleId: string, online: boolean, at: number): void;
  heard(vehicleId: string, at: number): void;
  isOnline(vehicleId: string): boolean;
  onlineCount(): number;
  /** Connected now, or heard of within 15 minutes. */
  active(now: number): readonly string[];
}

export function createPresenceTable(): PresenceTable {
  const online = new Set<string>();
  const lastHeard = new Map<string, number>();
  let changes = 0;

  function sweep(now: number): void {
    for (const [vehicleId, at] of lastHeard)
      if (at + ACTIVE_MS < now && !online.has(vehicleId)) lastHeard.delete(vehicleId);
  }
  function heard(vehicleId: string, at: number): void {
    lastHeard.set(vehicleId, at);
    if (++changes % SWEEP_EVERY === 0) sweep(at);
  }

  return {
    heard,
    presence(vehicleId, isOnline, at) {
      if (isOnline) online.add(vehicleId);
      else online.delete(vehicleId);
      heard(vehicleId, at);
    },
    isOnline: (vehicleId) => online.has(vehicleId),
    onlineCount: () => online.size,
    active(now) {
      sweep(now);
      return [...lastHeard.keys()];
    },
  };
}
