/** `fleetwave` as a process, with its own settings and a directory that goes at the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

export interface CliRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

type Settings = Readonly<Record<string, string>>;

/** Without the settings of whoever runs the tests. */
const environment = (settings: Settings): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLEETWAVE_'))),
  ...settings,
});

export function launch(args: readonly string[], settings: Settings = {}): ChildProcess {
  return spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(settings),
    // No .env of whoever runs the tests.
    cwd: tmpdir(),
  });
}

/** Until it ends. */
export async function run(args: readonly string[], settings: Settings = {}): Promise<CliRun> {
  const child = launch(args, settings);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

/** A directory for one test. */
export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'fleetwave-cli-'));
  directories.push(path);
  return path;
}
const directories: string[] = [];

afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
});
