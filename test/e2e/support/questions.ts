/** The questions of docs/analysis.md: each with its query and the result that is printed below it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rows } from '../../support/duckdb.ts';

export interface Question {
  readonly title: string;
  readonly sql: string;
  /** As printed: the head and the rows of the table. */
  readonly result: readonly (readonly string[])[];
  /** Times of one run: another has other ones. */
  readonly differs: boolean;
}

export const DIFFERS = 'Figures differ from run to run.';

export function readQuestions(): readonly Question[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/analysis.md'), 'utf8');
  return text
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [title = ''] = section.split('\n', 1);
      const sql = /```sql\n(.*?)```/s.exec(section)?.[1] ?? '';
      const printed = section
        .slice(section.lastIndexOf('```'))
        .split('\n')
        .filter((line) => line.startsWith('|'));
      const result = printed.filter((line) => !line.startsWith('|---')).map(cellsOf);
      return { title, sql, result, differs: section.includes(DIFFERS) };
    });
}

const cellsOf = (line: string): readonly string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());

/** Rows as they are printed. */
export const printed = (rows: Rows): readonly (readonly string[])[] => [
  Object.keys(rows[0] ?? {}),
  ...rows.map((row) => Object.values(row).map(String)),
];
