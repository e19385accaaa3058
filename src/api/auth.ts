/** Who asks, and may they: API keys and the role table. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Principal } from '../app/access/access-service.ts';
import type { Session } from '../app/access/session.ts';
import { hook } from './hooks.ts';
import { problem } from './problem.ts';
import { accessOf } from './roles.ts';
import type { ApiServices } from './services.ts';
import { refuseCrossSite, sessionTokenOf } from './session-cookie.ts';

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
  }
}

/** The session that the request's cookie stands for; null without one that counts. */
export function sessionOf(services: ApiServices, request: FastifyRequest): Session | null {
  const token = sessionTokenOf(request);
  const session = token === null ? null : services.sessions.check(token);
  return session === null || services.access.hasEnded(session) ? null : session;
}

/** Does the key or session that the request came with still count? Records nothing. */
export function stillSignedIn(services: ApiServices, request: FastifyRequest): boolean {
  const key = bearerOf(request);
  if (key !== null) return services.access.authenticate(key).ok;
  const session = sessionOf(services, request);
  return session !== null && services.access.principalOf(session.keyId) !== null;
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="fleetwave"' };

export const bearerOf = (request: FastifyRequest): string | null =>
  /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;

/** The person behind the request. Only for operations that need a key: others have nobody. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error('an operation without authentication asked for its person');
  return request.principal;
}

const pathOf = (request: FastifyRequest): string => (request.url.split('?', 1)[0] ?? '').slice(0, 500);

/** Records that a person was refused; the access service bounds how many of these reach the log. */
export function recordRefusal(
  services: ApiServices,
  request: FastifyRequest,
  why: 'unknown-key' | 'revoked-key' | 'missing-role' | 'four-eyes',
  who: { readonly keyId: string | null; readonly person: string | null },
): void {
  services.access.recordRefusal({ ...who, method: request.method, path: pathOf(request), why });
}

function authenticate(services: ApiServices, request: FastifyRequest): Principal {
  const key = bearerOf(request);
  if (key === null) return authenticateSession(services, request);
  const found = services.access.authenticate(key);
  if (found.ok) return found.principal;
  recordRefusal(services, request, found.why, { keyId: found.keyId, person: found.person });
  throw problem('unauthenticated', 'the API key is not valid', {
    hint: 'It may be mistyped or revoked; an admin makes keys with `fleetwave keys add`.',
    headers: CHALLENGE,
  });
}

/** By the dashboard's cookie. It counts for as long as the key it was had for. */
function authenticateSession(services: ApiServices, request: FastifyRequest): Principal {
  const session = sessionOf(services, request);
  const principal = session === null ? null : services.access.principalOf(session.keyId);
  if (principal !== null) {
    refuseCrossSite(request);
    return principal;
  }
  const ended = sessionTokenOf(request) !== null;
  throw problem('unauthenticated', ended ? 'the session has ended' : 'the request carries no API key', {
    hint: ended
      ? 'Sign in again.'
      : 'Send `Authorization: Bearer fwk_…`; an admin makes keys with `fleetwave keys add`.',
    headers: CHALLENGE,
  });
}

/** Checks key and role before any byte of the body is read. */
export function registerAuth(app: FastifyInstance, services: ApiServices): void {
  app.decorateRequest('principal', null);
  app.addHook(
    'onRequest',
    hook((request) => authorize(services, request)),
  );
}

/** @throws Problem `unauthenticated` or `missing-role`. */
function authorize(services: ApiServices, request: FastifyRequest): void {
  const operation = request.routeOptions.config.operation;
  // Unknown paths get their 404, and the static reference pages are open.
  if (operation === undefined) return;
  const access = accessOf(operation.id);
  if (access === 'open' || access === 'content-token') return;
  const principal = authenticate(services, request);
  if (!access.some((role) => principal.roles.includes(role))) {
    recordRefusal(services, request, 'missing-role', principal);
    throw problem('missing-role', `${operation.id} needs one of the roles: ${access.join(', ')}`, {
      hint: 'Use the key of a person with that role, or ask an admin for it.',
      details: { roles: access },
    });
  }
  request.principal = principal;
}
