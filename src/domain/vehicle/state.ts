import type { VehicleFacts } from '../artifact/compatibility.ts';
import type { EventOf } from '../shared/event.ts';
import type { Ecu, TcuEpoch, VehicleDescription, VehicleEvent, vehicleRegistered } from './events.ts';

export type StoredVin = EventOf<typeof vehicleRegistered>['data']['vin'];

/** Also `VehicleFacts`, so artifacts can be judged on it as it is. */
export interface Vehicle extends VehicleFacts {
  readonly stage: 'in-use' | 'decommissioned';
  readonly vehicleId: string;
  readonly vin: StoredVin;
  readonly checkDigitValid: boolean;
  readonly description: VehicleDescription;
  readonly ecus: readonly Ecu[];
  /** Where `ecus` come from; null while nothing was reported. */
  readonly inventorySource: 'ota' | 'workshop' | 'plant' | null;
  /** What was known first: a registration that is repeated later says it again. */
  readonly first: { readonly description: VehicleDescription; readonly ecus: readonly Ecu[] | null };
  /** The TCU that speaks for the vehicle; null before first contact. */
  readonly epoch: TcuEpoch | null;
  /** TCUs that spoke before and were replaced. */
  readonly closedTcus: readonly string[];
  /** Highest `seq` of an inventory within `epoch`; 0 = none. */
  readonly lastInventorySeq: number;
  /** Null when there is none, or it was revoked. */
  readonly credential: { readonly generation: number; readonly fleetSecretId: string } | null;
  /** Of the last credential ever issued; 0 = none. Never goes back. */
  readonly generation: number;
  readonly serviceFlags: readonly string[];
}
export type VehicleState = { readonly stage: 'none' } | Vehicle;

export const noVehicle: VehicleState = { stage: 'none' };

const UNDESCRIBED: VehicleDescription = {
  brand: '',
  model: '',
  variant: '',
  region: '',
  timeZone: 'UTC',
  tags: [],
  buildDate: null,
};

function registered({ vehicleId, vin, checkDigitValid }: EventOf<typeof vehicleRegistered>['data']): Vehicle {
  return {
    stage: 'in-use',
    vehicleId,
    vin,
    checkDigitValid,
    ...factsOf(UNDESCRIBED),
    ecus: [],
    inventorySource: null,
    first: { description: UNDESCRIBED, ecus: null },
    epoch: null,
    closedTcus: [],
    lastInventorySeq: 0,
    credential: null,
    generation: 0,
    serviceFlags: [],
    decommissioned: false,
  };
}

const factsOf = (description: VehicleDescription) => {
  const { brand, model, variant, region } = description;
  return { description, brand, model, variant, region };
};

const replace = (ecus: readonly Ecu[], installed: Ecu): readonly Ecu[] =>
  ecus.map((ecu) => (ecu.type === installed.type && ecu.position === installed.position ? installed : ecu));

export function evolveVehicle(state: VehicleState, event: VehicleEvent): VehicleState {
  if (event.type === 'VehicleRegistered') return registered(event.data);
  // Nothing else can be the first event of a vehicle.
  if (state.stage === 'none') return state;
  switch (event.type) {
    case 'VehicleDescribed': {
      const { description } = event.data;
      const first = state.first.description === UNDESCRIBED ? { ...state.first, description } : state.first;
      return { ...state, ...factsOf(description), first };
    }
    case 'InventoryReported': {
      const { ecus, source, report } = event.data;
      const first = state.first.ecus === null ? { ...state.first, ecus } : state.first;
      const lastInventorySeq = report?.seq ?? state.lastInventorySeq;
      return { ...state, ecus, inventorySource: source, first, lastInventorySeq };
    }
    case 'EcuReplaced':
      return { ...state, ecus: replace(state.ecus, event.data.installed) };
    case 'TcuEpochOpened': {
      const { epoch, closes } = event.data;
      const closed = closes !== null && closes.tcu !== epoch.tcu ? [closes.tcu] : [];
      return { ...state, epoch, closedTcus: [...state.closedTcus, ...closed], lastInventorySeq: 0 };
    }
    case 'CredentialIssued': {
      const { generation, fleetSecretId } = event.data;
      return { ...state, generation, credential: { generation, fleetSecretId } };
    }
    case 'CredentialRevoked':
      return { ...state, credential: null };
    case 'ServiceFlagged':
      return { ...state, serviceFlags: [...state.serviceFlags, event.data.code] };
    case 'ServiceCleared':
      return { ...state, serviceFlags: state.serviceFlags.filter((code) => code !== event.data.code) };
    case 'VehicleDecommissioned':
      return { ...state, stage: 'decommissioned', decommissioned: true };
  }
}
