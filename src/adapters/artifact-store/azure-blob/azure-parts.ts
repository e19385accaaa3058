/** Blocks under a name of their own, and the copy of them under the blob's name. */
import { BlobSASPermissions, type BlockBlobClient } from '@azure/storage-blob';
import { isMissing } from '../blob-store-error.ts';
import { createLimiter } from '../limiter.ts';
import { CACHE_CONTROL, CONTENT_TYPE, type Parts } from '../object-storage.ts';
import type { AzureClient } from './azure-client.ts';

export interface AzurePartsOptions {
  readonly call: AzureClient['call'];
  /** Where the upload is until it is published. */
  readonly incoming: BlockBlobClient;
  readonly blobOf: (sha256: string) => BlockBlobClient;
  /** Bytes of a block that the service copies from one blob to another; up to 4,000 MiB. */
  readonly copyBytes: number;
}

export const blobHTTPHeaders = { blobContentType: CONTENT_TYPE, blobCacheControl: CACHE_CONTROL } as const;
/** Only when there is none. */
export const isNew = { ifNoneMatch: '*' } as const;

/** Blocks of a copy at a time. They go from the service to itself. */
const COPIES_IN_FLIGHT = 4;
const LINK_MS = 3600_000;
/** For clocks that differ. */
const LEEWAY_MS = 15 * 60_000;

/** All of one blob must be of the same length. */
const blockId = (number: number): string => Buffer.from(String(number).padStart(6, '0')).toString('base64');

/**
 * A blob is copied block by block and comes to be by one commit of the list. Copy Blob would be one request, but
 * shows an unfinished blob while it works, or takes no more than 256 MiB.
 */
export function beginAzureParts({ call, incoming, blobOf, copyBytes }: AzurePartsOptions): Parts {
  const sent = new Set<number>();

  return {
    async send(number, bytes, stop) {
      await call(
        'write a block',
        (abortSignal) => incoming.stageBlock(blockId(number), bytes, bytes.length, { abortSignal }),
        { stop },
      );
      sent.add(number);
    },

    async publish(sha256, size) {
      const list = [...sent].sort((a, b) => a - b).map(blockId);
      await call('write a blob', (abortSignal) => incoming.commitBlockList(list, { abortSignal }));
      const source = await incoming.generateSasUrl({
        permissions: BlobSASPermissions.from({ read: true }),
        startsOn: new Date(Date.now() - LEEWAY_MS),
        expiresOn: new Date(Date.now() + LINK_MS),
      });
      const target = blobOf(sha256);
      const limiter = createLimiter(COPIES_IN_FLIGHT);
      const ids = Array.from({ length: Math.ceil(size / copyBytes) }, (_, index) => blockId(index + 1));
      const copies = ids.map(async (id, index) => {
        const leave = await limiter.enter();
        const start = index * copyBytes;
        const count = Math.min(copyBytes, size - start);
        await call('copy a block', (abortSignal) =>
          target.stageBlockFromURL(id, source, start, count, { abortSignal }),
        ).finally(leave);
      });
      await Promise.all(copies);
      await call('write a blob', (abortSignal) =>
        target.commitBlockList(ids, { blobHTTPHeaders, conditions: isNew, abortSignal }),
      );
    },

    discard: () => discardUpload(call, incoming),
  };
}

/** Blocks that are in no list can't be deleted, but a new list drops those that it does not name. */
export async function discardUpload(call: AzureClient['call'], upload: BlockBlobClient): Promise<void> {
  await call('write a blob', (abortSignal) => upload.commitBlockList([], { abortSignal }));
  try {
    await call('delete a blob', (abortSignal) => upload.delete({ abortSignal }));
  } catch (error) {
    // An answer to a try before was lost, or a sweep came first.
    if (!isMissing(error)) throw error;
  }
}
