/** API keys of persons: the key itself is shown once, in the answer that makes it. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { role } from '../../domain/access/events.ts';
import { personId } from '../../domain/shared/ids.ts';
import { answer, envelopeOf } from '../command.ts';
import { route } from '../route.ts';
import { commandExample, commandResult } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const keyId = z.string().regex(/^[a-z0-9]{4,32}$/, 'lower-case letters and digits');
const keyView = z
  .object({
    keyId: z.string(),
    person: z.string(),
    roles: z.array(role),
    addedAt: z.string(),
    addedBy: z.string(),
    revoked: z.boolean(),
  })
  .meta({ id: 'ApiKey' });
const keyResult = commandResult.extend({
  keyId: z.string(),
  key: z.string().nullable().meta({ description: 'Shown this once; null when the request is a repeat.' }),
});

export function accessRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'addKey',
    method: 'POST',
    url: '/v1/access/keys',
    tag: 'access',
    summary: 'Make a key for a person',
    body: z.strictObject({ person: personId, roles: z.array(role).min(1).max(7) }),
    bodyExample: { person: 'ada', roles: ['developer', 'planner'] },
    command: true,
    responses: {
      200: { description: 'Made before, under the same Idempotency-Key.', schema: keyResult },
      201: {
        description: 'Made. Keep the key: only its hash is stored.',
        schema: keyResult,
        example: {
          ...commandExample,
          id: 'q3v7k2m9x4ab',
          events: ['ApiKeyAdded'],
          keyId: 'q3v7k2m9x4ab',
          key: 'fwk_q3v7k2m9x4ab_…',
        },
      },
    },
    handler: async ({ body, request, reply }) => {
      const added = await services.access.addKey(body.person, body.roles, envelopeOf(request));
      const result = await answer(services, reply, added.keyId, added.outcome);
      reply.code(result.changed ? 201 : 200);
      return { ...result, keyId: added.keyId, key: result.changed ? added.key : null };
    },
  });

  route(app, {
    id: 'listKeys',
    method: 'GET',
    url: '/v1/access/keys',
    tag: 'access',
    summary: 'List keys, without their secrets',
    responses: {
      200: { description: 'All keys, also revoked ones.', schema: z.object({ items: z.array(keyView) }) },
    },
    handler: () => ({ items: services.access.list() }),
  });

  route(app, {
    id: 'revokeKey',
    method: 'DELETE',
    url: '/v1/access/keys/:keyId',
    tag: 'access',
    summary: 'Revoke a key, from now on',
    params: z.strictObject({ keyId }),
    query: z.strictObject({ reason: z.string().min(1).max(2000).default('revoked') }),
    command: true,
    responses: { 200: { description: 'Revoked.', schema: commandResult } },
    problems: ['key-not-found', 'last-admin-key'],
    handler: async ({ params, query, request, reply }) => {
      const outcome = await services.access.revokeKey(params.keyId, query.reason, envelopeOf(request));
      return answer(services, reply, params.keyId, outcome);
    },
  });

  route(app, {
    id: 'listSigningKeys',
    method: 'GET',
    url: '/v1/keys',
    tag: 'access',
    summary: 'Public keys that manifests are signed with',
    responses: {
      200: {
        description: 'Ours and registered ones of others.',
        schema: z.object({
          keys: z.array(
            z.object({
              keyId: z.string(),
              alg: z.string(),
              owner: z.string(),
              publicKey: z.string().meta({ description: 'SubjectPublicKeyInfo as PEM.' }),
              validFrom: z.string().nullable(),
              validUntil: z.string().nullable(),
              revokedAt: z.string().nullable(),
            }),
          ),
        }),
      },
    },
    handler: async () => ({ keys: await services.signingKeys.keys() }),
  });
}
