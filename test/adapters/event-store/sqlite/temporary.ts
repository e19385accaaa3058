import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that is removed at the end of the block. */
export async function temporaryDirectory(): Promise<
  AsyncDisposable & { readonly directory: string; readonly path: string }
> {
  const directory = await mkdtemp(join(tmpdir(), 'fleetwave-log-'));
  return {
    directory,
    path: join(directory, 'log.db'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
