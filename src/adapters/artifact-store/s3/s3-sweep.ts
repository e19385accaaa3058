/** Removes what uploads have left that never came to their end. */
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { CONTENT, INCOMING } from '../object-storage.ts';
import type { S3Calls } from './s3-client.ts';
import type { S3Settings } from './s3-settings.ts';

/** What S3 lists and deletes at a time. */
const OBJECTS = 1000;
/** Each costs a request. */
const UPLOADS = 100;

/** Those begun before `before`, the oldest names first and so many at most. @returns how many. */
export async function sweepS3(
  calls: S3Calls,
  { bucket: Bucket, prefix }: Pick<S3Settings, 'bucket' | 'prefix'>,
  before: Date,
): Promise<number> {
  const isOld = (at: Date | undefined): boolean => at !== undefined && at < before;
  let swept = 0;
  for (const Prefix of [`${prefix}${INCOMING}`, `${prefix}${CONTENT}`]) {
    const { Uploads = [] } = await calls.call('s3:ListBucketMultipartUploads', (client) =>
      client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, MaxUploads: UPLOADS })),
    );
    for (const { Key, UploadId } of Uploads.filter(({ Initiated }) => isOld(Initiated))) {
      await calls.call('s3:AbortMultipartUpload', (client) =>
        client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
      );
      swept++;
    }
  }
  const listed = { Bucket, Prefix: `${prefix}${INCOMING}`, MaxKeys: OBJECTS };
  const { Contents = [] } = await calls.call('s3:ListBucket', (client) =>
    client.send(new ListObjectsV2Command(listed)),
  );
  const Objects = Contents.filter(({ LastModified }) => isOld(LastModified)).map(({ Key }) => ({ Key }));
  if (Objects.length > 0)
    await calls.call('s3:DeleteObject', (client) =>
      client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })),
    );
  return swept + Objects.length;
}
