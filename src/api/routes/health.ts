/** Health and metrics: the same for every role. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { problem } from '../problem.ts';
import { route } from '../route.ts';
import type { ApiServices } from '../services.ts';

const readiness = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

export function healthRoutes(
  app: FastifyInstance,
  services: Pick<ApiServices, 'readiness' | 'metrics'>,
): void {
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
}
