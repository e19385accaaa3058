/** What is wrong with a query, at which character. */
import type { Rejection } from '../shared/decider.ts';

export interface QueryError {
  /** Character at which the mistake begins, from 0; the length of the text when it ends too early. */
  readonly position: number;
  /** Characters that are wrong, 0 where something is missing. */
  readonly length: number;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /** What could stand there. */
  readonly expected: readonly string[];
}

/** Thrown inside the parser only; `parseQuery` gives it back as a value. */
export class QuerySyntaxError extends Error {
  override readonly name = 'QuerySyntaxError';
  readonly error: QueryError;

  constructor(error: QueryError) {
    super(error.message);
    this.error = error;
  }
}

export function fail(
  position: number,
  length: number,
  message: string,
  hint: string,
  expected: readonly string[] = [],
): never {
  throw new QuerySyntaxError({ position, length, message, hint, expected });
}

const SHOWN_BEFORE = 30;
const SHOWN = 70;

/** The part of the query around the mistake, and a line with marks under it. */
export function pointAt(text: string, { position, length }: QueryError): string {
  const from = Math.max(0, position - SHOWN_BEFORE);
  const part = text.slice(from, from + SHOWN).replaceAll(/\s/g, ' ');
  const marks = '^'.repeat(Math.max(1, Math.min(length, SHOWN - (position - from))));
  return `${part}\n${' '.repeat(position - from)}${marks}`;
}

/** One sentence, for places that hold a reason and no more. */
export const describeError = (error: QueryError): string =>
  `the query is wrong at character ${error.position}: ${error.message}. ${error.hint}`;

/** The answer to a caller who sent the query. */
export const toRejection = (text: string, error: QueryError): Rejection => ({
  code: 'invalid-query',
  message: `at character ${error.position}: ${error.message}`,
  hint: error.hint,
  details: {
    at: error.position,
    position: error.position,
    length: error.length,
    expected: error.expected,
    excerpt: pointAt(text, error),
  },
});

/** Edits (insert, delete, replace) from one word to the other. Words are short: both are cut at 64 characters. */
export function distance(left: string, right: string): number {
  const [a, b] = [left.slice(0, 64), right.slice(0, 64)];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The word that was probably begun or misspelt, or null when none is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  const begun = known.filter((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
  if (word.length > 1 && begun.length === 1) return begun[0] ?? null;
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}
