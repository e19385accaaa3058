/** What is built into a vehicle, as TCU, workshop or plant report it. */
import { sameData } from '../shared/canonical.ts';
import { accept, type Decision, reject } from '../shared/decider.ts';
import type { VehicleCommand } from './commands.ts';
import { epochOpened, judgeReport } from './epoch.ts';
import type { Ecu, VehicleEvent } from './events.ts';
import type { Vehicle } from './state.ts';

type Command<Type extends VehicleCommand['type']> = Extract<VehicleCommand, { type: Type }>;
type Result = Decision<VehicleEvent>;

const placeOf = (ecu: Pick<Ecu, 'type' | 'position'>): string =>
  ecu.position === '' ? ecu.type : `${ecu.type} ${ecu.position}`;
const isAt =
  (place: Pick<Ecu, 'type' | 'position'>) =>
  (ecu: Ecu): boolean =>
    ecu.type === place.type && ecu.position === place.position;

/** An ECU type and position occur once, a component once in its ECU: else nobody could say which is meant. */
export function judgeEcus(ecus: readonly Ecu[]) {
  for (let i = 0; i < ecus.length; i++) {
    const ecu = ecus[i];
    if (ecu === undefined) continue;
    if (ecus.findIndex(isAt(ecu)) !== i)
      return reject(
        'duplicate-ecu',
        `the ECU ${placeOf(ecu)} occurs twice`,
        'Give ECUs of one type different positions.',
        { path: `ecus.${i}` },
      );
    const names = ecu.components.map((component) => component.name);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined)
      return reject(
        'duplicate-component',
        `the component ${twice} of ${placeOf(ecu)} occurs twice`,
        'List each component once.',
        { path: `ecus.${i}.components` },
      );
  }
  return null;
}

/**
 * A report is the whole inventory and takes the place of the one before. Where it shows another serial at the
 * same place, that ECU was replaced, and this is recorded too. Of a TCU, every new report is an event even when
 * nothing changed: its seq must be on record, or an older one that comes later would count. Stale and
 * repeated ones are no events; `judgeReport` says which they are.
 */
export function reportInventory(vehicle: Vehicle, command: Command<'ReportInventory'>): Result {
  const { source, ecus, report } = command;
  if ((source === 'ota') !== (report !== null))
    return reject(
      'invalid-source',
      source === 'ota'
        ? 'an inventory over the air names its epoch and seq'
        : `an inventory of a ${source} has no epoch and seq`,
      'Use the source workshop or plant for what people report.',
      { path: 'source' },
    );
  const judgement = report === null ? 'new' : judgeReport(vehicle, report);
  if (judgement === 'stale-epoch' || judgement === 'repeated') return accept();
  if (report === null && vehicle.inventorySource === source && sameData(ecus, vehicle.ecus)) return accept();
  const wrong = judgeEcus(ecus);
  if (wrong !== null) return wrong;
  const events: VehicleEvent[] = [];
  if (report !== null && judgement === 'opens-epoch') events.push(epochOpened(vehicle, report.epoch));
  events.push(...replacements(vehicle, ecus, source));
  events.push({ type: 'InventoryReported', data: { vehicleId: vehicle.vehicleId, source, ecus, report } });
  return accept(...events);
}

/** Serials are compared only where both are known. */
function replacements(
  vehicle: Vehicle,
  ecus: readonly Ecu[],
  source: 'ota' | 'workshop' | 'plant',
): VehicleEvent[] {
  return ecus.flatMap((installed) => {
    const before = vehicle.ecus.find(isAt(installed));
    if (before === undefined || before.serial === '' || installed.serial === '') return [];
    return before.serial === installed.serial ? [] : [replaced(vehicle, before, installed, source)];
  });
}

const replaced = (
  { vehicleId }: Vehicle,
  before: Ecu,
  installed: Ecu,
  source: 'ota' | 'workshop' | 'plant',
): VehicleEvent => ({
  type: 'EcuReplaced',
  data: {
    vehicleId,
    type: installed.type,
    position: installed.position,
    removedSerial: before.serial,
    installed,
    source,
  },
});

/**
 * One ECU exchanged, told by a workshop. For a TCU this changes the inventory only: its epoch opens when the new
 * one speaks.
 */
export function replaceEcu(vehicle: Vehicle, command: Command<'ReplaceEcu'>): Result {
  const { ecuType, position, installed, source } = command;
  if (installed.type !== ecuType || installed.position !== position)
    return reject(
      'ecu-mismatch',
      `${placeOf(installed)} can not take the place of ${placeOf({ type: ecuType, position })}`,
      'Type and position of the installed ECU must be those of the replaced one.',
      { path: 'installed' },
    );
  const before = vehicle.ecus.find(isAt(installed));
  if (before === undefined)
    return reject(
      'ecu-not-found',
      `${vehicle.vehicleId} has no ECU ${placeOf(installed)}`,
      'Report the whole inventory instead.',
    );
  if (sameData(before, installed)) return accept();
  return judgeEcus([installed]) ?? accept(replaced(vehicle, before, installed, source));
}
