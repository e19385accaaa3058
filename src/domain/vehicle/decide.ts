/** Life of a vehicle: registered, described, its inventory and TCU followed, at last decommissioned. */
import { sameData } from '../shared/canonical.ts';
import { accept, type Decider, type Decision, type DecisionContext, reject } from '../shared/decider.ts';
import type { VehicleCommand } from './commands.ts';
import { epochOpened, judgeEpoch } from './epoch.ts';
import type { VehicleEvent } from './events.ts';
import { replaceEcu, reportInventory } from './inventory.ts';
import { describe, register } from './registration.ts';
import { evolveVehicle, noVehicle, type Vehicle, type VehicleState } from './state.ts';

type Command<Type extends VehicleCommand['type']> = Extract<VehicleCommand, { type: Type }>;
type Result = Decision<VehicleEvent>;

function decide(state: VehicleState, command: VehicleCommand, context: DecisionContext): Result {
  if (state.stage === 'none')
    return command.type === 'RegisterVehicle'
      ? register(command)
      : reject('vehicle-not-found', 'there is no such vehicle', 'Register it first.');
  if (state.stage === 'decommissioned')
    return command.type === 'DecommissionVehicle'
      ? accept()
      : reject(
          'vehicle-decommissioned',
          `${state.vehicleId} is decommissioned`,
          'It can only be read: a decommissioned vehicle never comes back under its id.',
        );
  return decideInUse(state, command, context);
}

function decideInUse(vehicle: Vehicle, command: VehicleCommand, { now }: DecisionContext): Result {
  const { vehicleId } = vehicle;
  switch (command.type) {
    case 'RegisterVehicle':
      return registerAgain(vehicle, command);
    case 'DescribeVehicle':
      return describe(vehicle, command);
    case 'ReportInventory':
      return reportInventory(vehicle, command);
    case 'ReplaceEcu':
      return replaceEcu(vehicle, command);
    case 'OpenTcuEpoch':
      return openEpoch(vehicle, command);
    case 'IssueCredential':
      return issueCredential(vehicle, command);
    case 'RevokeCredential':
      return accept(...revocation(vehicle, command.reason));
    case 'FlagService': {
      const { code, reason } = command;
      return vehicle.serviceFlags.includes(code)
        ? accept()
        : accept({ type: 'ServiceFlagged', data: { vehicleId, code, reason } });
    }
    case 'ClearService':
      return vehicle.serviceFlags.includes(command.code)
        ? accept({ type: 'ServiceCleared', data: { vehicleId, code: command.code } })
        : accept();
    case 'DecommissionVehicle':
      return accept(...revocation(vehicle, 'vehicle decommissioned'), {
        type: 'VehicleDecommissioned',
        data: { vehicleId, reason: command.reason, at: now },
      });
  }
}

export const vehicleDecider: Decider<VehicleState, VehicleCommand, VehicleEvent> = {
  initialState: noVehicle,
  decide,
  evolve: evolveVehicle,
};

/** No change where it says what was there at first or is there now: imports are repeated long after. */
function registerAgain(vehicle: Vehicle, command: Command<'RegisterVehicle'>): Result {
  const again = register(command);
  if (!again.ok) return again;
  const { first } = vehicle;
  const sameVin = !('clear' in vehicle.vin) || vehicle.vin.clear === command.vin;
  const described = again.events.every(
    (event) =>
      event.type !== 'VehicleDescribed' ||
      sameData(event.data.description, first.description) ||
      sameData(event.data.description, vehicle.description),
  );
  const { ecus } = command;
  const equipped = ecus === undefined || sameData(ecus, first.ecus) || sameData(ecus, vehicle.ecus);
  if (sameVin && described && equipped) return accept();
  return reject(
    'vehicle-exists',
    `${vehicle.vehicleId} is registered with other data`,
    'Change it with describe, inventory or replace-ecu.',
  );
}

function openEpoch(vehicle: Vehicle, { epoch }: Command<'OpenTcuEpoch'>): Result {
  switch (judgeEpoch(vehicle, epoch)) {
    case 'current':
      return accept();
    case 'opens':
      return accept(epochOpened(vehicle, epoch));
    case 'stale':
      return reject(
        'stale-epoch',
        `TCU ${epoch.tcu} reset ${epoch.reset} does not speak for ${vehicle.vehicleId} any more`,
        'Set its messages aside; a TCU that is fitted again needs a new serial on the wire.',
        { current: vehicle.epoch },
      );
  }
}

/** Naming the generation that is replaced makes a repeat harmless: by then, another one is current. */
function issueCredential(vehicle: Vehicle, command: Command<'IssueCredential'>): Result {
  const { fleetSecretId, replaces } = command;
  const { credential, vehicleId } = vehicle;
  if (credential?.fleetSecretId === fleetSecretId && credential.generation !== replaces) return accept();
  const generation = vehicle.generation + 1;
  return accept({ type: 'CredentialIssued', data: { vehicleId, generation, fleetSecretId } });
}

function revocation({ vehicleId, credential }: Vehicle, reason: string): VehicleEvent[] {
  if (credential === null) return [];
  return [{ type: 'CredentialRevoked', data: { vehicleId, generation: credential.generation, reason } }];
}
