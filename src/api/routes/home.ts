/** `/`: status, campaigns and next commands in one page without external parts. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { route } from '../route.ts';

const read = (name: string): string => readFileSync(new URL(`../home/${name}`, import.meta.url), 'utf8');
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export function homeRoute(app: FastifyInstance): void {
  const css = read('page.css');
  const js = read('page.js');
  const html = read('page.html')
    .replace('/*css*/', () => css)
    .replace('/*js*/', () => js);
  const policy =
    `default-src 'none'; script-src ${hashOf(js)}; style-src ${hashOf(css)}; connect-src 'self'; ` +
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  route(app, {
    id: 'home',
    method: 'GET',
    url: '/',
    tag: 'system',
    summary: 'A page with status, campaigns and next commands',
    responses: { 200: { description: 'The page.', contentType: 'text/html' } },
    handler: ({ reply }) =>
      reply
        .header('content-security-policy', policy)
        .header('cache-control', 'no-cache')
        .type('text/html; charset=utf-8')
        .send(html),
  });
}
