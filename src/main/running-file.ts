/** `server.json` in the data directory: how the CLI finds a running server. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';

export function writeRunning(
  path: string,
  running: { readonly http: string; readonly mqtt: string | null },
): void {
  writeFileSync(`${path}.new`, JSON.stringify({ ...running, pid: process.pid }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export const removeRunning = (path: string): void => rmSync(path, { force: true });
