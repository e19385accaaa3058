/** Upload of a file in several requests, by tus 1.0.0: what came before a connection broke need not come again. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { UploadView } from '../../app/artifacts/resumable-uploads.ts';
import { uploadId } from '../../app/artifacts/staged-uploads.ts';
import { artifactId, fileName, instant, personId, sha256 } from '../../domain/shared/ids.ts';
import { answer, envelopeOf } from '../command.ts';
import { fromRejection, problem } from '../problem.ts';
import { type ResponseDoc, route } from '../route.ts';
import { artifactParams } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import {
  lengthOf,
  metadataOf,
  OFFSET_OCTETS,
  offsetOf,
  requireTus,
  TUS_EXTENSIONS,
  TUS_VERSION,
  tellUpload,
} from '../tus.ts';

const UPLOADS = '/v1/artifacts/:artifactId/uploads';
const UPLOAD = `${UPLOADS}/:uploadId`;
const params = z.strictObject({ artifactId, uploadId });

const uploadSchema = z
  .object({
    id: uploadId,
    artifactId,
    fileName,
    size: z.int().meta({ description: 'Bytes of the file.' }),
    sha256,
    offset: z.int().meta({ description: 'Bytes that need not be sent again; all once the file is stored.' }),
    by: personId.meta({ description: 'Who has begun it, and alone can go on with it.' }),
    expiresAt: instant.nullable().meta({ description: 'When it can not be gone on with; null once stored.' }),
  })
  .meta({ id: 'Upload' });
export type UploadAnswer = z.output<typeof uploadSchema>;

const example: UploadAnswer = {
  id: '5feceb66ffc86f386b86b273ff34fce19d6b804eff5a3f57',
  artifactId: 'tcm-firmware@2.1.0',
  fileName: 'tcm.bin',
  size: 4_294_967_296,
  sha256: '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9',
  offset: 1_073_741_824,
  by: 'ada',
  expiresAt: '2026-07-05T09:12:44.120Z',
};

const viewOf = ({ uploadId: id, metadata: _, expiresAt, ...upload }: UploadView): UploadAnswer => ({
  ...upload,
  id,
  expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
});

const VERSION = { name: 'Tus-Resumable', required: true, description: `\`${TUS_VERSION}\`.` };
const STANDS = {
  'Upload-Offset': 'Bytes that need not be sent again.',
  'Upload-Expires': 'When it can not be gone on with (RFC 9110 date); left out once the file is stored.',
};
const gone = ['upload-not-found', 'upload-expired'] as const;
const listed: ResponseDoc = {
  description: 'Those that can be gone on with.',
  schema: z.object({ items: z.array(uploadSchema) }),
  example: { items: [example] },
};

/** Registered in a scope of its own, so that no other route takes raw bytes. */
export function resumableUploadRoutes(app: FastifyInstance, services: ApiServices): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(OFFSET_OCTETS, (_request, payload, done) => done(null, payload));
  // At the very end, because refusals of keys and roles carry it too.
  app.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('tus-resumable', TUS_VERSION);
    done(null, payload);
  });
  describeRoute(app, services);
  beginRoute(app, services);
  readRoutes(app, services);
  continueRoute(app, services);
  cancelRoute(app, services);
}

function describeRoute(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'describeUploads',
    method: 'OPTIONS',
    url: UPLOADS,
    tag: 'artifacts',
    summary: 'What resumable uploads can do',
    params: artifactParams,
    responses: {
      204: {
        description: 'Told in headers.',
        empty: true,
        headers: {
          'Tus-Version': 'Versions of tus that are spoken.',
          'Tus-Extension': 'Extensions of it.',
          'Tus-Max-Size': 'Bytes of one file at most.',
        },
      },
    },
    handler: ({ reply }) =>
      reply
        .code(204)
        .headers({
          'tus-version': TUS_VERSION,
          'tus-extension': TUS_EXTENSIONS,
          'tus-max-size': services.uploads.maxFileBytes,
        })
        .send(),
  });
}

function beginRoute(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'beginUpload',
    method: 'POST',
    url: UPLOADS,
    tag: 'artifacts',
    summary: 'Begin a resumable upload, or find it again',
    description:
      'By tus 1.0.0 with creation, expiration and termination; any client of it works. The same declaration by the ' +
      'same person gives the same upload, with the offset where it stands: so a client that lost its memory goes on.',
    params: artifactParams,
    headers: [
      VERSION,
      { name: 'Upload-Length', required: true, description: 'Bytes of the file.' },
      {
        name: 'Upload-Metadata',
        required: true,
        description: '`filename` and `sha256` (64 hexadecimal digits), each a key, a blank, and Base64.',
      },
    ],
    responses: {
      201: {
        description: 'It can be sent.',
        schema: uploadSchema,
        example,
        headers: { Location: 'Of the upload.', ...STANDS },
      },
    },
    problems: [
      ...['tus-version', 'invalid-header', 'body-too-large', 'artifact-not-found', 'artifact-frozen'],
      ...['file-differs', 'too-many-files', 'digest-mismatch'],
    ],
    handler: async ({ params: { artifactId: id }, request, reply }) => {
      requireTus(request);
      if (hasBody(request))
        throw problem('invalid-request', 'an upload is begun without bytes', {
          hint: 'Send them by PATCH to the address in Location.',
        });
      const declared = { size: lengthOf(request), ...metadataOf(request) };
      const begun = await services.uploads.begin(id, declared, envelopeOf(request));
      if (!begun.ok) throw fromRejection(begun.rejection);
      const { upload } = begun;
      const place = `/v1/artifacts/${encodeURIComponent(id)}/uploads/${upload.uploadId}`;
      tellUpload(reply, upload).code(201).header('location', place);
      return viewOf(upload);
    },
  });
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function readRoutes(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'listUploads',
    method: 'GET',
    url: UPLOADS,
    tag: 'artifacts',
    summary: 'Uploads into this artifact that are under way',
    params: artifactParams,
    responses: { 200: listed },
    handler: async ({ params: { artifactId: id }, request }) => {
      const uploads = await services.uploads.list(id, envelopeOf(request));
      return { items: uploads.map(viewOf) };
    },
  });

  route(app, {
    id: 'getUpload',
    method: 'GET',
    url: UPLOAD,
    tag: 'artifacts',
    summary: 'Where an upload stands',
    description: 'HEAD tells it by the headers alone, as tus clients ask for it, and needs `Tus-Resumable`.',
    params,
    responses: {
      200: {
        description: 'The upload.',
        schema: uploadSchema,
        example,
        headers: {
          ...STANDS,
          'Upload-Length': 'Bytes of the file.',
          'Upload-Metadata': 'As it was sent when it was begun.',
        },
      },
    },
    problems: ['tus-version', ...gone],
    handler: async ({ params: { artifactId: id, uploadId: which }, request, reply }) => {
      if (request.method === 'HEAD') requireTus(request);
      const found = await services.uploads.look(id, which, envelopeOf(request));
      if (!found.ok) throw fromRejection(found.rejection);
      tellUpload(reply, found.upload)
        .header('upload-length', found.upload.size)
        .header('upload-metadata', found.upload.metadata);
      return viewOf(found.upload);
    },
  });
}

function continueRoute(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'continueUpload',
    method: 'PATCH',
    url: UPLOAD,
    tag: 'artifacts',
    summary: 'Send the next bytes of an upload',
    description:
      'All that is left, or a part of it. What came before a connection broke is kept. The answer to the last bytes ' +
      'comes when the file is stored as by `uploadFile`, which takes as long as reading it; the same request again ' +
      'gets the same answer. A file with another digest than declared ends the upload.',
    params,
    streams: [{ contentType: OFFSET_OCTETS, description: 'The bytes from Upload-Offset on.' }],
    headers: [
      VERSION,
      {
        name: 'Upload-Offset',
        required: true,
        description: 'Where these bytes belong: where the upload stands.',
      },
    ],
    responses: {
      204: {
        description:
          'Durable. With ETag and Fleetwave-Position of the artifact when these were the last bytes.',
        empty: true,
        headers: STANDS,
      },
    },
    problems: [
      ...['tus-version', 'invalid-header', 'unsupported-media-type', ...gone, 'not-your-upload'],
      ...['offset-mismatch', 'upload-taken-over', 'upload-incomplete', 'body-too-large', 'too-many-pieces'],
      ...['digest-mismatch', 'upload-damaged', 'artifact-frozen', 'file-differs', 'too-many-files'],
    ],
    handler: async ({ params: { artifactId: id, uploadId: which }, request, reply }) => {
      requireTus(request);
      if (request.body === undefined)
        throw problem('unsupported-media-type', 'the request has no Content-Type or no body', {
          hint: `Send the bytes with Content-Type: ${OFFSET_OCTETS}.`,
        });
      const length = request.headers['content-length'];
      const sent = {
        offset: offsetOf(request),
        length: length === undefined ? null : Number(length),
        bytes: untilSent(request),
      };
      const taken = await services.uploads.receive(id, which, sent, envelopeOf(request, {}));
      if (!taken.ok) throw fromRejection(taken.rejection);
      if (taken.outcome !== null) await answer(services, reply, id, taken.outcome);
      return tellUpload(reply, taken.upload).code(204).send();
    },
  });
}

/** Once all has come, nothing moves on the connection until the file is stored: that is no idleness. */
async function* untilSent({ raw }: FastifyRequest): AsyncGenerator<Uint8Array> {
  yield* raw as AsyncIterable<Uint8Array>;
  raw.socket.setTimeout(0);
}

function cancelRoute(app: FastifyInstance, services: ApiServices): void {
  route(app, {
    id: 'cancelUpload',
    method: 'DELETE',
    url: UPLOAD,
    tag: 'artifacts',
    summary: 'End an upload and remove what came of it',
    params,
    headers: [VERSION],
    responses: { 204: { description: 'Removed. A file that is stored already stays.', empty: true } },
    problems: ['tus-version', ...gone, 'not-your-upload'],
    handler: async ({ params: { artifactId: id, uploadId: which }, request, reply }) => {
      requireTus(request);
      const ended = await services.uploads.cancel(id, which, envelopeOf(request));
      if (!ended.ok) throw fromRejection(ended.rejection);
      return reply.code(204).send();
    },
  });
}
