/** The cookie that keeps a person signed in to the dashboard, and what a write has to show beside it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Session } from '../app/access/session.ts';
import { problem } from './problem.ts';

/** A browser takes a `__Host-` cookie from its own origin over TLS only: nobody else can plant one. */
const OVER_TLS = '__Host-fleetwave';
const PLAIN = 'fleetwave';

/** Every write with a cookie carries it: a form or an image of another site can't, and a script of one may not. */
export const CSRF_HEADER = 'fleetwave-session';

export function sessionTokenOf(request: FastifyRequest): string | null {
  const found: Record<string, string> = {};
  for (const part of (request.headers.cookie ?? '').slice(0, 8192).split(';')) {
    const at = part.indexOf('=');
    if (at > 0) found[part.slice(0, at).trim()] ??= part.slice(at + 1).trim();
  }
  return found[OVER_TLS] ?? found[PLAIN] ?? null;
}

/** The browser says how it sees us, also where TLS ends in front of us. */
const overTls = (request: FastifyRequest): boolean =>
  request.headers.origin?.startsWith('https:') === true ||
  request.headers['x-forwarded-proto'] === 'https' ||
  request.protocol === 'https';

const FLAGS = 'Path=/; HttpOnly; SameSite=Strict';

export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  session: Session,
  now: number,
): void {
  const age_s = Math.max(0, Math.floor((session.expiresAt - now) / 1000));
  const cookie = overTls(request) ? `${OVER_TLS}=${token}; Secure` : `${PLAIN}=${token}`;
  reply.header('set-cookie', `${cookie}; ${FLAGS}; Max-Age=${age_s}`);
}

export function clearSessionCookie(reply: FastifyReply): void {
  const gone = `${FLAGS}; Max-Age=0`;
  reply.header('set-cookie', [`${OVER_TLS}=; Secure; ${gone}`, `${PLAIN}=; ${gone}`]);
}

/**
 * Refuses a write that a page of another origin may have caused.
 * @throws Problem `cross-site`.
 */
export function refuseCrossSite(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const site = request.headers['sec-fetch-site'];
  if (request.headers[CSRF_HEADER] === '1' && (site === undefined || site === 'same-origin')) return;
  throw problem('cross-site', 'a write with a session must come from the dashboard of this server', {
    hint: 'Send the header `Fleetwave-Session: 1` from a page of this origin, or use an API key instead.',
  });
}
