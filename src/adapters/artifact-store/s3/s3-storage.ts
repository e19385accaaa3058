/** Blobs in an S3 bucket. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { BlobStoreError, isMissing } from '../blob-store-error.ts';
import {
  CACHE_CONTROL,
  CONTENT,
  CONTENT_TYPE,
  INCOMING,
  nameIn,
  type ObjectStorage,
} from '../object-storage.ts';
import { silentWatch, type Watch } from '../watch.ts';
import { openS3Calls, untilNotBusy } from './s3-client.ts';
import { placeOf } from './s3-errors.ts';
import { beginS3Parts } from './s3-parts.ts';
import type { S3Settings } from './s3-settings.ts';
import { createS3Staged } from './s3-staged.ts';
import { sweepS3 } from './s3-sweep.ts';

export interface S3Limits {
  /** Bytes of a part, at least 5 MiB; default 8 MiB. */
  readonly partBytes?: number;
  /** Bytes of a copy at once, at least 5 MiB and at most 5 GiB; default 512 MiB. */
  readonly copyBytes?: number;
}

const MIB = 1024 * 1024;
/** S3 takes 10,000. With the default: 78 GiB. */
const MAX_PARTS = 10_000;
/** What S3 lists at a time. */
const PAGE = 1000;

export function createS3Storage(
  settings: S3Settings,
  limits: S3Limits = {},
  watch: Watch = silentWatch(),
): ObjectStorage {
  const { bucket: Bucket, prefix } = settings;
  const calls = openS3Calls(settings, watch);
  const keyOf = (sha256: string): string => `${prefix}${CONTENT}${sha256}`;
  const incoming = `${prefix}${INCOMING}`;
  const copyBytes = limits.copyBytes ?? 512 * MIB;

  return {
    partBytes: limits.partBytes ?? 8 * MIB,
    maxParts: MAX_PARTS,

    async prepare(mayCreate) {
      try {
        await calls.call('s3:ListBucket', (client) => client.send(new HeadBucketCommand({ Bucket })));
      } catch (error) {
        if (!mayCreate || !isMissing(error)) throw error;
        await calls.call('s3:CreateBucket', (client) => client.send(new CreateBucketCommand({ Bucket })));
      }
    },

    async put(sha256, bytes) {
      const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64');
      const object = { Bucket, Key: keyOf(sha256), Body: bytes, ChecksumSHA256, IfNoneMatch: '*' };
      const headers = { ContentType: CONTENT_TYPE, CacheControl: CACHE_CONTROL };
      await untilNotBusy(() =>
        calls.call('s3:PutObject', (client) => client.send(new PutObjectCommand({ ...object, ...headers }))),
      );
    },

    begin: () => beginS3Parts({ calls, bucket: Bucket, key: `${incoming}${randomUUID()}`, keyOf, copyBytes }),

    async size(sha256) {
      try {
        const { ContentLength } = await calls.callForReading('s3:GetObject', (client) =>
          client.send(new HeadObjectCommand({ Bucket, Key: keyOf(sha256) })),
        );
        return ContentLength ?? null;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },

    async open(sha256, start, end) {
      const range = start === 0 && end === undefined ? {} : { Range: `bytes=${start}-${end ?? ''}` };
      const { Body, ContentLength } = await calls.callForReading('s3:GetObject', (client) =>
        client.send(new GetObjectCommand({ Bucket, Key: keyOf(sha256), ...range })),
      );
      if (Body === undefined || ContentLength === undefined)
        throw new BlobStoreError('failed', `${placeOf(settings)}: answered without a body or its length`);
      return { body: Body as Readable, bytes: ContentLength };
    },

    async *list() {
      const listed = { Bucket, Prefix: `${prefix}${CONTENT}`, MaxKeys: PAGE };
      for (let token: string | undefined; ; ) {
        const more = token === undefined ? {} : { ContinuationToken: token };
        const page = await calls.call('s3:ListBucket', (client) =>
          client.send(new ListObjectsV2Command({ ...listed, ...more })),
        );
        for (const { Key } of page.Contents ?? []) {
          const name = nameIn(Key, listed.Prefix);
          if (name !== null) yield name;
        }
        token = page.NextContinuationToken;
        if (token === undefined) return;
      }
    },

    link: (sha256, from, until) =>
      getSignedUrl(calls.signer, new GetObjectCommand({ Bucket, Key: keyOf(sha256) }), {
        signingDate: from,
        expiresIn: (until.getTime() - from.getTime()) / 1000,
      }),

    staged: createS3Staged(calls, settings),
    sweep: (before) => sweepS3(calls, { bucket: Bucket, prefix }, before),
    close: () => calls.close(),
  };
}
