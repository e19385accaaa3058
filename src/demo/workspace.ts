/** Where a demo keeps its files: a temporary directory that goes, or a directory of the user's that stays. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ToldError } from '../simulator/told-error.ts';

export interface Workspace {
  /** Data directory of the server. */
  readonly dataDir: string;
  readonly kept: boolean;
  /** A file of the demo's own. */
  file(name: string): string;
  /** Removes a temporary directory; a kept one stays. */
  remove(): void;
}

/** @throws Error when the directory to keep has something in it. */
export function openWorkspace(keep: string | undefined): Workspace {
  if (keep !== undefined && existsSync(keep) && readdirSync(keep).length > 0)
    throw new ToldError(`--keep-data ${keep} is not empty: the demo needs a new or an empty directory.`);
  const base = keep === undefined ? mkdtempSync(join(tmpdir(), 'fleetwave-demo-')) : resolve(keep);
  const files = join(base, 'demo');
  mkdirSync(files, { recursive: true, mode: 0o700 });
  return {
    dataDir: join(base, 'data'),
    kept: keep !== undefined,
    file: (name) => join(files, name),
    remove() {
      if (keep === undefined) rmSync(base, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
