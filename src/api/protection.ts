/** What keeps the server standing: security headers, rate limit, and refusing work under pressure. */
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bearerOf } from './auth.ts';
import { hook } from './hooks.ts';
import { problem } from './problem.ts';
import type { OperationId } from './roles.ts';

export interface ProtectionOptions {
  /** Requests per minute and key (or token, or address without one). */
  readonly requestsPerMinute: number;
  /** Mean delay of the event loop over a second above which work is refused, milliseconds. */
  readonly maxEventLoopDelay_ms: number;
  /** Resident memory above which work is refused, bytes; 0 = no limit. */
  readonly maxRss_bytes: number;
}

export const PROTECTION_DEFAULTS: ProtectionOptions = {
  requestsPerMinute: 60_000,
  maxEventLoopDelay_ms: 2000,
  maxRss_bytes: 0,
};

/** Answers of these cost next to nothing and are what one looks at when a server is under pressure. */
const ALWAYS: ReadonlySet<OperationId | undefined> = new Set<OperationId>(['livez', 'readyz', 'getMetrics']);

/** What takes load away, or has to come through when everything goes wrong at once. Rate limits still hold. */
const STOPPING: ReadonlySet<OperationId | undefined> = new Set<OperationId>([
  'stopEmergency',
  'pauseCampaign',
  'abortCampaign',
]);

const operationOf = (request: FastifyRequest): OperationId | undefined =>
  request.routeOptions.config.operation?.id;

export async function registerPressure(app: FastifyInstance, options: ProtectionOptions): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: options.maxEventLoopDelay_ms,
    maxRssBytes: options.maxRss_bytes,
    pressureHandler: async (request, _reply, type) => {
      const operation = operationOf(request);
      if (ALWAYS.has(operation) || STOPPING.has(operation)) return;
      throw problem('overloaded', `the server has too much to do (${type})`, {
        hint: 'Repeat the request after the seconds in Retry-After.',
        headers: { 'retry-after': '2' },
      });
    },
  });
}

/**
 * What OWASP asks of an API's answers; pages set a wider policy of their own. Constant, and so not by
 * @fastify/helmet, which works all of them out anew for every answer.
 */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export function registerHeaders(app: FastifyInstance): void {
  app.addHook(
    'onRequest',
    hook((_request, reply) => {
      reply.headers(SECURITY_HEADERS);
    }),
  );
}

export async function registerRateLimit(app: FastifyInstance, options: ProtectionOptions): Promise<void> {
  const none = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };
  await app.register(rateLimit, {
    global: true,
    max: options.requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => request.principal?.keyId ?? bearerOf(request)?.slice(-40) ?? request.ip,
    allowList: (request) => ALWAYS.has(operationOf(request)),
    addHeadersOnExceeding: none,
    errorResponseBuilder: (_request, { max, ttl }) =>
      problem('rate-limited', `more than ${max} requests in a minute with one key`, {
        hint: 'Repeat the request after the seconds in Retry-After.',
        headers: { 'retry-after': String(Math.ceil(ttl / 1000)) },
      }),
  });
}
