/** The blob store over an object store (S3, Azure Blob Storage). */
import type { BlobStoreWithStaging } from '../../app/ports/artifact-store.ts';
import type { Log } from '../../app/ports/log.ts';
import type { StagingStore } from '../../app/ports/staging-store.ts';
import { BlobStoreError } from './blob-store-error.ts';
import { createLimiter } from './limiter.ts';
import { linkWindow } from './link-window.ts';
import { checkName, type ObjectStorage } from './object-storage.ts';
import { ObjectUpload } from './object-upload.ts';
import { readResumed } from './read-resumed.ts';
import { checkGroupPrefix, checkStagedName } from './staged-name.ts';
import type { Watch } from './watch.ts';

export interface ObjectBlobStore extends BlobStoreWithStaging {
  /** @throws RangeError when it shall be valid for longer than a week or less than a second. */
  link(sha256: string, valid_s: number): Promise<string>;
  /** Removes what uploads have left that were cut off a day ago or earlier. @returns how many. */
  sweep(): Promise<number>;
  /** Whether the newest request was answered. */
  reachable(): boolean;
  /** `reads_open` is how many there are now, the rest counts up. */
  stats(): Readonly<Record<string, number>>;
  /** Closes idle connections. */
  close(): void;
}

export interface ObjectBlobStoreOptions {
  readonly log: Log;
  /** Makes and removes nothing; uploads are refused. */
  readonly readOnly?: boolean;
}

/** Parts on their way at a time, of all uploads together: each is `partBytes` of memory. */
const PARTS_IN_FLIGHT = 4;
/** Reads at a time: each holds a connection for as long as its reader takes. */
export const MAX_READS = 1024;
/** No upload takes that long. */
const LEFTOVER_AFTER_MS = 24 * 3600 * 1000;

/** Looks whether the store can be used, and sweeps. @throws BlobStoreError when it can't. */
export async function openObjectBlobStore(
  storage: ObjectStorage,
  watch: Watch,
  { log, readOnly = false }: ObjectBlobStoreOptions,
): Promise<ObjectBlobStore> {
  try {
    await storage.prepare(!readOnly);
    const store = createStore(storage, watch, log, readOnly);
    if (!readOnly) await store.sweep();
    return store;
  } catch (error) {
    storage.close();
    throw error;
  }
}

function createStore(storage: ObjectStorage, watch: Watch, log: Log, readOnly: boolean): ObjectBlobStore {
  const limiter = createLimiter(PARTS_IN_FLIGHT);
  const counts = {
    uploads: 0,
    uploads_aborted: 0,
    bytes_written: 0,
    reads: 0,
    reads_open: 0,
    bytes_read: 0,
    links: 0,
    swept: 0,
  };
  const deps = {
    storage,
    limiter,
    onEnd: (bytes: number | null) => {
      if (bytes === null) counts.uploads_aborted++;
      else counts.uploads++;
      counts.bytes_written += bytes ?? 0;
    },
    onLeftover: (error: unknown) =>
      log('warn', 'an ended upload could not be removed from the artifact store; a later start will', {
        error,
      }),
  };
  return {
    async begin() {
      if (readOnly) throw new Error('this store was opened for reading only');
      return new ObjectUpload(deps);
    },
    async size(sha256) {
      checkName(sha256);
      return await storage.size(sha256);
    },
    async *read(sha256, range) {
      checkName(sha256);
      if (counts.reads_open === MAX_READS)
        throw new BlobStoreError('busy', `${MAX_READS} downloads from the artifact store are under way`, {
          advice: 'Put a caching proxy in front of /content, or set FLEETWAVE_CONTENT_DELIVERY=presigned.',
        });
      counts.reads++;
      counts.reads_open++;
      try {
        for await (const piece of readResumed(storage, sha256, range)) {
          counts.bytes_read += piece.length;
          yield piece;
        }
      } finally {
        counts.reads_open--;
      }
    },
    list: () => storage.list(),
    staging: checkedStaging(storage.staged, readOnly),
    async link(sha256, valid_s) {
      checkName(sha256);
      counts.links++;
      const { from, until } = linkWindow(Date.now(), valid_s);
      return await storage.link(sha256, from, until);
    },
    async sweep() {
      try {
        const swept = await storage.sweep(new Date(Date.now() - LEFTOVER_AFTER_MS));
        counts.swept += swept;
        return swept;
      } catch (error) {
        // The store works without; a lifecycle rule may do it.
        log('warn', 'what cut-off uploads have left in the artifact store could not be removed', { error });
        return 0;
      }
    },
    reachable: () => watch.reachable(),
    stats: () => ({ ...counts, failures: watch.failures() }),
    close: () => storage.close(),
  };
}

function checkedStaging(staged: StagingStore, readOnly: boolean): StagingStore {
  const mustWrite = (): void => {
    if (readOnly) throw new Error('this store was opened for reading only');
  };
  return {
    async put(name, bytes) {
      mustWrite();
      checkStagedName(name);
      return await staged.put(name, bytes);
    },
    async get(name) {
      checkStagedName(name);
      return await staged.get(name);
    },
    async *list(groupPrefix) {
      checkGroupPrefix(groupPrefix);
      yield* staged.list(groupPrefix);
    },
    async remove(names) {
      mustWrite();
      for (const name of names) checkStagedName(name);
      await staged.remove(names);
    },
  };
}
