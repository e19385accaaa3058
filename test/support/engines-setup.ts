/** Before and after all tests: the directory that their engines share, and the end of every engine in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Directory of this run; gone after it. */
    readonly runDirectory: string;
    /** Where lanes are recorded, for the table at the end of `npm test`. */
    readonly lanesDirectory: string;
    /** Directory of `npm run engines -- up` when the tests shall use those; null: they start their own. */
    readonly upDirectory: string | null;
  }
}

export default function setup({ provide }: TestProject): () => Promise<void> {
  const run = mkdtempSync(join(tmpdir(), 'fleetwave-run-'));
  // Mosquitto gives up root for another user, who must get through to its files.
  chmodSync(run, 0o711);
  const lanes = process.env['TEST_LANES'] ?? join(run, 'lanes');
  mkdirSync(lanes, { recursive: true });
  provide('runDirectory', run);
  provide('lanesDirectory', lanes);
  provide('upDirectory', upDirectory(process.env['FLEETWAVE_TEST_ENGINES']));
  const reaper = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../scripts/engines/reaper.ts'), run],
    {
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit'],
    },
  );
  reaper.unref();
  return () => ended(reaper);
}

function upDirectory(value: string | undefined): string | null {
  if (value === undefined || value === '') return null;
  if (value !== 'up') throw new Error(`FLEETWAVE_TEST_ENGINES is '${value}': set it to 'up', or not at all.`);
  return resolve('.engines');
}

const ended = (reaper: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    if (reaper.exitCode !== null) return resolve();
    reaper.ref();
    reaper.once('error', reject);
    reaper.once('exit', () => resolve());
    reaper.stdin?.end();
  });
