/** Parquet, a row group at a time: what was written is handed on before the next group is made. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { Cell, Column, Row, Table } from '../../app/export/table.ts';

/** Small groups: each is made in one go, and nothing else is answered meanwhile. */
const GROUP_ROWS = 5000;
/** Long texts end a group sooner. */
const GROUP_CHARACTERS = 8_388_608;

const TYPES = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int: { type: 'INT32' },
  long: { type: 'INT64' },
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  // As text, which every reader takes; DuckDB, Spark and pandas have functions for JSON in it.
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
} as const satisfies Record<Column['type'], Partial<SchemaElement>>;

const schemaOf = (columns: readonly Column[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.map(
    ({ name, type, required }): SchemaElement => ({
      name,
      ...TYPES[type],
      repetition_type: required ? 'REQUIRED' : 'OPTIONAL',
    }),
  ),
];

/** What was written since the last time; positions in the file go on. */
class Outlet extends ByteWriter {
  take(): Uint8Array {
    const bytes = this.getBytes().slice();
    this.index = 0;
    return bytes;
  }
}

export async function* toParquet({ columns, rows }: Table): AsyncGenerator<Uint8Array> {
  const outlet = new Outlet();
  const writer = new ParquetWriter({ writer: outlet, schema: schemaOf(columns), createdBy: 'fleetwave' });
  let group: Row[] = [];
  let characters = 0;
  const write = async (): Promise<Uint8Array> => {
    const columnData = columns.map((column, n) => ({
      name: column.name,
      data: group.map((row) => typed(column, row[n] ?? null)),
    }));
    await writer.write({ columnData, rowGroupSize: group.length });
    [group, characters] = [[], 0];
    return outlet.take();
  };
  for await (const batch of rows) {
    for (const row of batch) {
      group.push(row);
      for (const cell of row) if (typeof cell === 'string') characters += cell.length;
      if (group.length < GROUP_ROWS && characters < GROUP_CHARACTERS) continue;
      yield await write();
      await nextTurn();
    }
  }
  if (group.length > 0) yield await write();
  await writer.finish();
  yield outlet.take();
}

function typed({ name, type, required }: Column, cell: Cell): string | number | bigint | Date | null {
  if (cell === null) {
    if (required) throw new Error(`an exported row has no ${name}`);
    return null;
  }
  if (type === 'timestamp') return new Date(cell);
  return type === 'long' ? BigInt(cell) : cell;
}
