/** The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read and written. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { UploadView } from '../app/artifacts/resumable-uploads.ts';
import { fileName, sha256 } from '../domain/shared/ids.ts';
import { problem } from './problem.ts';

export const TUS_VERSION = '1.0.0';
export const TUS_EXTENSIONS = 'creation,expiration,termination';
/** What a PATCH carries. */
export const OFFSET_OCTETS = 'application/offset+octet-stream';

const wrong = (name: string, message: string, hint: string) =>
  problem('invalid-header', `${name} ${message}`, {
    hint,
    errors: [{ path: `/headers/${name.toLowerCase()}`, message }],
  });

/** @throws Problem `tus-version`, before anything else of the request counts. */
export function requireTus(request: FastifyRequest): void {
  const given = request.headers['tus-resumable'];
  if (given === TUS_VERSION) return;
  throw problem('tus-version', `Tus-Resumable must be ${TUS_VERSION}, not ${String(given).slice(0, 20)}`, {
    hint: `Send Tus-Resumable: ${TUS_VERSION}.`,
    headers: { 'tus-version': TUS_VERSION },
  });
}

/** @throws Problem `invalid-header` when it is missing or no whole number of bytes. */
function bytesIn(request: FastifyRequest, name: 'Upload-Offset' | 'Upload-Length'): number {
  const given = request.headers[name.toLowerCase()];
  const bytes = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isSafeInteger(bytes)) return bytes;
  throw wrong(name, 'must be a whole number of bytes', `Send ${name} as decimal digits.`);
}

export const offsetOf = (request: FastifyRequest): number => bytesIn(request, 'Upload-Offset');

/** @throws Problem `invalid-header`, also for a length that is to be told later. */
export function lengthOf(request: FastifyRequest): number {
  if (request.headers['upload-defer-length'] === undefined) return bytesIn(request, 'Upload-Length');
  throw wrong('Upload-Defer-Length', 'is not supported', 'Send Upload-Length.');
}

const METADATA_HINT = 'Send Upload-Metadata: filename BASE64,sha256 BASE64 of the 64 hexadecimal digits.';

/**
 * Name and digest of the file, and the header as it was; other keys are kept and mean nothing to us.
 * @throws Problem `invalid-header`.
 */
export function metadataOf(request: FastifyRequest): {
  readonly fileName: string;
  readonly sha256: string;
  readonly metadata: string;
} {
  const header = request.headers['upload-metadata'];
  const metadata = typeof header === 'string' ? header : '';
  const values = new Map<string, string>();
  for (const pair of metadata.split(',')) {
    const [key = '', value = '', ...more] = pair.trim().split(' ');
    if (more.length > 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value) || values.has(key))
      throw wrong('Upload-Metadata', 'must be keys that differ, each with a value in Base64', METADATA_HINT);
    values.set(key, Buffer.from(value, 'base64').toString());
  }
  const read = (key: string, schema: z.ZodType<string>): string => {
    const parsed = schema.safeParse(values.get(key) ?? '');
    if (parsed.success) return parsed.data;
    throw wrong('Upload-Metadata', `${key}: ${parsed.error.issues[0]?.message}`, METADATA_HINT);
  };
  return { fileName: read('filename', fileName), sha256: read('sha256', sha256), metadata };
}

/** Where an upload stands. The date of its end is left out when it has come to a good one. */
export function tellUpload(reply: FastifyReply, upload: UploadView): FastifyReply {
  if (upload.expiresAt !== null) reply.header('upload-expires', new Date(upload.expiresAt).toUTCString());
  return reply.header('upload-offset', upload.offset);
}
