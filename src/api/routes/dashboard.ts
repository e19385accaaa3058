/** The dashboard at `/`: one page for every address of it, and its parts, made by `npm run build:web`. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const BUILT = fileURLToPath(new URL('../../../web/dist/', import.meta.url));
const YEAR_MS = 365 * 86_400_000;

/** Addresses that people may have a link to; the page reads the rest of it itself. */
const PAGES = ['/', '/campaigns', '/vehicles', '/artifacts', '/plan'];

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Fleetwave</title>
<h1>The dashboard has not been built</h1>
<p>The engine runs: see <a href="/docs/">the API reference</a> and <a href="/readyz">its health</a>.</p>
<p>Build the dashboard with <code>npm run build:web</code> beside the server's sources (the image has it built in),
then load this page again.</p></html>`;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Part of the dashboard, not of the API: open, and in no document. */
    dashboard?: boolean;
  }
}

/** Below these is no page: who asks there asks the API. */
const NO_PAGES = /^\/(v1|docs|assets)(\/|$)/;

/** For a person whose browser was sent to an address that is none: the page says so and leads on. False for others. */
export function sendMissingPage(request: FastifyRequest, reply: FastifyReply, built = BUILT): boolean {
  const file = `${built}index.html`;
  const asksForPage = request.method === 'GET' && request.headers.accept?.includes('text/html') === true;
  if (!asksForPage || NO_PAGES.test(request.url) || !existsSync(file)) return false;
  reply.code(404).header('content-security-policy', POLICY).header('cache-control', 'no-cache');
  void reply.type('text/html; charset=utf-8').send(readFileSync(file));
  return true;
}

/** A plugin, because what serves files is one. `built` is where they are, with a slash at the end. */
export function dashboard(
  app: FastifyInstance,
  { built = BUILT }: { readonly built?: string | undefined },
  done: (error?: Error) => void,
): void {
  void app.register(fastifyStatic, { root: built, serve: false, preCompressed: true, cacheControl: false });
  const config = { dashboard: true };
  app.get<{ Params: { file: string } }>('/assets/:file', { config }, (request, reply) => {
    // Named by their content, so they never change.
    reply.header('cache-control', `public, max-age=${YEAR_MS / 1000}, immutable`);
    return reply.sendFile(`assets/${request.params.file}`);
  });
  app.get('/favicon.svg', { config }, (_request, reply) =>
    reply.header('cache-control', 'public, max-age=86400').sendFile('favicon.svg'),
  );
  const page = (_request: unknown, reply: FastifyReply): FastifyReply => {
    reply.header('content-security-policy', POLICY).header('cache-control', 'no-cache');
    if (existsSync(`${built}index.html`)) return reply.sendFile('index.html');
    return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT);
  };
  for (const url of PAGES) {
    app.get(url, { config }, page);
    if (url !== '/') app.get(`${url}/*`, { config }, page);
  }
  done();
}
