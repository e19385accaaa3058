/** What a process without the API answers: whether it lives, whether it is ready, and its metrics. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { errorHandler } from './errors.ts';
import { registerHttpMetrics } from './metrics.ts';
import { problem, sendProblem } from './problem.ts';
import { registerHeaders } from './protection.ts';
import { healthRoutes } from './routes/health.ts';
import type { ApiServices } from './services.ts';

export function buildHealthServer(
  services: Pick<ApiServices, 'readiness' | 'metrics'>,
  logger?: FastifyBaseLogger,
): FastifyInstance {
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  });
  registerHeaders(app);
  registerHttpMetrics(app, services.metrics, () => 0);
  app.setErrorHandler(errorHandler);
  app.setNotFoundHandler((request, reply) => {
    const hint = 'This process has no api role: it answers /livez, /readyz and /metrics.';
    sendProblem(request, reply, problem('not-found', 'there is nothing here', { hint }));
  });
  healthRoutes(app, services);
  return app;
}
