/** HTTP metrics, by operation and never by path: paths hold ids, and would make a series each. */
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { hook } from './hooks.ts';

export function registerHttpMetrics(
  app: FastifyInstance,
  registry: Registry,
  liveClients: () => number,
): void {
  const duration = new Histogram({
    name: 'fleetwave_http_request_duration_seconds',
    help: 'Time from request to the end of the answer.',
    labelNames: ['operation', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const problems = new Counter({
    name: 'fleetwave_http_problems_total',
    help: 'Answers of status 400 and above.',
    labelNames: ['operation', 'status'],
    registers: [registry],
  });
  const live = new Gauge({
    name: 'fleetwave_http_live_clients',
    help: 'Open Server-Sent Event streams.',
    registers: [registry],
    collect() {
      live.set(liveClients());
    },
  });
  app.addHook(
    'onResponse',
    hook((request, reply) => {
      const operation = request.routeOptions.config.operation?.id ?? 'none';
      const status = String(reply.statusCode);
      duration.observe({ operation, status }, reply.elapsedTime / 1000);
      if (reply.statusCode >= 400) problems.inc({ operation, status });
    }),
  );
}
