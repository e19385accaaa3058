/** Vehicles as they are now, and every inventory they ever had. */
import type { Document, DocumentKey, Projection } from '../app/ports.ts';
import { parseStream } from '../domain/shared/streams.ts';
import type { VehicleEvent } from '../domain/vehicle/events.ts';
import { evolveVehicle, noVehicle, type Vehicle, type VehicleState } from '../domain/vehicle/state.ts';

/** Revisions sort as numbers when they are this wide. */
const REVISION_DIGITS = 10;

function toDocument(vehicle: Vehicle, revision: number, registeredAt: unknown): Document {
  const { vehicleId, vin, description, ecus, inventorySource, epoch, credential, serviceFlags } = vehicle;
  return {
    id: vehicleId,
    vin: 'clear' in vin ? vin.clear : null,
    checkDigitValid: vehicle.checkDigitValid,
    ...description,
    ecus,
    inventorySource,
    epoch,
    credential: credential === null ? null : { generation: credential.generation },
    serviceFlags,
    decommissioned: vehicle.decommissioned,
    registeredAt,
    revision,
    folded: vehicle,
  };
}

export const vehicles: Projection = {
  name: 'vehicles',
  version: 1,
  prefixes: ['vehicle-'],
  collections: [
    { name: 'vehicles', indexes: ['vin', 'brand', 'model', 'region', 'decommissioned'] },
    { name: 'inventory-history', indexes: ['vehicleId'] },
  ],
  keys({ recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    return ref.category === 'vehicle' ? [{ collection: 'vehicles', id: ref.vehicleId }] : [];
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (ref.category !== 'vehicle') return;
    const { vehicleId } = ref;
    const before = documents.get<Document & { folded: VehicleState }>('vehicles', vehicleId);
    const folded = evolveVehicle(before?.folded ?? noVehicle, event as VehicleEvent);
    if (folded.stage === 'none') return;
    const { time } = recorded.metadata;
    documents.put('vehicles', toDocument(folded, recorded.revision, before?.['registeredAt'] ?? time));
    if (event.type !== 'InventoryReported' && event.type !== 'EcuReplaced') return;
    documents.put('inventory-history', {
      id: `${vehicleId}/${String(recorded.revision).padStart(REVISION_DIGITS, '0')}`,
      vehicleId,
      revision: recorded.revision,
      at: time,
      type: event.type,
      source: event.data.source,
      by: recorded.metadata.actor,
      ecus: folded.ecus,
    });
  },
};
