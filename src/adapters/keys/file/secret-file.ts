/** Files that hold secrets: made once with mode 0600, and refused when others can read them. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

const OTHERS = 0o077;

async function readSecret(path: string): Promise<string | null> {
  try {
    const { mode } = await stat(path);
    // Windows has no such mode bits: its access lists are the administrator's matter.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
      throw new KeyFileError(
        `${path} can be read by others (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 ${path}`,
      );
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes whole or not at all: a crash can't leave half a key, and a file made meanwhile is not overwritten. */
async function createSecret(path: string, content: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.${randomUUID()}.new`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The content of a secret file; when there is none it is made of what `create` returns.
 * @throws KeyFileError when the group or others may read it.
 */
export async function openSecretFile(path: string, create: () => string): Promise<string> {
  const existing = await readSecret(path);
  if (existing !== null) return existing;
  await createSecret(path, create());
  const made = await readSecret(path);
  if (made === null) throw new KeyFileError(`${path} was removed while it was being made`);
  return made;
}
