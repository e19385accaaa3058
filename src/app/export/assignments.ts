/** Each vehicle's part in each campaign as it is now, with what the campaign counts it by. */
import type { Document, ReadModelReader } from '../ports.ts';
import { type InSlice, slicesOf } from '../target-slices.ts';
import { pagesOf, vehiclesOf } from './pages.ts';
import { type Column, optional, type Row, required, type Table } from './table.ts';

const COLUMNS: readonly Column[] = [
  required('campaign_id', 'string'),
  required('vehicle_id', 'string'),
  required('wave', 'int'),
  required('phase', 'string'),
  required('attempt', 'int'),
  required('offer', 'int'),
  optional('outcome_code', 'string'),
  optional('outcome_message', 'string'),
  required('updated_at', 'timestamp'),
  // Frozen with the targets.
  optional('brand', 'string'),
  optional('model', 'string'),
  optional('variant', 'string'),
  optional('region', 'string'),
  optional('time_zone', 'string'),
  optional('hardware_before', 'string'),
  optional('software_before', 'string'),
  // Of the vehicle when its page is read.
  optional('brand_now', 'string'),
  optional('model_now', 'string'),
  optional('variant_now', 'string'),
  optional('region_now', 'string'),
];

interface AssignmentDocument extends Document, InSlice {
  readonly vehicleId: string;
  readonly wave: number;
  readonly phase: string;
  readonly attempt: number;
  readonly offer: number;
  readonly outcome: { readonly code: string; readonly message: string } | null;
  readonly updatedAt: string;
}

/** @param campaignId null = of all campaigns. */
export const assignmentsTable = (reader: ReadModelReader, campaignId: string | null): Table => ({
  name: 'assignments',
  columns: COLUMNS,
  rows: rowsOf(reader, campaignId),
});

async function* rowsOf(reader: ReadModelReader, campaignId: string | null): AsyncGenerator<readonly Row[]> {
  const where = campaignId === null ? {} : { campaignId };
  for await (const page of pagesOf<AssignmentDocument>(reader, 'assignments', where)) {
    const [vehicles, sliceOf] = await Promise.all([
      vehiclesOf(
        reader,
        page.map(({ vehicleId }) => vehicleId),
      ),
      slicesOf(reader, page),
    ]);
    yield page.map((one) => {
      const vehicle = vehicles.get(one.vehicleId);
      const slice = sliceOf(one);
      return [
        one.campaignId,
        one.vehicleId,
        one.wave,
        one.phase,
        one.attempt,
        one.offer,
        one.outcome?.code ?? null,
        one.outcome?.message ?? null,
        one.updatedAt,
        slice?.brand ?? null,
        slice?.model ?? null,
        slice?.variant ?? null,
        slice?.region ?? null,
        slice?.timeZone ?? null,
        slice?.hardware ?? null,
        slice?.software ?? null,
        vehicle?.brand ?? null,
        vehicle?.model ?? null,
        vehicle?.variant ?? null,
        vehicle?.region ?? null,
      ];
    });
  }
}
