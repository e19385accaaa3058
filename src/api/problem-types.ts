/**
 * Every problem the API answers with (RFC 9457): the code is stable, `type` is `urn:fleetwave:problem:{code}`.
 * The one place where a domain rejection gets its HTTP status; a test finds codes that are missing here.
 */
import { DOMAIN_PROBLEMS } from './domain-problems.ts';

export interface ProblemType {
  readonly status: number;
  readonly title: string;
}

const type = (status: number, title: string): ProblemType => ({ status, title });

/** Problems of the HTTP layer itself. */
const HTTP_PROBLEMS = {
  'bad-request': type(400, 'The request could not be read'),
  'malformed-json': type(400, 'The body is not valid JSON'),
  'invalid-request': type(400, 'The request does not match the schema'),
  'invalid-header': type(400, 'A header has an invalid value'),
  'invalid-cursor': type(400, 'The cursor is not one of ours'),
  'digest-required': type(400, 'The upload names no SHA-256 digest'),
  'upload-incomplete': type(400, 'The upload ended before it was complete'),
  unauthenticated: type(401, 'A valid API key is required'),
  'missing-role': type(403, 'The key lacks the role for this'),
  'cross-site': type(403, 'The write does not come from this server’s own page'),
  'not-found': type(404, 'There is no such resource'),
  'method-not-allowed': type(405, 'The resource has no such method'),
  'not-acceptable': type(406, 'The answer can not be had in that form'),
  'tus-version': type(412, 'The request speaks another version of tus'),
  'body-too-large': type(413, 'The body is too large'),
  'unsupported-media-type': type(415, 'The body has the wrong media type'),
  'range-not-satisfiable': type(416, 'The range lies outside the content'),
  'too-many-vehicles': type(422, 'The campaign has more vehicles than can be calculated over'),
  'rate-limited': type(429, 'Too many requests'),
  'headers-too-large': type(431, 'The request headers are too large'),
  internal: type(500, 'An error on our side'),
  'not-caught-up': type(503, 'The read model has not reached that position yet'),
  unavailable: type(503, 'An engine that the server needs can not be reached now'),
  overloaded: type(503, 'The server is overloaded'),
  'shutting-down': type(503, 'The server is shutting down'),
  'not-ready': type(503, 'The server is not ready'),
} as const;

export const PROBLEM_TYPES: Readonly<Record<string, ProblemType>> = { ...HTTP_PROBLEMS, ...DOMAIN_PROBLEMS };

export type HttpProblemCode = keyof typeof HTTP_PROBLEMS;

export const PROBLEM_URN = 'urn:fleetwave:problem:';

/** A rejection whose code is not in the table is a conflict with the state: the safe reading of "refused". */
export const problemTypeOf = (code: string): ProblemType =>
  PROBLEM_TYPES[code] ?? type(409, 'The command is refused in the present state');
