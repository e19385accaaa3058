/** Where the engines' programs are kept between runs, and how they get there once. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { withLock } from './lock.ts';

/** The cached directory of `name`, which carries its version (`kafka-4.1.2`). It may not be there yet. */
export function engineCache(name: string): string {
  const base =
    process.env['FLEETWAVE_ENGINE_CACHE'] ?? process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(base, 'fleetwave-engines', name);
}

/**
 * Fills a cached directory once: `make` gets an empty scratch directory that becomes `directory` when it resolves,
 * so that what is there is whole. Others that want the same wait (15 minutes at most) instead of making it too.
 */
export async function fillOnce(directory: string, make: (scratch: string) => Promise<void>): Promise<void> {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  mkdirSync(parent, { recursive: true });
  await withLock(`${directory}.lock`, 15 * 60_000, async () => {
    if (existsSync(directory)) return;
    const scratch = mkdtempSync(join(parent, `.${basename(directory)}-`));
    try {
      await make(scratch);
      renameSync(scratch, directory);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}
