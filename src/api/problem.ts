/** RFC 9457 problems: the only form in which this API reports an error. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Rejection } from '../domain/shared/decider.ts';
import { type HttpProblemCode, PROBLEM_URN, problemTypeOf } from './problem-types.ts';

export const fieldError = z.object({
  path: z.string().meta({ description: 'JSON Pointer (RFC 6901) into the body, or `query/…`, `headers/…`.' }),
  message: z.string(),
});
export type FieldError = z.infer<typeof fieldError>;

export const problemSchema = z
  .object({
    type: z.string().meta({ description: '`urn:fleetwave:problem:{code}`, stable.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    hint: z.string().meta({ description: 'What to do about it.' }),
    instance: z.string().meta({ description: 'Correlation id of this request, as in logs and events.' }),
    errors: z.array(fieldError).optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });

export interface ProblemOptions {
  readonly hint?: string | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Thrown by routes and hooks; the error handler writes it. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly options: ProblemOptions;

  constructor(code: string, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.code = code;
    this.status = problemTypeOf(code).status;
    this.options = options;
  }
}

/** A problem of the HTTP layer; the type keeps codes and table together. */
export const problem = (code: HttpProblemCode, detail: string, options: ProblemOptions = {}): Problem =>
  new Problem(code, detail, options);

/** The domain names a field as `waves.0.size`; a caller gets the JSON Pointer into the body. */
const pointerOf = (path: string): string => (path.startsWith('/') ? path : `/${path.replaceAll('.', '/')}`);

/** The failing fields that a rejection names in its details, as `path` or as `errors`. */
export function errorsOf({ details, message }: Rejection): FieldError[] {
  const { path, errors } = details ?? {};
  if (typeof path === 'string') return [{ path: pointerOf(path), message }];
  const parsed = z.array(fieldError).safeParse(errors);
  return parsed.success ? parsed.data.map((error) => ({ ...error, path: pointerOf(error.path) })) : [];
}

/** What a decider or service refused, as a problem. */
export function fromRejection(rejection: Rejection): Problem {
  const { path: _path, errors: _errors, ...details } = rejection.details ?? {};
  const errors = errorsOf(rejection);
  return new Problem(rejection.code, rejection.message, {
    hint: rejection.hint,
    errors: errors.length === 0 ? undefined : errors,
    details: Object.keys(details).length === 0 ? undefined : details,
  });
}

export const notFound = (what: string, id: string): Problem =>
  problem('not-found', `there is no ${what} ${id}`, { hint: 'Check the id; lists show what there is.' });

/** Writes a problem, with its headers. `instance` names the request, so that a report leads to log and events. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: Problem): FastifyReply {
  const { hint, errors, details, headers } = error.options;
  // What a route has said of the answer that it began is not true of this one: a cache would keep it for as long.
  for (const name of ['etag', 'accept-ranges', 'content-range']) reply.removeHeader(name);
  reply.header('cache-control', 'no-store');
  if (headers !== undefined) reply.headers(headers);
  if (hasUnreadBody(request)) reply.header('connection', 'close');
  return reply
    .code(error.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemBody(error, request.id, { hint, errors, details }));
}

export function problemBody(error: Problem, correlationId: string, options: ProblemOptions): object {
  return {
    type: `${PROBLEM_URN}${error.code}`,
    title: problemTypeOf(error.code).title,
    status: error.status,
    detail: error.message,
    hint: options.hint ?? 'See the documentation of this problem type at /problems.',
    instance: `urn:uuid:${correlationId}`,
    ...(options.errors === undefined ? {} : { errors: options.errors }),
    ...(options.details === undefined ? {} : { details: options.details }),
  };
}

/** A large body that nobody will read: closing beats reading it all only to throw it away. */
function hasUnreadBody(request: FastifyRequest): boolean {
  if (request.raw.complete) return false;
  const length = request.headers['content-length'];
  return (
    request.headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 65_536)
  );
}
