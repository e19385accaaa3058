/** What vehicles said that counts nowhere. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { findPage } from '../queries.ts';
import { route } from '../route.ts';
import { openDocument, pageOf, paging } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const NEWEST_FIRST = { field: 'id', descending: true };

export function deadLetterRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'listDeadLetters',
    method: 'GET',
    url: '/v1/dead-letters',
    tag: 'fleet',
    summary:
      'Messages of vehicles that could not be read or could not be true, newest first: why, and their bytes',
    query: z.strictObject({
      ...paging,
      vehicleId: z.string().max(64).optional(),
      code: z.string().max(64).optional(),
    }),
    reads: true,
    responses: {
      200: {
        description: 'A page of dead letters.',
        schema: pageOf(
          openDocument({
            id: z.string(),
            vehicleId: z.string(),
            code: z.string(),
            reason: z.string(),
            raw: z.string(),
          }),
        ),
      },
    },
    handler: ({ query, request, reply }) => {
      const { vehicleId, code, ...page } = query;
      const where = {
        ...(vehicleId === undefined ? {} : { vehicleId }),
        ...(code === undefined ? {} : { code }),
      };
      return findPage(services, request, reply, 'set-aside', { where, sort: NEWEST_FIRST, ...page });
    },
  });
}
