/** What a vehicle is: VIN and description. */
import { sameData } from '../shared/canonical.ts';
import { accept, type Decision, reject } from '../shared/decider.ts';
import { isTimeZone } from '../shared/time-zone.ts';
import { hasValidCheckDigit, vinProblem } from '../shared/vin.ts';
import type { VehicleCommand } from './commands.ts';
import type { VehicleDescription, VehicleEvent } from './events.ts';
import { judgeEcus } from './inventory.ts';
import type { Vehicle } from './state.ts';

type Command<Type extends VehicleCommand['type']> = Extract<VehicleCommand, { type: Type }>;
type Result = Decision<VehicleEvent>;

const judgeTimeZone = (timeZone: string) =>
  isTimeZone(timeZone)
    ? null
    : reject(
        'invalid-time-zone',
        `${timeZone} is not an IANA time zone`,
        'Write it as in the IANA database, such as Europe/Berlin.',
        { path: 'timeZone' },
      );

/** Tags are a set: each once, in one order, so that the same set is the same data. */
const normal = (description: VehicleDescription): VehicleDescription =>
  description.tags.length < 2 ? description : { ...description, tags: [...new Set(description.tags)].sort() };

/** Of a vehicle that is not there yet. */
export function register(command: Command<'RegisterVehicle'>): Result {
  const { vehicleId, vin, storedVin, ecus } = command;
  const problem = vinProblem(vin);
  if (problem !== null)
    return reject('invalid-vin', problem, 'Give the VIN as ISO 3779 has it, in capital letters.', {
      path: 'vin',
    });
  const description = normal(command.description);
  const wrong = judgeTimeZone(description.timeZone) ?? (ecus === undefined ? null : judgeEcus(ecus));
  if (wrong !== null) return wrong;
  const events: VehicleEvent[] = [
    {
      type: 'VehicleRegistered',
      data: { vehicleId, vin: storedVin, checkDigitValid: hasValidCheckDigit(vin) },
    },
    { type: 'VehicleDescribed', data: { vehicleId, description } },
  ];
  if (ecus !== undefined)
    events.push({ type: 'InventoryReported', data: { vehicleId, source: 'plant', ecus, report: null } });
  return accept(...events);
}

export function describe(vehicle: Vehicle, command: Command<'DescribeVehicle'>): Result {
  const description = normal(command.description);
  if (sameData(description, vehicle.description)) return accept();
  return (
    judgeTimeZone(description.timeZone) ??
    accept({ type: 'VehicleDescribed', data: { vehicleId: vehicle.vehicleId, description } })
  );
}
