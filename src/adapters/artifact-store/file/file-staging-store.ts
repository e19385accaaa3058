/**
 * Staged objects as files: `{directory}/staged/{group}/{object}`. One is written under `incoming/`, synced, and linked
 * to its name, which is atomic and fails where there is one: of two writers only one gets the name.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StagedObject, StagingStore } from '../../../app/ports/staging-store.ts';
import { checkGroupPrefix, checkStagedName, STAGED, stagedNameIn } from '../staged-name.ts';
import { missing, syncDirectory, writeFully } from './durable.ts';

export interface FileStagingOptions {
  readonly directory: string;
  /** On the same file system; what is in it is removed at a start. */
  readonly incoming: string;
  readonly readOnly: boolean;
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export function createFileStaging({ directory, incoming, readOnly }: FileStagingOptions): StagingStore {
  const staged = join(directory, STAGED);
  const pathOf = (name: string): string => {
    checkStagedName(name);
    return join(staged, name);
  };
  const mustWrite = (): void => {
    if (readOnly) throw new Error('this store was opened for reading only');
  };

  return {
    async put(name, bytes) {
      mustWrite();
      const target = pathOf(name);
      const path = join(incoming, randomUUID());
      try {
        await writeDurably(path, bytes);
        await linkInto(staged, path, target);
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
      } finally {
        await rm(path, { force: true });
      }
    },

    async get(name) {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if (missing(error)) return null;
        throw error;
      }
    },

    async *list(groupPrefix) {
      checkGroupPrefix(groupPrefix);
      for (const group of await namesIn(staged)) {
        if (!group.startsWith(groupPrefix)) continue;
        for (const object of await namesIn(join(staged, group))) {
          const found = await describe(staged, `${group}/${object}`);
          if (found !== null) yield found;
        }
      }
    },

    async remove(names) {
      mustWrite();
      const groups = new Set<string>();
      for (const name of names) {
        await rm(pathOf(name), { force: true });
        groups.add(dirname(pathOf(name)));
      }
      for (const group of groups) await removeIfEmpty(group);
    },
  };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await writeFully(file, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A group that has just become empty may be removed beside us; then it is made once more. */
async function linkInto(staged: string, path: string, target: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    try {
      await link(path, target);
      await syncDirectory(dirname(target));
      await syncDirectory(staged);
      return;
    } catch (error) {
      if (!missing(error) || attempt === 3) throw error;
    }
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (missing(error) || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Null for what is not ours, and for what was removed meanwhile. */
async function describe(staged: string, name: string): Promise<StagedObject | null> {
  if (stagedNameIn(name, '') === null) return null;
  try {
    const { size, mtimeMs } = await stat(join(staged, name));
    return { name, size, modifiedAt: mtimeMs };
  } catch (error) {
    if (missing(error)) return null;
    throw error;
  }
}

async function removeIfEmpty(group: string): Promise<void> {
  try {
    await rmdir(group);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
  }
}
