/** One row of numbers per vehicle: configuration, revision, build date. Folded from vehicle and list events. */
import { parseStream } from '../../domain/shared/streams.ts';
import type { VehicleEvent } from '../../domain/vehicle/events.ts';
import type { VehicleListEvent } from '../../domain/vehicle-list/events.ts';
import { VehicleColumn } from './columns.ts';
import { Configurations, NO_CONFIGURATION } from './configurations.ts';
import { VehicleDictionary } from './vehicle-dictionary.ts';

const DAY_MS = 86_400_000;

/** Day of a date from 1 on, 1970-01-02 = 1; 0 where it is not known or outside 1970..2149. */
export function dayOf(date: string | null): number {
  if (date === null) return 0;
  const day = Date.parse(`${date}T00:00:00Z`) / DAY_MS;
  return day >= 1 && day <= 0xffff ? day : 0;
}

/** YYYY-MM-DD, or null for 0. */
export const dateOf = (day: number): string | null =>
  day === 0 ? null : new Date(day * DAY_MS).toISOString().slice(0, 10);

interface StoredList {
  /** Vehicles by number; of the last replacement that is complete. */
  complete: readonly number[] | null;
  replacementId: string;
  growing: number[];
}

export class VehicleTable {
  readonly dictionary = new VehicleDictionary();
  readonly configurations = new Configurations();
  readonly configuration = new VehicleColumn((length) => new Uint32Array(length));
  readonly revision = new VehicleColumn((length) => new Uint32Array(length));
  readonly builtOn = new VehicleColumn((length) => new Uint16Array(length));
  readonly #lists = new Map<string, StoredList>();
  readonly #undescribed = this.configurations.undescribed();
  /** Vehicles, without the ids that only lists name. */
  registered = 0;
  /** False from the first vehicle on whose id is not its VIN: VINs can't be asked for then. */
  vinsAreIds = true;

  /** Vehicles of a list, also such that are not registered; null when there is no such list. */
  list(listId: string): readonly number[] | null {
    return this.#lists.get(listId)?.complete ?? null;
  }

  /** @param stream and revision of the event. */
  applyVehicle(event: VehicleEvent, stream: string, revision: number): void {
    const ref = parseStream(stream);
    if (ref.category !== 'vehicle') return;
    const vehicle = this.dictionary.intern(ref.vehicleId);
    const before = this.configuration.get(vehicle);
    // Nothing but a registration can be the first event of a vehicle.
    if (before === NO_CONFIGURATION && event.type !== 'VehicleRegistered') return;
    if (before === NO_CONFIGURATION) this.registered += 1;
    this.revision.set(vehicle, revision);
    const after = this.#configurationAfter(event, before);
    if (event.type === 'VehicleDescribed') this.builtOn.set(vehicle, dayOf(event.data.description.buildDate));
    if (event.type === 'VehicleRegistered') {
      const { vin, vehicleId } = event.data;
      if (!('clear' in vin) || vin.clear !== vehicleId) this.vinsAreIds = false;
    }
    if (after === before) return;
    this.configuration.set(vehicle, after);
    this.configurations.move(before, after);
  }

  #configurationAfter(event: VehicleEvent, before: number): number {
    switch (event.type) {
      case 'VehicleRegistered':
        return this.#undescribed;
      case 'VehicleDescribed':
        return this.configurations.describe(before, event.data.description);
      case 'InventoryReported':
        return this.configurations.equip(before, event.data.ecus);
      case 'EcuReplaced':
        return this.configurations.replaceEcu(before, event.data.installed);
      case 'VehicleDecommissioned':
        return this.configurations.decommission(before);
      default:
        return before;
    }
  }

  /** Parts of one replacement follow each other; one that is cut off by another never counts. */
  applyList({ data }: VehicleListEvent): void {
    const { listId, replacementId, part, last, vehicles } = data;
    const list = this.#lists.get(listId) ?? { complete: null, replacementId, growing: [] };
    this.#lists.set(listId, list);
    if (part === 0 || list.replacementId !== replacementId) {
      list.replacementId = replacementId;
      list.growing = [];
    }
    for (const id of vehicles) list.growing.push(this.dictionary.intern(id));
    if (!last) return;
    list.complete = list.growing;
    list.growing = [];
  }
}
