/** Blobs in a container of Azure Blob Storage. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { BlobSASPermissions, type BlockBlobClient } from '@azure/storage-blob';
import { BlobStoreError, isMissing } from '../blob-store-error.ts';
import { CONTENT, INCOMING, nameIn, type ObjectStorage } from '../object-storage.ts';
import { createAzureClient } from './azure-client.ts';
import { placeOf } from './azure-errors.ts';
import { beginAzureParts, blobHTTPHeaders, discardUpload, isNew } from './azure-parts.ts';
import type { AzureSettings } from './azure-settings.ts';

export interface AzureLimits {
  /** Bytes of a block, default 8 MiB. */
  readonly partBytes?: number;
  /** Bytes of a block that the service copies, default 100 MiB. */
  readonly copyBytes?: number;
}

const MIB = 1024 * 1024;
/** With the default of `partBytes`: 390 GiB. */
const MAX_BLOCKS = 50_000;
const MAX_SWEPT = 1000;

export function createAzureStorage(settings: AzureSettings, limits: AzureLimits = {}): ObjectStorage {
  const { container, call } = createAzureClient(settings);
  const blobOf = (sha256: string): BlockBlobClient => container.getBlockBlobClient(`${CONTENT}${sha256}`);
  const copyBytes = limits.copyBytes ?? 100 * MIB;

  return {
    partBytes: limits.partBytes ?? 8 * MIB,
    maxParts: MAX_BLOCKS,

    async prepare(mayCreate) {
      try {
        await call('look at the container', (abortSignal) => container.getProperties({ abortSignal }));
      } catch (error) {
        if (!mayCreate || !isMissing(error)) throw error;
        // `IfNotExists`: another process may have made it just now.
        await call('create the container', (abortSignal) => container.createIfNotExists({ abortSignal }));
      }
    },

    async put(sha256, bytes) {
      await call('write a blob', (abortSignal) =>
        blobOf(sha256).upload(bytes, bytes.length, { blobHTTPHeaders, conditions: isNew, abortSignal }),
      );
    },

    async begin() {
      const incoming = container.getBlockBlobClient(`${INCOMING}${randomUUID()}`);
      return beginAzureParts({ call, incoming, blobOf, copyBytes });
    },

    async size(sha256) {
      try {
        const { contentLength } = await call('look at a blob', (abortSignal) =>
          blobOf(sha256).getProperties({ abortSignal }),
        );
        return contentLength ?? null;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },

    async open(sha256, start, end) {
      const count = end === undefined ? undefined : end - start + 1;
      const { readableStreamBody, contentLength } = await call('read a blob', (abortSignal) =>
        blobOf(sha256).download(start, count, { maxRetryRequests: 0, abortSignal }),
      );
      if (readableStreamBody === undefined || contentLength === undefined)
        throw new BlobStoreError('failed', `${placeOf(settings)}: answered without a body or its length`);
      return { body: readableStreamBody as Readable, bytes: contentLength };
    },

    async *list() {
      const pages = container.listBlobsFlat({ prefix: CONTENT }).byPage();
      for (;;) {
        const page = await call('list blobs', () => pages.next());
        if (page.done === true) return;
        for (const { name } of page.value.segment.blobItems) {
          const sha256 = nameIn(name, CONTENT);
          if (sha256 !== null) yield sha256;
        }
      }
    },

    link: (sha256, startsOn, expiresOn) =>
      blobOf(sha256).generateSasUrl({
        permissions: BlobSASPermissions.from({ read: true }),
        startsOn,
        expiresOn,
      }),

    async sweep(before) {
      let swept = 0;
      const listed = { prefix: INCOMING, includeUncommitedBlobs: true };
      const pages = container.listBlobsFlat(listed).byPage({ maxPageSize: MAX_SWEPT });
      const page = await call('list blobs', () => pages.next());
      for (const { name, properties } of page.done === true ? [] : page.value.segment.blobItems) {
        if (properties.lastModified >= before) continue;
        await discardUpload(call, container.getBlockBlobClient(name));
        swept++;
      }
      return swept;
    },

    // Idle connections belong to the client library, and keep no process alive.
    close() {},
  };
}
