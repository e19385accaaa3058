/** What runs beside the work: health, metrics, the API's own documents and its list of problems. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { asyncApiDocument } from '../asyncapi.ts';
import { problem } from '../problem.ts';
import { PROBLEM_TYPES, PROBLEM_URN } from '../problem-types.ts';
import { route } from '../route.ts';
import { openDocument } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const readiness = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

export function systemRoutes(app: FastifyInstance, services: ApiServices, openApi: () => object): void {
  route(app, {
    id: 'livez',
    method: 'GET',
    url: '/livez',
    tag: 'system',
    summary: 'Whether the process answers',
    responses: { 200: { description: 'It does.', schema: z.object({ live: z.literal(true) }) } },
    handler: () => ({ live: true }),
  });

  route(app, {
    id: 'readyz',
    method: 'GET',
    url: '/readyz',
    tag: 'system',
    summary: 'Whether everything the server needs is there',
    responses: { 200: { description: 'It is.', schema: readiness } },
    problems: ['not-ready'],
    handler: async () => {
      const state = await services.readiness();
      if (state.ready) return state;
      const failing = state.checks
        .filter((check) => !check.ok)
        .map((check) => `${check.name}: ${check.detail}`);
      throw problem('not-ready', failing.join('; '), {
        hint: 'Wait, or see `fleetwave doctor`.',
        details: { checks: state.checks },
        headers: { 'retry-after': '1' },
      });
    },
  });

  route(app, {
    id: 'getMetrics',
    method: 'GET',
    url: '/metrics',
    tag: 'system',
    summary: 'Metrics for Prometheus',
    description: 'Open, like health: keep the port on loopback or behind a proxy that guards it.',
    responses: { 200: { description: 'Text exposition format.', contentType: 'text/plain' } },
    handler: async ({ reply }) => {
      reply.type(services.metrics.contentType);
      return reply.send(await services.metrics.metrics());
    },
  });
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
