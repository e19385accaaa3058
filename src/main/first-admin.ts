/** The first key: written to a file that only its owner reads; shown only to a terminal. */
import { open } from 'node:fs/promises';
import type { RunningAccess } from '../app/access/access-service.ts';

/** @returns the key when it was made just now. It is on disk before it counts. */
export const ensureAdminKey = (access: RunningAccess, path: string): Promise<string | null> =>
  access.ensureFirstAdmin('admin', async (key) => {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(`${key}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  });
