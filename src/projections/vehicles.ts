/** Vehicles as they are now, every inventory they ever had, and how many of them run which software over time. */
import type { Document, DocumentKey, Projection } from '../app/ports.ts';
import { parseStream } from '../domain/shared/streams.ts';
import type { Ecu, VehicleDescription, VehicleEvent } from '../domain/vehicle/events.ts';
import { evolveVehicle, noVehicle, type Vehicle, type VehicleState } from '../domain/vehicle/state.ts';
import { INSTALLED_BASE_LIMITS } from './installed-base/format.ts';
import { withInstalledBase } from './installed-base/projection.ts';

/** Revisions sort as numbers when they are this wide. */
const REVISION_DIGITS = 10;

/** The state it was made from can be had back from a document, as far as later events change it. */
interface VehicleDocument extends Document, VehicleDescription {
  readonly vin: string | null;
  readonly checkDigitValid: boolean;
  readonly ecus: readonly Ecu[];
  readonly inventorySource: Vehicle['inventorySource'];
  readonly epoch: Vehicle['epoch'];
  readonly credential: { readonly generation: number } | null;
  readonly serviceFlags: readonly string[];
  readonly decommissioned: boolean;
  readonly registeredAt: string;
  readonly revision: number;
}

function toDocument(vehicle: Vehicle, revision: number, registeredAt: string): VehicleDocument {
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
  };
}

function stateOf(document: VehicleDocument | null): VehicleState {
  if (document === null) return noVehicle;
  const { id, vin, checkDigitValid, brand, model, variant, region, timeZone, tags, buildDate } = document;
  const { ecus, inventorySource, epoch, credential, serviceFlags, decommissioned } = document;
  const description = { brand, model, variant, region, timeZone, tags, buildDate };
  return {
    stage: decommissioned ? 'decommissioned' : 'in-use',
    vehicleId: id,
    vin: vin === null ? SEALED : { clear: vin },
    checkDigitValid,
    description,
    brand,
    model,
    variant,
    region,
    ecus,
    inventorySource,
    first: { description, ecus },
    epoch,
    closedTcus: [],
    lastInventorySeq: 0,
    credential: credential === null ? null : { ...credential, fleetSecretId: '' },
    generation: credential?.generation ?? 0,
    serviceFlags,
    decommissioned,
  };
}
/** Stands for any sealed VIN: what is sealed stays in the log. */
const SEALED = { sealed: '', keyId: '' };

/** Each vehicle by itself. */
export const vehiclesAlone: Projection = {
  name: 'vehicles',
  version: 2,
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
    const before = documents.get<VehicleDocument>('vehicles', vehicleId);
    const folded = evolveVehicle(stateOf(before), event as VehicleEvent);
    if (folded.stage === 'none') return;
    const { time } = recorded.metadata;
    documents.put('vehicles', toDocument(folded, recorded.revision, before?.registeredAt ?? time));
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

export const vehicles: Projection = withInstalledBase(vehiclesAlone, INSTALLED_BASE_LIMITS);
