/** Turns whatever was thrown (by us, fastify, zod, a plugin or a bug) into a problem. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, problem, problemBody, sendProblem } from './problem.ts';

const BY_FASTIFY_CODE: Readonly<Record<string, (error: FastifyError) => Problem>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: (error) =>
    problem('malformed-json', error.message, { hint: 'Send well-formed JSON (RFC 8259) in UTF-8.' }),
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    problem('body-too-large', 'the body is larger than this route takes (1 MiB of JSON)', {
      hint: 'Split the request; vehicles in bulk go to POST /v1/vehicles/import, files are streamed.',
    }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (error) =>
    problem('unsupported-media-type', error.message, {
      hint: 'Send Content-Type: application/json, or what the OpenAPI document names for this operation.',
    }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    problem('upload-incomplete', 'the body does not have the length that Content-Length names', {
      hint: 'Send the whole body again.',
    }),
  FST_ERR_BAD_URL: (error) => problem('bad-request', error.message, { hint: 'Percent-encode the path.' }),
};

/** What the stores' errors call it when they have no connection, by `code`. Nothing is known to be recorded then. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  unavailable: 'the event log',
  'read-model-unavailable': 'the read models',
  unreachable: 'the artifact store',
  busy: 'the artifact store',
};

/** @returns the problem to answer with; `internal` for everything that is not the caller's doing. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof Error)) return internal();
  const { code, statusCode } = error as FastifyError;
  const known = BY_FASTIFY_CODE[code];
  if (known !== undefined) return known(error as FastifyError);
  const away = UNREACHABLE[code];
  if (away !== undefined)
    return problem('unavailable', `${away} can not be reached at the moment`, {
      hint: 'Repeat the request after the seconds in Retry-After, with the same Idempotency-Key.',
      headers: { 'retry-after': '2' },
    });
  if (error instanceof SyntaxError && statusCode === 400)
    return problem('malformed-json', error.message, { hint: 'Send well-formed JSON (RFC 8259) in UTF-8.' });
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return problem('upload-incomplete', 'the connection closed before the body was complete', {
      hint: 'Send the whole body again; nothing was recorded.',
    });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return problem('bad-request', error.message, { hint: 'Correct the request.' });
  return internal();
}

const internal = (): Problem =>
  problem('internal', 'something went wrong on our side', {
    hint: 'Repeat the request with the same Idempotency-Key; report the instance if it stays.',
  });

export function errorHandler(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toProblem(error);
  if (answer.status >= 500 && answer.code === 'internal') request.log.error({ err: error }, 'request failed');
  sendProblem(request, reply, answer);
}

/** For what never becomes a request: bytes that are not HTTP, headers over the limit. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? problem('headers-too-large', 'the request headers are larger than 16 KiB')
      : problem('bad-request', 'the bytes are not a valid HTTP/1.1 request');
  const body = JSON.stringify(problemBody(answer, randomUUID(), { hint: 'Correct the request.' }));
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
