/**
 * Ends the engines of a directory, and removes it, when its parent is gone: `node reaper.ts DIRECTORY`, with a pipe
 * from the parent as standard input. The pipe closes however the parent ends, also by SIGKILL.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stopRecorded } from './process.ts';
import { stopShared } from './shared.ts';

const directory = process.argv[2];
if (directory === undefined) throw new Error('Say which directory.');
// Interrupting the parent's terminal must not keep us from tidying up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdin.resume().once('close', () => void tidyUp(directory));

async function tidyUp(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  await Promise.all(
    folders.map(async ({ name }) => {
      await stopShared(join(path, name));
      await stopRecorded(join(path, name));
    }),
  );
  rmSync(path, { recursive: true, force: true });
}
