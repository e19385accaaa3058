/** What runs beside the work: health, metrics, the API's own documents and its list of problems. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { asyncApiDocument } from '../asyncapi.ts';
import { PROBLEM_TYPES, PROBLEM_URN } from '../problem-types.ts';
import { route } from '../route.ts';
import { openDocument } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { healthRoutes } from './health.ts';

export function systemRoutes(app: FastifyInstance, services: ApiServices, openApi: () => object): void {
  healthRoutes(app, services);
  documentRoutes(app, openApi);
}

function documentRoutes(app: FastifyInstance, openApi: () => object): void {
  route(app, {
    id: 'getOpenApi',
    method: 'GET',
    url: '/openapi.json',
    tag: 'system',
    summary: 'This API as OpenAPI 3.1',
    responses: { 200: { description: 'The document.', schema: openDocument({ openapi: z.string() }) } },
    handler: () => openApi(),
  });

  route(app, {
    id: 'getAsyncApi',
    method: 'GET',
    url: '/asyncapi.json',
    tag: 'system',
    summary: 'The vehicle protocol as AsyncAPI 3.0',
    responses: { 200: { description: 'The document.', schema: openDocument({ asyncapi: z.string() }) } },
    handler: () => asyncApiDocument(),
  });

  const entry = z.object({ type: z.string(), status: z.int(), title: z.string() });
  route(app, {
    id: 'listProblems',
    method: 'GET',
    url: '/problems',
    tag: 'system',
    summary: 'Every problem type that this API answers with',
    responses: {
      200: { description: 'The types, by code.', schema: z.object({ problems: z.array(entry) }) },
    },
    handler: () => ({
      problems: Object.entries(PROBLEM_TYPES).map(([code, type]) => ({ type: PROBLEM_URN + code, ...type })),
    }),
  });
}
