/** Immutable ciphertext in an S3 bucket (DESIGN §9). */
import {
  type ObjectBlobStore,
  type ObjectBlobStoreOptions,
  openObjectBlobStore,
} from '../object-blob-store.ts';
import { createWatch } from '../watch.ts';
import type { S3Settings } from './s3-settings.ts';
import { createS3Storage, type S3Limits } from './s3-storage.ts';

export { parseS3Url } from './s3-settings.ts';

/**
 * Opens the store: makes the bucket when it is missing and we may, and removes what uploads have left that were cut
 * off a day ago or earlier. Any number of processes may use it at a time.
 * @throws BlobStoreError naming what is wrong, with the permission that is missing.
 */
export const openS3BlobStore = (
  settings: S3Settings,
  options: ObjectBlobStoreOptions & S3Limits,
): Promise<ObjectBlobStore> => {
  const watch = createWatch(options.log);
  return openObjectBlobStore(createS3Storage(settings, options, watch), watch, options);
};
