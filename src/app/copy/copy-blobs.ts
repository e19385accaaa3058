/**
 * Copies artifacts from one store to another. They are immutable and named by what they hold, so what is there stays,
 * once it was read and found to be that.
 */
import { createHash } from 'node:crypto';
import type { BlobStore } from '../ports/artifact-store.ts';

export interface CopiedBlobs {
  readonly copied: number;
  /** Were there already. */
  readonly held: number;
  readonly bytes: number;
  /**
   * Names of those whose bytes are not what the name says: they are left out, or they are there already, in a store
   * that replaces nothing. The first of them.
   */
  readonly damaged: readonly string[];
  readonly damagedCount: number;
}

const LISTED = 50;

/** @param onProgress is told of each file, also of those that were there. */
export async function copyBlobs(
  source: Pick<BlobStore, 'list' | 'size' | 'read'>,
  target: Pick<BlobStore, 'size' | 'read' | 'begin'>,
  onProgress: (so: CopiedBlobs) => void = () => {},
): Promise<CopiedBlobs> {
  let so: CopiedBlobs = { copied: 0, held: 0, bytes: 0, damaged: [], damagedCount: 0 };
  for await (const sha256 of source.list()) {
    const there = await target.size(sha256);
    if (there !== null && there === (await source.size(sha256)) && (await isWhole(target, sha256)))
      so = { ...so, held: so.held + 1 };
    else {
      const bytes = await copyOne(source, target, sha256);
      const good = bytes !== null && (there === null || (await isWhole(target, sha256)));
      so = good
        ? { ...so, copied: so.copied + 1, bytes: so.bytes + bytes }
        : {
            ...so,
            damaged: [...so.damaged, sha256].slice(0, LISTED),
            damagedCount: so.damagedCount + 1,
          };
    }
    onProgress(so);
  }
  return so;
}

async function isWhole(store: Pick<BlobStore, 'read'>, sha256: string): Promise<boolean> {
  const digest = createHash('sha256');
  for await (const chunk of store.read(sha256)) digest.update(chunk);
  return digest.digest('hex') === sha256;
}

/** @returns its size, or null when it is damaged. */
async function copyOne(
  source: Pick<BlobStore, 'read'>,
  target: Pick<BlobStore, 'begin'>,
  sha256: string,
): Promise<number | null> {
  const digest = createHash('sha256');
  let bytes = 0;
  const upload = await target.begin();
  try {
    for await (const chunk of source.read(sha256)) {
      digest.update(chunk);
      bytes += chunk.length;
      await upload.write(chunk);
    }
    if (digest.digest('hex') !== sha256) {
      await upload.abort();
      return null;
    }
    await upload.commit(sha256);
    return bytes;
  } catch (error) {
    await upload.abort();
    throw error;
  }
}
