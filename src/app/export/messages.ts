/** A vehicle's messages as a table, newest first. */
import { messagesOf } from '../vehicles/messages/history.ts';
import type { VehicleMessage } from '../vehicles/messages/message.ts';
import type { MessageDeps } from '../vehicles/messages/sources.ts';
import { type Column, optional, type Row, required, type Table } from './table.ts';

const COLUMNS: readonly Column[] = [
  required('id', 'string'),
  required('vehicle_id', 'string'),
  required('at', 'timestamp'),
  optional('received_at', 'timestamp'),
  optional('sent_at', 'string'),
  required('direction', 'string'),
  required('type', 'string'),
  optional('campaign_id', 'string'),
  optional('tcu', 'string'),
  optional('reset', 'long'),
  optional('seq', 'long'),
  required('by_kind', 'string'),
  required('by_id', 'string'),
  required('rendition', 'string'),
  optional('raw', 'string'),
  required('data', 'json'),
];

const BATCH = 200;

export const messagesTable = (deps: MessageDeps, vehicleId: string): Table => ({
  name: `${vehicleId}-messages`,
  columns: COLUMNS,
  rows: rowsOf(deps, vehicleId),
});

async function* rowsOf(deps: MessageDeps, vehicleId: string): AsyncGenerator<readonly Row[]> {
  let rows: Row[] = [];
  for await (const { message } of messagesOf(deps, vehicleId, { direction: null, after: null })) {
    rows.push(rowOf(vehicleId, message));
    if (rows.length < BATCH) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

const rowOf = (vehicleId: string, message: VehicleMessage): Row => {
  const { id, at, receivedAt, report, direction, type, campaignId, by, rendition, raw, data } = message;
  return [
    id,
    vehicleId,
    at,
    receivedAt,
    report?.sentAt ?? null,
    direction,
    type,
    campaignId,
    report?.epoch.tcu ?? null,
    report?.epoch.reset ?? null,
    report?.seq ?? null,
    by.kind,
    by.id,
    rendition,
    raw,
    JSON.stringify(data),
  ];
};
