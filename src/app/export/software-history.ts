/** Which vehicle had which software when: a row for each component, from one inventory to the next. */
import type { Ecu } from '../../domain/vehicle/events.ts';
import type { Document, ReadModelReader } from '../ports.ts';
import { pagesOf, type VehicleDocument, vehiclesOf } from './pages.ts';
import { type Column, optional, type Row, required, type Table } from './table.ts';

const COLUMNS: readonly Column[] = [
  required('vehicle_id', 'string'),
  required('revision', 'long'),
  required('valid_from', 'timestamp'),
  optional('valid_to', 'timestamp'),
  required('source', 'string'),
  required('ecu_type', 'string'),
  required('ecu_position', 'string'),
  required('ecu_serial', 'string'),
  required('hardware_part', 'string'),
  required('hardware_version', 'string'),
  required('component', 'string'),
  required('software_part', 'string'),
  required('software_version', 'string'),
  optional('brand', 'string'),
  optional('model', 'string'),
  optional('variant', 'string'),
  optional('region', 'string'),
];

interface InventoryDocument extends Document {
  readonly vehicleId: string;
  readonly revision: number;
  readonly at: string;
  readonly source: string;
  readonly ecus: readonly Ecu[];
}

/** @param vehicleId null = of all vehicles. */
export const softwareHistoryTable = (reader: ReadModelReader, vehicleId: string | null): Table => ({
  name: 'software-history',
  columns: COLUMNS,
  rows: rowsOf(reader, vehicleId),
});

/** Inventories come by vehicle and revision, so the next one, when it is of the same vehicle, is the end of this one. */
async function* rowsOf(reader: ReadModelReader, vehicleId: string | null): AsyncGenerator<readonly Row[]> {
  const where = vehicleId === null ? {} : { vehicleId };
  let waiting: InventoryDocument | null = null;
  for await (const page of pagesOf<InventoryDocument>(reader, 'inventory-history', where)) {
    const inventories: InventoryDocument[] = waiting === null ? [...page] : [waiting, ...page];
    waiting = inventories.pop() ?? null;
    const known = await vehiclesOf(
      reader,
      inventories.map((one) => one.vehicleId),
    );
    const rows = inventories.flatMap((one, n) => {
      const next = inventories[n + 1] ?? waiting;
      const until = next?.vehicleId === one.vehicleId ? next.at : null;
      return componentsOf(one, until, known.get(one.vehicleId));
    });
    if (rows.length > 0) yield rows;
  }
  if (waiting === null) return;
  const known = await vehiclesOf(reader, [waiting.vehicleId]);
  yield componentsOf(waiting, null, known.get(waiting.vehicleId));
}

const componentsOf = (
  { vehicleId, revision, at, source, ecus }: InventoryDocument,
  until: string | null,
  vehicle: VehicleDocument | undefined,
): Row[] =>
  ecus.flatMap(({ type, position, serial, hardware, components }) =>
    components.map(({ name, part, softwareVersion }) => [
      vehicleId,
      revision,
      at,
      until,
      source,
      type,
      position,
      serial,
      hardware.part,
      hardware.version,
      name,
      part,
      softwareVersion,
      vehicle?.brand ?? null,
      vehicle?.model ?? null,
      vehicle?.variant ?? null,
      vehicle?.region ?? null,
    ]),
  );
