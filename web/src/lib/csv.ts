/** Tables as text: comma-separated values as RFC 4180 has them, and with tabulators, as spreadsheets paste them. */

export type Cell = string | number | null | undefined;

/** A spreadsheet would run a text that begins like a formula. */
function safeText(cell: Cell): string {
  const text = cell === null || cell === undefined ? '' : String(cell);
  return typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

const quoted = (cell: Cell): string => {
  const safe = safeText(cell);
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const toCsv = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [head, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n');

/** What would part a cell or a row in it becomes a space. */
export const toTsv = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [head, ...rows]
    .map((row) => row.map((cell) => safeText(cell).replaceAll(/[\t\r\n]+/g, ' ')).join('\t'))
    .join('\n');
