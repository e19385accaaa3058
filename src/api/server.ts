/** Puts the HTTP API together (DESIGN §7). */
import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { recordRefusal, registerAuth } from './auth.ts';
import { clientErrorHandler, errorHandler, toProblem } from './errors.ts';
import { hook } from './hooks.ts';
import { registerHttpMetrics } from './metrics.ts';
import { registerNegotiation } from './negotiate.ts';
import { openApiDocument } from './openapi.ts';
import { collectOperations, type Operations } from './operations.ts';
import { problem, sendProblem } from './problem.ts';
import {
  PROTECTION_DEFAULTS,
  type ProtectionOptions,
  registerHeaders,
  registerPressure,
  registerRateLimit,
} from './protection.ts';
import { accessRoutes } from './routes/access-keys.ts';
import { artifactRoutes } from './routes/artifacts.ts';
import { campaignRoutes } from './routes/campaigns.ts';
import { dashboard, sendMissingPage } from './routes/dashboard.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { emergencyRoutes } from './routes/emergency-stop.ts';
import { evidenceRoutes } from './routes/evidence.ts';
import { explainRoutes } from './routes/explain-vehicle.ts';
import { exportRoutes } from './routes/exports.ts';
import { failureRoutes } from './routes/failures.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { contentRoutes } from './routes/get-content.ts';
import { importRoutes } from './routes/import-vehicles.ts';
import { installedBaseRoutes } from './routes/installed-base.ts';
import { inventoryRoutes } from './routes/inventory.ts';
import { targetingRoutes } from './routes/preview-targeting.ts';
import { readArtifactRoutes } from './routes/read-artifacts.ts';
import { readCampaignRoutes } from './routes/read-campaigns.ts';
import { readVehicleRoutes } from './routes/read-vehicles.ts';
import { replayRoutes } from './routes/replay-campaign.ts';
import { reportRoutes } from './routes/report.ts';
import { resumableUploadRoutes } from './routes/resumable-upload.ts';
import { sessionRoutes } from './routes/session.ts';
import { systemRoutes } from './routes/system.ts';
import { uploadRoutes } from './routes/upload-file.ts';
import { vehicleMessageRoutes } from './routes/vehicle-messages.ts';
import { credentialRoutes, vehicleRoutes } from './routes/vehicles.ts';
import { whatIfRoutes } from './routes/what-if.ts';
import type { ApiServices } from './services.ts';
import { LIVE_DEFAULTS, LiveHub, type LiveOptions } from './sse.ts';

export interface ServerOptions {
  readonly logger?: FastifyBaseLogger;
  readonly protection?: Partial<ProtectionOptions>;
  readonly live?: Partial<LiveOptions>;
  /** How long a close waits for what is in flight before it cuts connections, milliseconds; default 10 s. */
  readonly closeTimeout_ms?: number;
  /** Where the built dashboard is, with a slash at the end; default `web/dist/`. */
  readonly dashboard?: string;
  /** Checks every JSON answer against its documented schema; for tests, because it costs time. */
  readonly checkAnswers?: boolean;
}

/** JSON bodies, bytes: more would not fit into one append anyway. Files and imports are streamed. */
export const BODY_LIMIT_BYTES = 1_048_576;
/** A connection on which nothing moves for that long is dropped, milliseconds. Live streams have heartbeats. */
const IDLE_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** Swagger UI is served from here alone and sets styles from its script. */
const REFERENCE_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

declare module 'fastify' {
  interface FastifyInstance {
    operations: Operations;
    openApi: () => object;
  }
}

/** The server, ready to listen. Closing it ends live streams at once and lets what is in flight finish. */
export async function buildServer(
  services: ApiServices,
  options: ServerOptions = {},
): Promise<FastifyInstance> {
  const app = createApp(options);
  const operations = collectOperations(app);
  const hub = new LiveHub({ ...LIVE_DEFAULTS, ...options.live }, (error) =>
    app.log.error({ err: error }, 'live progress could not be read'),
  );
  const protection = { ...PROTECTION_DEFAULTS, ...options.protection };
  const openApi = lazily(() => openApiDocument(operations.list));
  app.decorate('operations', operations);
  app.decorate('openApi', openApi);
  registerBodies(app);
  if (options.checkAnswers === true) registerAnswerCheck(app);
  registerErrors(app, services, operations, options.dashboard);
  registerClosing(app, services, hub, options.closeTimeout_ms ?? CLOSE_TIMEOUT_MS);
  registerHttpMetrics(app, services.metrics, () => hub.clients);
  registerHeaders(app);
  await registerPressure(app, protection);
  registerAuth(app, services);
  registerNegotiation(app);
  await registerRateLimit(app, protection);
  await registerReference(app, openApi);
  await app.register(dashboard, { built: options.dashboard });
  await registerRoutes(app, services, hub, openApi);
  return app;
}

/** Declares every operation. Raw streams are taken in scopes of their own, so that no other route takes them. */
export async function registerRoutes(
  app: FastifyInstance,
  services: ApiServices,
  hub: LiveHub,
  openApi: () => object,
): Promise<void> {
  await app.register((scope, _options, done) => {
    uploadRoutes(scope, services);
    done();
  });
  await app.register((scope, _options, done) => {
    resumableUploadRoutes(scope, services);
    done();
  });
  await app.register((scope, _options, done) => {
    importRoutes(scope, services);
    done();
  });
  await app.register((scope, _options, done) => {
    for (const routes of [
      artifactRoutes,
      readArtifactRoutes,
      vehicleRoutes,
      credentialRoutes,
      readVehicleRoutes,
      explainRoutes,
      inventoryRoutes,
      vehicleMessageRoutes,
      deadLetterRoutes,
      failureRoutes,
      campaignRoutes,
      targetingRoutes,
      fleetRoutes,
      emergencyRoutes,
      accessRoutes,
      contentRoutes,
      replayRoutes,
      whatIfRoutes,
      evidenceRoutes,
      reportRoutes,
      exportRoutes,
      installedBaseRoutes,
      sessionRoutes,
    ])
      routes(scope, services);
    readCampaignRoutes(scope, services, hub);
    systemRoutes(scope, services, openApi);
    done();
  });
}

function createApp(options: ServerOptions): FastifyInstance {
  const app = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    // Two lines a request cost more than most requests; failures are logged, and metrics count the rest.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: IDLE_TIMEOUT_MS,
    genReqId: () => randomUUID(),
    return503OnClosing: false,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply, toProblem(error));
    },
    clientErrorHandler: (error, socket) => clientErrorHandler(error, socket),
  });
  // With `Expect: 100-continue` the body is asked for only once headers, key and role have been accepted.
  app.server.on('checkContinue', (request, response) => app.routing(request, response));
  return app;
}

function registerAnswerCheck(app: FastifyInstance): void {
  app.addHook('preSerialization', async (request, reply, payload) => {
    const { operation } = request.routeOptions.config;
    if (operation === undefined || reply.statusCode >= 400) return payload;
    const documented = operation.responses[reply.statusCode];
    if (documented === undefined) throw new Error(`${operation.id} does not document ${reply.statusCode}`);
    const parsed = documented.schema?.safeParse(payload);
    if (parsed?.success === false)
      throw new Error(`${operation.id} answers otherwise: ${parsed.error.message}`);
    return payload;
  });
}

/** JSON only, `__proto__` refused, an empty body is an empty command. */
function registerBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {});
    else void parse(request, body as string, done);
  });
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (request.headers.expect?.toLowerCase() === '100-continue' && !isTooLarge(request))
      reply.raw.writeContinue();
    done(null, payload);
  });
}

/** Refused a moment later, so the sender is not asked for it. Streams have no such limit. */
const isTooLarge = (request: FastifyRequest): boolean =>
  request.routeOptions.config.operation?.streams === undefined &&
  Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES;

function registerErrors(
  app: FastifyInstance,
  services: ApiServices,
  operations: Operations,
  built: string | undefined,
): void {
  app.setErrorHandler((error, request, reply) => {
    errorHandler(error, request, reply);
    if (toProblem(error).code === 'four-eyes' && request.principal !== null)
      recordRefusal(services, request, 'four-eyes', request.principal);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = operations.methodsAt(path);
    if (methods.length === 0 && sendMissingPage(request, reply, built)) return;
    const answer =
      methods.length === 0
        ? problem('not-found', `there is nothing at ${path.slice(0, 200)}`, {
            hint: 'See /docs for what there is.',
          })
        : problem('method-not-allowed', `${path.slice(0, 200)} has no ${request.method}`, {
            hint: `Use ${methods.join(' or ')}.`,
            headers: { allow: methods.join(', ') },
          });
    sendProblem(request, reply, answer);
  });
}

function registerClosing(
  app: FastifyInstance,
  services: ApiServices,
  hub: LiveHub,
  timeout_ms: number,
): void {
  let closing = false;
  const stop = services.onReadModelsMoved(() => hub.moved());
  app.addHook('preClose', async () => {
    closing = true;
    stop();
    hub.close();
    services.uploads.interrupt();
    const cut = setTimeout(() => app.server.closeAllConnections(), timeout_ms);
    app.server.once('close', () => clearTimeout(cut));
  });
  app.addHook(
    'onRequest',
    hook(() => {
      if (!closing) return;
      throw problem('shutting-down', 'the server is shutting down', {
        hint: 'Repeat the request after the seconds in Retry-After.',
        headers: { 'retry-after': '2' },
      });
    }),
  );
  // A connection kept alive would hold the close up until its idle timeout.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
}

async function registerReference(app: FastifyInstance, openApi: () => object): Promise<void> {
  await app.register(swagger, { mode: 'static', specification: { document: {} as never } });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: REFERENCE_POLICY,
    uiConfig: { deepLinking: true, persistAuthorization: false },
    transformSpecification: () => openApi() as Record<string, unknown>,
  });
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
