/** Every event of a campaign, with what analysts ask for in columns and the whole of it as JSON. */
import type { EventStore, RecordedEvent } from '../ports.ts';
import { campaignHistory } from '../replay.ts';
import { type Cell, type Column, optional, type Row, required, type Table } from './table.ts';

const COLUMNS: readonly Column[] = [
  required('position', 'string'),
  required('event_id', 'string'),
  required('stream', 'string'),
  required('revision', 'long'),
  required('type', 'string'),
  required('schema_version', 'int'),
  required('time', 'timestamp'),
  required('actor_kind', 'string'),
  required('actor_id', 'string'),
  required('source', 'string'),
  required('correlation_id', 'string'),
  optional('causation_id', 'string'),
  optional('vehicle_id', 'string'),
  optional('wave', 'int'),
  optional('attempt', 'int'),
  optional('from_phase', 'string'),
  optional('to_phase', 'string'),
  optional('code', 'string'),
  optional('reason', 'string'),
  required('data', 'json'),
];

export const eventsTable = (log: Pick<EventStore, 'readAll'>, campaignId: string): Table => ({
  name: 'events',
  columns: COLUMNS,
  rows: rowsOf(log, campaignId),
});

async function* rowsOf(log: Pick<EventStore, 'readAll'>, campaignId: string): AsyncGenerator<readonly Row[]> {
  for await (const events of campaignHistory(log, campaignId)) yield events.map(rowOf);
}

function rowOf({ position, id, stream, revision, type, schemaVersion, metadata, data }: RecordedEvent): Row {
  const field = (name: string, kind: 'string' | 'number'): Cell => {
    const value = (data as Record<string, unknown>)[name];
    return typeof value === kind ? (value as Cell) : null;
  };
  const { time, actor, source, correlationId, causationId } = metadata;
  return [
    position,
    id,
    stream,
    revision,
    type,
    schemaVersion,
    time,
    actor.kind,
    actor.id,
    source,
    correlationId,
    causationId,
    field('vehicleId', 'string'),
    field('wave', 'number'),
    field('attempt', 'number'),
    field('from', 'string'),
    field('to', 'string'),
    field('code', 'string'),
    field('reason', 'string'),
    JSON.stringify(data),
  ];
}
