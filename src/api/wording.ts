/** What is wrong with a value, in words for the person who wrote it; follows the name of the field. */
import type { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'entries', set: 'entries' };
const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  datetime: 'an instant in ISO 8601, such as 2027-01-31T06:00:00Z',
  date: 'a date, such as 2027-01-31',
  base64: 'base64',
  url: 'a URL',
};

/** For `safeParse(…, { error })`; undefined where zod's own words do, or the schema has its own. */
export function wording(issue: RawIssue): string | undefined {
  if (issue.code === 'too_big') return bound(issue.origin, issue.maximum, issue.inclusive !== false, 'most');
  if (issue.code === 'too_small')
    return bound(issue.origin, issue.minimum, issue.inclusive !== false, 'least');
  if (issue.code === 'invalid_type') return typed(issue.expected, issue.input);
  if (issue.code === 'invalid_value') return choice(issue.values);
  if (issue.code === 'invalid_format') {
    const format = FORMATS[issue.format];
    return format === undefined ? undefined : `must be ${format}`;
  }
  return undefined;
}

function bound(origin: string, limit: number | bigint, inclusive: boolean, which: 'most' | 'least'): string {
  const unit = UNITS[origin];
  if (unit === undefined) {
    if (!inclusive) return `must be ${which === 'most' ? 'less' : 'more'} than ${limit}`;
    return `must be at ${which} ${limit}`;
  }
  if (which === 'least' && Number(limit) === 1) return 'must not be empty';
  return `must have at ${which} ${limit} ${unit}`;
}

function typed(expected: string, input: unknown): string | undefined {
  if (input === undefined) return 'is missing';
  const kind = KINDS[expected];
  return kind === undefined ? undefined : `must be ${kind}`;
}

function choice(values: readonly z.core.util.Primitive[]): string {
  const named = values.map((value) => JSON.stringify(value) ?? String(value));
  return named.length === 1 ? `must be ${named[0]}` : `must be one of ${named.join(', ')}`;
}
