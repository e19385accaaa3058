/** The first key: written to a file that only its owner reads; shown only to a terminal. */
import { writeFileSync } from 'node:fs';
import type { RunningAccess } from '../app/access/access-service.ts';

/** @returns the key when it was made just now. */
export async function ensureAdminKey(access: RunningAccess, path: string): Promise<string | null> {
  const key = await access.ensureFirstAdmin('admin');
  if (key !== null) writeFileSync(path, `${key}\n`, { mode: 0o600, flag: 'wx' });
  return key;
}
