/**
 * Immutable blobs as files: `{directory}/content/ab/cd/{sha256}`. A blob is written under `incoming/`, synced,
 * renamed into place and made durable by syncing the directories, so that a name either leads to all of its
 * bytes or to nothing, also after a power cut.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, opendir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStoreWithStaging } from '../../../app/ports/artifact-store.ts';
import { STAGED } from '../staged-name.ts';
import { missing, syncDirectory, writeFully } from './durable.ts';
import { createFileStaging } from './file-staging-store.ts';

/** Four chunks of the content format. */
const READ_BYTES = 262_144;
const NAME = /^[0-9a-f]{64}$/;

async function* readFileRange(
  path: string,
  range: { readonly start: number; readonly end: number } | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    let at = range?.start ?? 0;
    const end = range === undefined ? Number.POSITIVE_INFINITY : range.end + 1;
    while (at < end) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) break;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
    if (range !== undefined && at < end) throw new Error(`${path} ends before byte ${range.end}`);
  } finally {
    await file.close();
  }
}

/**
 * Makes `content/ab/cd`. The directories above are synced also when they were there: another upload may have
 * made them just now and not synced them yet.
 */
async function makeFanOut(content: string, sha256: string): Promise<string> {
  const outer = join(content, sha256.slice(0, 2));
  const inner = join(outer, sha256.slice(2, 4));
  await mkdir(inner, { recursive: true });
  await syncDirectory(content);
  await syncDirectory(outer);
  return inner;
}

/**
 * Opens the store, making its directory where there is none, and removes what uploads cut off by a crash
 * have left. One process at a time may use a directory, and others beside it `readOnly`: they make and remove
 * nothing, and uploads to them are refused.
 */
export async function openFileBlobStore(options: {
  readonly directory: string;
  readonly readOnly?: boolean;
}): Promise<BlobStoreWithStaging> {
  const readOnly = options.readOnly === true;
  const incoming = join(options.directory, 'incoming');
  const content = join(options.directory, 'content');
  if (!readOnly) {
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    await mkdir(content, { recursive: true, mode: 0o700 });
    await mkdir(join(options.directory, STAGED), { recursive: true, mode: 0o700 });
    for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true });
    await syncDirectory(options.directory);
  }

  const pathOf = (sha256: string): string => {
    if (!NAME.test(sha256)) throw new RangeError('a blob is named by 64 lower-case hexadecimal digits');
    return join(content, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  };

  return {
    async begin() {
      if (readOnly) throw new Error('this store was opened for reading only');
      const path = join(incoming, randomUUID());
      const file = await open(path, 'wx', 0o600);
      let state: 'open' | 'closed' = 'open';
      const mustBeOpen = (): void => {
        if (state !== 'open') throw new Error('this upload was committed or aborted before');
      };
      const abort = async (): Promise<void> => {
        if (state === 'closed') return;
        state = 'closed';
        await file.close();
        await rm(path, { force: true });
      };
      return {
        async write(chunk) {
          mustBeOpen();
          await writeFully(file, chunk);
        },
        async commit(sha256) {
          mustBeOpen();
          try {
            const target = pathOf(sha256);
            await file.sync();
            const directory = await makeFanOut(content, sha256);
            await rename(path, target);
            await syncDirectory(directory);
          } catch (error) {
            await abort();
            throw error;
          }
          state = 'closed';
          await file.close();
        },
        abort,
      };
    },

    async size(sha256) {
      try {
        return (await stat(pathOf(sha256))).size;
      } catch (error) {
        if (missing(error)) return null;
        throw error;
      }
    },

    staging: createFileStaging({ directory: options.directory, incoming, readOnly }),

    read: (sha256, range) => readFileRange(pathOf(sha256), range),

    async *list() {
      for (const outer of (await readdir(content)).sort())
        for (const inner of (await readdir(join(content, outer))).sort())
          for await (const entry of await opendir(join(content, outer, inner)))
            if (NAME.test(entry.name)) yield entry.name;
    },
  };
}
