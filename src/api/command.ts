/** The HTTP side of a command: idempotency, preconditions, and the answer (DESIGN §5). */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CommandEnvelope, CommandOutcome } from '../app/handle-command.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { principalOf } from './auth.ts';
import { fromRejection, problem } from './problem.ts';
import type { ApiServices } from './services.ts';

const KEY = /^[\x21-\x7e]{1,128}$/;
const ETAG = /^"(\d{1,15})"$/;

/**
 * Who asks, with what precondition and under what Idempotency-Key. The key counts per person; with it the
 * digest of method, path and body is kept, so that the same key with another request is refused.
 * @param body what the digest is made over; for uploads, the declared digest.
 * @throws Problem `invalid-header`.
 */
export function envelopeOf(request: FastifyRequest, body: unknown = request.body): CommandEnvelope {
  const { person } = principalOf(request);
  const expectedRevision = expectedRevisionOf(request);
  const key = idempotencyKeyOf(request);
  return {
    actor: { kind: 'person', id: person },
    source: 'http',
    correlationId: request.id,
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
    ...(key === undefined ? {} : { command: { id: `${person}:${key}`, digest: digestOf(request, body) } }),
  };
}

function digestOf(request: FastifyRequest, body: unknown): string {
  const path = request.url.split('?', 1)[0];
  return createHash('sha256')
    .update(canonicalJson({ method: request.method, path, body: body ?? {} }))
    .digest('hex');
}

/** Bare, or quoted as in the IETF draft; 1 to 128 visible ASCII characters. */
function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = String(header).replace(/^"(.*)"$/, '$1');
  if (KEY.test(key)) return key;
  throw problem('invalid-header', 'Idempotency-Key must be 1 to 128 visible ASCII characters', {
    hint: 'Use a UUID per command, and the same one for its retries.',
    errors: [{ path: '/headers/idempotency-key', message: 'must be 1 to 128 visible ASCII characters' }],
  });
}

/** `If-Match: "12"` = must be at revision 12; `If-None-Match: *` = must not exist yet. */
function expectedRevisionOf(request: FastifyRequest): number | undefined {
  if (request.headers['if-none-match'] === '*') return -1;
  const header = request.headers['if-match'];
  if (header === undefined || header === '*') return undefined;
  const match = ETAG.exec(header);
  if (match !== null) return Number(match[1]);
  throw problem(
    'invalid-header',
    `If-Match must be one strong ETag such as "12", not ${header.slice(0, 50)}`,
    {
      hint: 'Send the ETag of the last answer as it was.',
      errors: [{ path: '/headers/if-match', message: 'must be one strong ETag' }],
    },
  );
}

/** The part of an outcome that every command answers with. */
export interface CommandAnswer {
  readonly id: string;
  readonly revision: number;
  readonly position: string;
  readonly changed: boolean;
  readonly events: readonly string[];
}

/**
 * Sets ETag and Fleetwave-Position and gives the body; 201 when the command created the stream.
 * A command without effect answers with the head of the log: what it once wrote lies before that.
 * @throws Problem for a rejection.
 */
export async function answer(
  services: ApiServices,
  reply: FastifyReply,
  id: string,
  outcome: CommandOutcome<unknown>,
): Promise<CommandAnswer> {
  if (!outcome.ok) throw fromRejection(outcome.rejection);
  const changed = outcome.events.length > 0;
  const position = outcome.position ?? (await services.head());
  reply.header('etag', `"${outcome.revision}"`).header('fleetwave-position', position);
  if (changed && outcome.revision === outcome.events.length - 1) reply.code(201);
  return {
    id,
    revision: outcome.revision,
    position,
    changed,
    events: outcome.events.map((event) => event.type),
  };
}
