/** Blobs in a container of Azure Blob Storage. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  BlobSASPermissions,
  type BlockBlobClient,
  type ContainerListBlobFlatSegmentResponse,
} from '@azure/storage-blob';
import { BlobStoreError, isMissing } from '../blob-store-error.ts';
import { CONTENT, INCOMING, nameIn, type ObjectStorage } from '../object-storage.ts';
import { silentWatch, type Watch } from '../watch.ts';
import { createAzureClient, READ_MS } from './azure-client.ts';
import { placeOf } from './azure-errors.ts';
import { beginAzureParts, blobHTTPHeaders, discardUpload, isNew } from './azure-parts.ts';
import type { AzureSettings } from './azure-settings.ts';
import { createAzureStaged } from './azure-staged.ts';

export interface AzureLimits {
  /** Bytes of a block, default 8 MiB. */
  readonly partBytes?: number;
  /** Bytes of a block that the service copies, default 100 MiB. */
  readonly copyBytes?: number;
}

const MIB = 1024 * 1024;
/** With the default of `partBytes`: 390 GiB. */
const MAX_BLOCKS = 50_000;
/** What is listed at a time, and swept at most. */
const PAGE = 1000;

export function createAzureStorage(
  settings: AzureSettings,
  limits: AzureLimits = {},
  watch: Watch = silentWatch(),
): ObjectStorage {
  const client = createAzureClient(settings, watch);
  const { container, call } = client;
  const blobOf = (sha256: string): BlockBlobClient => container.getBlockBlobClient(`${CONTENT}${sha256}`);
  const copyBytes = limits.copyBytes ?? 100 * MIB;
  const pageOf = (prefix: string, continuationToken?: string) =>
    call('list blobs', async (abortSignal) => {
      // Of an upload that was cut off there may be blocks that are in no list.
      const listed = { prefix, includeUncommitedBlobs: prefix === INCOMING, abortSignal };
      const after = continuationToken === undefined ? {} : { continuationToken };
      const page = await container
        .listBlobsFlat(listed)
        .byPage({ maxPageSize: PAGE, ...after })
        .next();
      return page.value as ContainerListBlobFlatSegmentResponse;
    });

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
        const { contentLength } = await call(
          'look at a blob',
          (abortSignal) => blobOf(sha256).getProperties({ abortSignal }),
          { within_ms: READ_MS },
        );
        return contentLength ?? null;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },

    async open(sha256, start, end) {
      const count = end === undefined ? undefined : end - start + 1;
      const { readableStreamBody, contentLength } = await call(
        'read a blob',
        (abortSignal) => blobOf(sha256).download(start, count, { maxRetryRequests: 0, abortSignal }),
        { within_ms: READ_MS },
      );
      if (readableStreamBody === undefined || contentLength === undefined)
        throw new BlobStoreError('failed', `${placeOf(settings)}: answered without a body or its length`);
      return { body: readableStreamBody as Readable, bytes: contentLength };
    },

    async *list() {
      for (let continuationToken: string | undefined; ; ) {
        const page = await pageOf(CONTENT, continuationToken);
        for (const { name } of page.segment.blobItems) {
          const sha256 = nameIn(name, CONTENT);
          if (sha256 !== null) yield sha256;
        }
        continuationToken = page.continuationToken || undefined;
        if (continuationToken === undefined) return;
      }
    },

    link: (sha256, startsOn, expiresOn) =>
      blobOf(sha256).generateSasUrl({
        permissions: BlobSASPermissions.from({ read: true }),
        startsOn,
        expiresOn,
      }),

    staged: createAzureStaged(client),

    async sweep(before) {
      let swept = 0;
      const { segment } = await pageOf(INCOMING);
      for (const { name, properties } of segment.blobItems) {
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
