/** Downloads of vehicles: immutable ciphertext by its digest, resumable, for the bearer of a grant's token. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { sha256 } from '../../domain/shared/ids.ts';
import { bearerOf } from '../auth.ts';
import { fromRejection, problem } from '../problem.ts';
import { parseRange } from '../range.ts';
import { route } from '../route.ts';
import type { ApiServices } from '../services.ts';

/** The store mostly has this much in one piece, and then it needs no stream. */
const WHOLE_BYTES = 1024 * 1024;

async function bodyOf(content: AsyncIterable<Uint8Array>, bytes: number): Promise<Buffer | Readable> {
  if (bytes > WHOLE_BYTES) return Readable.from(content, { objectMode: false });
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  const [first] = pieces;
  return first !== undefined && pieces.length === 1
    ? Buffer.from(first.buffer, first.byteOffset, first.length)
    : Buffer.concat(pieces);
}

export function contentRoutes(app: FastifyInstance, services: ApiServices): void {
  const bytes = { description: 'Ciphertext.', contentType: 'application/octet-stream' };
  route(app, {
    id: 'getContent',
    method: 'GET',
    url: '/content/:sha256',
    tag: 'content',
    summary: 'Download a file as ciphertext, whole or from where it was cut',
    description:
      'The token comes with the grant, over MQTT; the format is described in the AsyncAPI document. Follow a redirect ' +
      'with the same Range and without the token, and come back here when a download breaks off: its link is short-lived.',
    params: z.strictObject({ sha256 }),
    headers: [
      { name: 'Range', required: false, description: 'One range of bytes, such as `bytes=65552-`.' },
      { name: 'If-Range', required: false, description: 'The ETag; another one gives the whole.' },
    ],
    streaming: true,
    responses: {
      200: bytes,
      206: { ...bytes, description: 'The range asked for.' },
      307: { description: 'The store gives it out itself, for some minutes from now.', redirects: true },
    },
    problems: ['token-invalid', 'token-expired', 'not-found', 'range-not-satisfiable'],
    handler: async ({ params, request, reply }) => {
      const token = bearerOf(request);
      if (token === null) {
        throw problem('unauthenticated', 'the request carries no token', {
          hint: 'Send `Authorization: Bearer` with the token of the grant.',
          headers: { 'www-authenticate': 'Bearer realm="fleetwave-content"' },
        });
      }
      const opened = await services.artifacts.openContent(token, params.sha256);
      if (!opened.ok) throw fromRejection(opened.rejection);
      const { size, link } = opened;
      // The link is for this vehicle and these minutes; what it leads to is for everyone and for good.
      if (link !== undefined)
        return reply.code(307).headers({ location: link, 'cache-control': 'private, no-store' }).send();
      const etag = `"${params.sha256}"`;
      const ifRange = request.headers['if-range'];
      const range = parseRange(
        ifRange === undefined || ifRange === etag ? request.headers.range : undefined,
        size,
      );
      reply.headers({
        etag,
        'accept-ranges': 'bytes',
        'cache-control': 'public, max-age=31536000, immutable',
      });
      if (range.kind === 'unsatisfiable') {
        throw problem('range-not-satisfiable', `the content has ${size} bytes`, {
          hint: 'Ask for a range that begins before the end.',
          headers: { 'content-range': `bytes */${size}` },
        });
      }
      const { start, end } = range.kind === 'part' ? range : { start: 0, end: size - 1 };
      if (range.kind === 'part') reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
      reply.type('application/octet-stream').header('content-length', end - start + 1);
      const content = services.artifacts.readContent(params.sha256, { start, end });
      return reply.send(await bodyOf(content, end - start + 1));
    },
  });
}
