/** CSV (RFC 4180) and NDJSON, a batch of rows at a time. */
import type { Cell, Column, Table } from '../../app/export/table.ts';

/** Quoted where it must be; null is nothing between two commas, the empty text two quotes. */
function csvCell(cell: Cell): string {
  if (cell === null) return '';
  const text = String(cell);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export async function* toCsv({ columns, rows }: Table): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => name).join(',')}\r\n`;
  for await (const batch of rows) yield batch.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

const jsonCell = ({ name, type }: Column, cell: Cell): string =>
  `${JSON.stringify(name)}:${type === 'json' && cell !== null ? cell : JSON.stringify(cell)}`;

export async function* toNdjson({ columns, rows }: Table): AsyncGenerator<string> {
  for await (const batch of rows)
    yield batch
      .map((row) => `{${columns.map((column, n) => jsonCell(column, row[n] ?? null)).join(',')}}\n`)
      .join('');
}
