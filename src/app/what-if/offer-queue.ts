/** Who is offered next: the lowest rank that waits, of a released wave, inside its own off-peak window. */

import type { OffPeakWindow } from '../../domain/campaign/policy.ts';
import { windowAt } from '../../domain/campaign/schedule.ts';
import type { Vehicles } from './vehicles.ts';

interface Zone {
  readonly name: string;
  /** Its vehicles by rank. */
  readonly rows: Uint32Array;
  /** No row before this one waits. */
  at: number;
  open: boolean;
  /** When the window opens or closes next. */
  changesAt: number;
}

export class OfferQueue {
  readonly #waits: (row: number) => boolean;
  readonly #vehicles: Vehicles;
  #zones: Zone[] = [];
  #window: OffPeakWindow | null = null;

  constructor(vehicles: Vehicles, window: OffPeakWindow | null, waits: (row: number) => boolean) {
    this.#vehicles = vehicles;
    this.#waits = waits;
    this.setWindow(window);
  }

  setWindow(window: OffPeakWindow | null): void {
    this.#window = window;
    const names = window === null ? [''] : this.#vehicles.zones;
    this.#zones = rowsByZone(this.#vehicles, names.length).map((rows, index) => ({
      name: names[index] ?? '',
      rows,
      at: 0,
      open: window === null,
      changesAt: window === null ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY,
    }));
  }

  /** Rows that were offered wait again. */
  rewind(): void {
    for (const zone of this.#zones) zone.at = 0;
  }

  /**
   * @param end rank at which the released waves end.
   * @returns the row; or when to look again (Infinity = when something else has changed).
   */
  next(now: number, end: number): { readonly row: number } | { readonly row: null; readonly at: number } {
    let row = end;
    let at = Number.POSITIVE_INFINITY;
    for (const zone of this.#zones) {
      const head = this.#head(zone);
      if (head >= end) continue;
      if (now >= zone.changesAt) this.#look(zone, now);
      if (zone.open) row = Math.min(row, head);
      else at = Math.min(at, zone.changesAt);
    }
    return row < end ? { row } : { row: null, at };
  }

  #head(zone: Zone): number {
    while (zone.at < zone.rows.length && !this.#waits(zone.rows[zone.at] ?? 0)) zone.at++;
    return zone.rows[zone.at] ?? Number.POSITIVE_INFINITY;
  }

  #look(zone: Zone, now: number): void {
    if (this.#window === null) return;
    const { inside, opens, closes } = windowAt(this.#window, zone.name, new Date(now).toISOString());
    zone.open = inside;
    zone.changesAt = Date.parse(inside ? closes : opens);
  }
}

function rowsByZone({ count, zone }: Vehicles, zones: number): Uint32Array[] {
  const one = zones <= 1;
  const sizes = new Uint32Array(Math.max(1, zones));
  const indexOf = (row: number): number => (one ? 0 : (zone[row] ?? 0));
  for (let row = 0; row < count; row++) sizes[indexOf(row)] = (sizes[indexOf(row)] ?? 0) + 1;
  const rows = [...sizes].map((size) => new Uint32Array(size));
  const filled = new Uint32Array(rows.length);
  for (let row = 0; row < count; row++) {
    const index = indexOf(row);
    const at = filled[index] ?? 0;
    filled[index] = at + 1;
    const mine = rows[index];
    if (mine !== undefined) mine[at] = row;
  }
  return rows;
}
