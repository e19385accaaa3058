/** Staged objects in an S3 bucket. */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { StagingStore } from '../../../app/ports/staging-store.ts';
import { BlobStoreError, isMissing } from '../blob-store-error.ts';
import { CONTENT_TYPE } from '../object-storage.ts';
import { STAGED, stagedNameIn } from '../staged-name.ts';
import { type S3Calls, untilNotBusy } from './s3-client.ts';
import type { S3Settings } from './s3-settings.ts';

/** What S3 lists and deletes at a time. */
const PAGE = 1000;

export function createS3Staged(
  calls: S3Calls,
  { bucket: Bucket, prefix }: Pick<S3Settings, 'bucket' | 'prefix'>,
): StagingStore {
  const below = `${prefix}${STAGED}`;
  const isThere = async (name: string): Promise<boolean> => {
    try {
      await calls.call('s3:GetObject', (client) =>
        client.send(new HeadObjectCommand({ Bucket, Key: below + name })),
      );
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  };
  return {
    async put(name, bytes) {
      // Asked first, and again: a store that refuses a large body may do so by cutting the connection.
      if (await isThere(name)) return false;
      const object = { Bucket, Key: below + name, Body: bytes, ContentType: CONTENT_TYPE, IfNoneMatch: '*' };
      try {
        await untilNotBusy(() =>
          calls.call('s3:PutObject', (client) => client.send(new PutObjectCommand(object))),
        );
        return true;
      } catch (error) {
        if (await isThere(name).catch(() => false)) return false;
        throw error;
      }
    },

    async get(name) {
      try {
        return await calls.call('s3:GetObject', async (client) => {
          const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: below + name }));
          return (await Body?.transformToByteArray()) ?? new Uint8Array();
        });
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },

    async *list(groupPrefix) {
      const listed = { Bucket, Prefix: below + groupPrefix, MaxKeys: PAGE };
      for (let token: string | undefined; ; ) {
        const more = token === undefined ? {} : { ContinuationToken: token };
        const page = await calls.call('s3:ListBucket', (client) =>
          client.send(new ListObjectsV2Command({ ...listed, ...more })),
        );
        for (const { Key, Size = 0, LastModified } of page.Contents ?? []) {
          const name = stagedNameIn(Key, below);
          if (name !== null && LastModified !== undefined)
            yield { name, size: Size, modifiedAt: LastModified.getTime() };
        }
        token = page.NextContinuationToken;
        if (token === undefined) return;
      }
    },

    async remove(names) {
      for (let at = 0; at < names.length; at += PAGE) {
        const Objects = names.slice(at, at + PAGE).map((name) => ({ Key: below + name }));
        const { Errors = [] } = await calls.call('s3:DeleteObject', (client) =>
          client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })),
        );
        const [first] = Errors;
        if (first !== undefined)
          throw new BlobStoreError('failed', `${first.Key ?? 'an object'} was not deleted: ${first.Message}`);
      }
    },
  };
}
