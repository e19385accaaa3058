/** A multipart upload under a name of its own, and the copy of it under the blob's name. */
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { isMissing } from '../blob-store-error.ts';
import { createLimiter } from '../limiter.ts';
import { CACHE_CONTROL, CONTENT_TYPE, type Parts } from '../object-storage.ts';
import { type S3Calls, untilNotBusy } from './s3-client.ts';

export interface S3PartsOptions {
  readonly calls: S3Calls;
  readonly bucket: string;
  /** Key of the upload. */
  readonly key: string;
  readonly keyOf: (sha256: string) => string;
  /** Larger ones are copied in pieces of that size; S3 copies 5 GiB at once and no more. */
  readonly copyBytes: number;
}

/** Pieces of a copy at a time. They go from the store to itself. */
const COPIES_IN_FLIGHT = 4;
const HEADERS = { ContentType: CONTENT_TYPE, CacheControl: CACHE_CONTROL } as const;

export async function beginS3Parts(options: S3PartsOptions): Promise<Parts> {
  const { calls, bucket, key, keyOf, copyBytes } = options;
  const source = { Bucket: bucket, Key: key };
  const uploadId = await create(calls, source, { ChecksumAlgorithm: 'CRC32' });
  const sent: CompletedPart[] = [];
  let completed = false;

  return {
    async send(number, bytes, abortSignal) {
      const part = { ...source, UploadId: uploadId, PartNumber: number };
      const { ETag, ChecksumCRC32 } = await calls.call(
        's3:PutObject',
        (client) => client.send(new UploadPartCommand({ ...part, Body: bytes }), { abortSignal }),
        abortSignal,
      );
      sent.push({ PartNumber: number, ETag, ChecksumCRC32 });
    },

    async publish(sha256, size) {
      await complete(calls, source, uploadId, sent).catch(async (error: unknown) => {
        // The answer to an attempt before may have been lost.
        if (!isMissing(error) || (await sizeOf(calls, source)) !== size) throw error;
      });
      completed = true;
      const target = { Bucket: bucket, Key: keyOf(sha256) };
      const CopySource = `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
      if (size > copyBytes) return await copyInPieces(calls, target, CopySource, size, copyBytes);
      await untilNotBusy(() =>
        calls.call('s3:PutObject', (client) =>
          client.send(new CopyObjectCommand({ ...target, CopySource, IfNoneMatch: '*' })),
        ),
      );
    },

    async discard() {
      // A `complete` that failed may have taken effect: then there is no upload any more, but an object.
      if (!completed) await abort(calls, source, uploadId);
      await calls.call('s3:DeleteObject', (client) => client.send(new DeleteObjectCommand(source)));
    },
  };
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

async function create(
  calls: S3Calls,
  target: Target,
  checksum?: { readonly ChecksumAlgorithm: 'CRC32' },
): Promise<string> {
  const { UploadId } = await calls.call('s3:PutObject', (client) =>
    client.send(new CreateMultipartUploadCommand({ ...target, ...HEADERS, ...checksum })),
  );
  if (UploadId === undefined) throw new Error('the store gave no id to a multipart upload');
  return UploadId;
}

async function complete(
  calls: S3Calls,
  target: Target & { readonly IfNoneMatch?: '*' },
  uploadId: string,
  parts: readonly CompletedPart[],
): Promise<void> {
  const Parts = parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
  await calls.call('s3:PutObject', (client) =>
    client.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId: uploadId, MultipartUpload: { Parts } }),
    ),
  );
}

const abort = async (calls: S3Calls, target: Target, uploadId: string): Promise<void> => {
  await calls
    .call('s3:AbortMultipartUpload', (client) =>
      client.send(new AbortMultipartUploadCommand({ ...target, UploadId: uploadId })),
    )
    .catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
};

async function sizeOf(calls: S3Calls, target: Target): Promise<number | undefined> {
  const { ContentLength } = await calls.call('s3:GetObject', (client) =>
    client.send(new HeadObjectCommand(target)),
  );
  return ContentLength;
}

/** As atomic as the copy at once: the pieces are an upload of their own until it is completed. */
async function copyInPieces(
  calls: S3Calls,
  target: Target,
  CopySource: string,
  size: number,
  pieceBytes: number,
): Promise<void> {
  const uploadId = await create(calls, target);
  const limiter = createLimiter(COPIES_IN_FLIGHT);
  const copy = async (index: number): Promise<CompletedPart> => {
    const leave = await limiter.enter();
    try {
      const start = index * pieceBytes;
      const piece = {
        ...target,
        CopySource,
        UploadId: uploadId,
        PartNumber: index + 1,
        CopySourceRange: `bytes=${start}-${Math.min(start + pieceBytes, size) - 1}`,
      };
      const { CopyPartResult } = await calls.call('s3:PutObject', (client) =>
        client.send(new UploadPartCopyCommand(piece)),
      );
      return { PartNumber: index + 1, ETag: CopyPartResult?.ETag };
    } finally {
      leave();
    }
  };
  const copies = Array.from({ length: Math.ceil(size / pieceBytes) }, (_, index) => copy(index));
  try {
    const parts = await Promise.all(copies);
    await untilNotBusy(() => complete(calls, { ...target, IfNoneMatch: '*' }, uploadId, parts));
  } catch (error) {
    await Promise.allSettled(copies);
    await abort(calls, target, uploadId);
    throw error;
  }
}
