/** Staged objects in a container of Azure Blob Storage. */
import type { ContainerListBlobFlatSegmentResponse } from '@azure/storage-blob';
import type { StagingStore } from '../../../app/ports/staging-store.ts';
import { BlobStoreError, isMissing } from '../blob-store-error.ts';
import { createLimiter } from '../limiter.ts';
import { STAGED, stagedNameIn } from '../staged-name.ts';
import type { AzureClient } from './azure-client.ts';
import { isNew } from './azure-parts.ts';

/** What is listed at a time. */
const PAGE = 1000;
/** Deletions at a time: each is a request of its own. */
const DELETIONS_IN_FLIGHT = 8;

export function createAzureStaged({ container, call }: AzureClient): StagingStore {
  const blobOf = (name: string) => container.getBlockBlobClient(STAGED + name);
  return {
    async put(name, bytes) {
      try {
        await call('write a blob', (abortSignal) =>
          blobOf(name).upload(bytes, bytes.length, { conditions: isNew, abortSignal }),
        );
        return true;
      } catch (error) {
        if (error instanceof BlobStoreError && error.code === 'exists') return false;
        throw error;
      }
    },

    async get(name) {
      try {
        return await call('read a blob', (abortSignal) =>
          blobOf(name).downloadToBuffer(0, undefined, { abortSignal }),
        );
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },

    async *list(groupPrefix) {
      for (let continuationToken: string | undefined; ; ) {
        const after = continuationToken === undefined ? {} : { continuationToken };
        const page = await call('list blobs', async (abortSignal) => {
          const listed = container.listBlobsFlat({ prefix: STAGED + groupPrefix, abortSignal });
          const next = await listed.byPage({ maxPageSize: PAGE, ...after }).next();
          return next.value as ContainerListBlobFlatSegmentResponse;
        });
        for (const { name: key, properties } of page.segment.blobItems) {
          const name = stagedNameIn(key, STAGED);
          if (name === null) continue;
          const { contentLength: size = 0, lastModified } = properties;
          yield { name, size, modifiedAt: lastModified.getTime() };
        }
        continuationToken = page.continuationToken || undefined;
        if (continuationToken === undefined) return;
      }
    },

    async remove(names) {
      const limiter = createLimiter(DELETIONS_IN_FLIGHT);
      await Promise.all(
        names.map(async (name) => {
          const leave = await limiter.enter();
          await call('delete a blob', (abortSignal) => blobOf(name).deleteIfExists({ abortSignal })).finally(
            leave,
          );
        }),
      );
    },
  };
}
