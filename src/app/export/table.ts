/** A table that leaves the system: named and typed columns, rows in batches. Formats know no more of it. */

/** `json` cells hold JSON text; `timestamp` cells ISO 8601 UTC. */
export type ColumnType = 'string' | 'int' | 'long' | 'timestamp' | 'json';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Every row has it. */
  readonly required: boolean;
}

export type Cell = string | number | null;
export type Row = readonly Cell[];

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Cells in the order of the columns. */
  readonly rows: AsyncIterable<readonly Row[]>;
}

export const required = (name: string, type: ColumnType): Column => ({ name, type, required: true });
export const optional = (name: string, type: ColumnType): Column => ({ name, type, required: false });
