/** A lock between processes that can't be left behind: the system frees it when its holder dies. */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const SQLITE_BUSY = 5;
const POLL_MS = 100;

/**
 * Runs `work` while nobody else holds the lock at `path` (a file that stays).
 * @throws Error when it is not free within `waitMs`.
 */
export async function withLock<T>(path: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const holder = new DatabaseSync(path);
  try {
    const deadline = performance.now() + waitMs;
    while (!taken(holder)) {
      if (performance.now() > deadline)
        throw new Error(`${path} was held by another process for ${waitMs} ms.`);
      await sleep(POLL_MS);
    }
    return await work();
  } finally {
    holder.close();
  }
}

function taken(holder: DatabaseSync): boolean {
  try {
    holder.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return false;
    throw error;
  }
}
