/** Vehicles by the end of their VIN, as people read it aloud. Sealed VINs are in no read model. */
import type { Projection } from '../app/ports.ts';

/** The serial number of ISO 3779 is in the last characters; fewer of them would find too many vehicles. */
export const VIN_END = 6;
export const vinEnd = (vin: string): string => vin.slice(-VIN_END).toUpperCase();

export const vinEnds: Projection = {
  name: 'vin-ends',
  version: 1,
  prefixes: ['vehicle-'],
  collections: [{ name: 'vin-ends', indexes: ['end'] }],
  keys: () => [],
  apply({ event }, documents) {
    if (event.type !== 'VehicleRegistered' || !('clear' in event.data.vin)) return;
    documents.put('vin-ends', { id: event.data.vehicleId, end: vinEnd(event.data.vin.clear) });
  },
};
