/** Upload of one file of an artifact: streamed to the store, never whole in memory. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { artifactId, fileName } from '../../domain/shared/ids.ts';
import { answer, envelopeOf } from '../command.ts';
import { contentDigestOf } from '../digest.ts';
import { problem } from '../problem.ts';
import { route } from '../route.ts';
import { commandExample, commandResult } from '../schemas.ts';
import type { ApiServices } from '../services.ts';

const OCTETS = 'application/octet-stream';

/** Registered in a scope of its own, so that no other route takes raw bytes. */
export function uploadRoutes(app: FastifyInstance, services: ApiServices): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(OCTETS, (_request, payload, done) => done(null, payload));
  route(app, {
    id: 'uploadFile',
    method: 'PUT',
    url: '/v1/artifacts/:artifactId/files/:fileName',
    tag: 'artifacts',
    summary: 'Upload a file of an artifact',
    description:
      'The bytes are streamed, encrypted and hashed; when they are fewer than Content-Length or have another ' +
      'digest than declared, nothing is recorded. `Expect: 100-continue` spares sending what will be refused.',
    params: z.strictObject({ artifactId, fileName }),
    streams: [{ contentType: OCTETS, description: 'The bytes as the ECU gets them.' }],
    headers: [
      { name: 'Content-Digest', required: true, description: '`sha-256=:BASE64:` of the bytes (RFC 9530).' },
    ],
    command: true,
    responses: {
      200: {
        description: 'Stored.',
        schema: commandResult,
        example: { ...commandExample, id: 'tcm-firmware@2.1.0', events: ['FileStored'] },
      },
    },
    problems: ['digest-required', 'digest-mismatch', 'upload-incomplete'],
    handler: async ({ params, request, reply }) => {
      const sha256 = contentDigestOf(request.headers['content-digest']);
      const length = request.headers['content-length'];
      if (request.body === undefined) {
        throw problem('unsupported-media-type', 'the upload has no Content-Type or no body', {
          hint: `Send the bytes with Content-Type: ${OCTETS}.`,
        });
      }
      const upload = {
        fileName: params.fileName,
        bytes: request.raw as AsyncIterable<Uint8Array>,
        sha256,
        size: length === undefined ? null : Number(length),
      };
      const envelope = envelopeOf(request, { sha256, size: upload.size });
      return answer(
        services,
        reply,
        params.artifactId,
        await services.artifacts.upload(params.artifactId, upload, envelope),
      );
    },
  });
}
