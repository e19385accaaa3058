/** Parses the parts of a request with zod, and says precisely which fields are wrong. */
import type { z } from 'zod';
import { type FieldError, problem } from './problem.ts';
import { wording } from './wording.ts';

/** More field errors than this only fill the screen. */
const MAX_FIELD_ERRORS = 20;

type Issue = z.core.$ZodIssue;
export type RequestPart = 'body' | 'querystring' | 'params' | 'headers';

/** JSON Pointers into the body; other parts are named first. */
const PREFIX: Readonly<Record<RequestPart, string>> = {
  body: '',
  querystring: '/query',
  params: '/path',
  headers: '/headers',
};

const pointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Unknown fields are named one by one; of a union, the branch that came closest is explained. */
function explain(issue: Issue, base: string): FieldError[] {
  const at = base + pointer(issue.path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: at + pointer([key]), message: 'is not a known field' }));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.reduce((best, next) => (cost(next) < cost(best) ? next : best));
    return closest.flatMap((nested) => explain(nested, at));
  }
  return [{ path: at === '' ? '/' : at, message: issue.message }];
}

/** A branch that fails deep inside was meant more likely than one that fails at its root. */
const cost = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + 1 / (1 + issue.path.length), 0);

export const fieldErrors = (issues: readonly Issue[], part: RequestPart = 'body'): FieldError[] =>
  issues.flatMap((issue) => explain(issue, PREFIX[part])).slice(0, MAX_FIELD_ERRORS);

/** @throws Problem `invalid-request` with the failing fields. */
export function parsePart<T extends z.ZodType>(schema: T, part: RequestPart, data: unknown): z.output<T> {
  const parsed = schema.safeParse(data, { error: wording });
  if (parsed.success) return parsed.data;
  throw problem('invalid-request', 'the request does not match the schema of this operation', {
    errors: fieldErrors(parsed.error.issues, part),
    hint: 'Correct the fields named in errors; /openapi.json has the schema.',
  });
}
