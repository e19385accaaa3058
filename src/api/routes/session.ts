/** Signing in to the dashboard: an API key for a cookie that no script can read. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SESSION_MS } from '../../app/access/session.ts';
import { role } from '../../domain/access/events.ts';
import { bearerOf, principalOf, sessionOf } from '../auth.ts';
import { fromRejection } from '../problem.ts';
import { route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { clearSessionCookie, refuseCrossSite, setSessionCookie } from '../session-cookie.ts';

export const sessionSchema = z
  .object({
    person: z.string(),
    roles: z.array(role),
    expiresAt: z.string().nullable().meta({ description: 'Null when an API key was sent.' }),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof sessionSchema>;

const viewOf = (request: FastifyRequest, expiresAt: number | null): SessionView => {
  const { person, roles } = principalOf(request);
  return {
    person,
    roles: [...roles],
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
};

export function sessionRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'openSession',
    method: 'POST',
    url: '/v1/session',
    tag: 'access',
    summary: 'Exchange an API key for a session cookie',
    description:
      'For browsers: httpOnly, SameSite=Strict, for 12 hours, renewed while it is used, and over when the key is ' +
      'revoked. Writes with the cookie need the header `Fleetwave-Session: 1`.',
    responses: { 200: { description: 'Signed in.', schema: sessionSchema } },
    problems: ['cross-site'],
    handler: ({ request, reply }) => {
      const { keyId } = principalOf(request);
      const going = bearerOf(request) === null ? sessionOf(services, request) : null;
      const { token, session } =
        going === null ? services.sessions.issue(keyId) : services.sessions.renew(going);
      setSessionCookie(request, reply, token, session, services.clock.now());
      return viewOf(request, session.expiresAt);
    },
  });

  route(app, {
    id: 'getSession',
    method: 'GET',
    url: '/v1/session',
    tag: 'access',
    summary: 'Who is signed in, with which roles',
    responses: { 200: { description: 'The person.', schema: sessionSchema } },
    handler: ({ request, reply }) => {
      const session = bearerOf(request) === null ? sessionOf(services, request) : null;
      if (session === null) return viewOf(request, null);
      const now = services.clock.now();
      if (session.expiresAt - now > SESSION_MS / 2) return viewOf(request, session.expiresAt);
      const renewed = services.sessions.renew(session);
      setSessionCookie(request, reply, renewed.token, renewed.session, now);
      return viewOf(request, renewed.session.expiresAt);
    },
  });

  route(app, {
    id: 'closeSession',
    method: 'DELETE',
    url: '/v1/session',
    tag: 'access',
    summary: 'Sign out: the session ends, also where its cookie was copied to',
    description:
      'With a session that counts it needs the header `Fleetwave-Session: 1`; without one it only clears the cookie.',
    responses: {
      200: { description: 'Signed out.', schema: z.object({ closed: z.literal(true) }) },
    },
    problems: ['cross-site'],
    handler: async ({ request, reply }) => {
      const session = sessionOf(services, request);
      const principal = session === null ? null : services.access.principalOf(session.keyId);
      if (session !== null && principal !== null) {
        refuseCrossSite(request);
        const outcome = await services.access.endSession(session, {
          actor: { kind: 'person', id: principal.person },
          source: 'http',
          correlationId: request.id,
        });
        if (!outcome.ok) throw fromRejection(outcome.rejection);
      }
      clearSessionCookie(reply);
      return { closed: true as const };
    },
  });
}
