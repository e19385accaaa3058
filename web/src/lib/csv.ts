/** Comma-separated values as RFC 4180 has them. */

export type Cell = string | number | null | undefined;

const quoted = (cell: Cell): string => {
  const text = cell === null || cell === undefined ? '' : String(cell);
  // A spreadsheet would run a text that begins like a formula.
  const safe = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const toCsv = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [head, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n');
