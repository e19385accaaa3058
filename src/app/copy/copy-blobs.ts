/** Copies artifacts from one store to another. They are immutable and named by what they hold, so what is there stays. */
import { createHash } from 'node:crypto';
import type { BlobStore } from '../ports/artifact-store.ts';

export interface CopiedBlobs {
  readonly copied: number;
  /** Were there already. */
  readonly held: number;
  readonly bytes: number;
  /** Names of those whose bytes are not what the name says: they are left out. The first of them. */
  readonly damaged: readonly string[];
  readonly damagedCount: number;
}

const LISTED = 50;

/** @param onProgress is told of each file, also of those that were there. */
export async function copyBlobs(
  source: Pick<BlobStore, 'list' | 'size' | 'read'>,
  target: Pick<BlobStore, 'size' | 'begin'>,
  onProgress: (so: CopiedBlobs) => void = () => {},
): Promise<CopiedBlobs> {
  let so: CopiedBlobs = { copied: 0, held: 0, bytes: 0, damaged: [], damagedCount: 0 };
  for await (const sha256 of source.list()) {
    const there = await target.size(sha256);
    if (there !== null && there === (await source.size(sha256))) so = { ...so, held: so.held + 1 };
    else {
      const bytes = await copyOne(source, target, sha256);
      so =
        bytes === null
          ? {
              ...so,
              damaged: [...so.damaged, sha256].slice(0, LISTED),
              damagedCount: so.damagedCount + 1,
            }
          : { ...so, copied: so.copied + 1, bytes: so.bytes + bytes };
    }
    onProgress(so);
  }
  return so;
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
