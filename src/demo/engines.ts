/** The engines of `--engines distributed`: started natively by the project's own script, in the demo's workspace. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ToldError } from '../simulator/told-error.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/engines.ts');
export const ENGINES = ['eventstore-double', 'kafka', 'documents', 'mosquitto', 's3'] as const;
export type EngineName = (typeof ENGINES)[number];

const lines = z.array(
  z.object({
    name: z.enum(ENGINES),
    state: z.string(),
    setting: z.string().optional(),
    url: z.string().optional(),
    version: z.string().optional(),
    problem: z.string().optional(),
  }),
);

export interface Engines {
  /** Their `FLEETWAVE_…` settings. */
  readonly environment: Readonly<Record<string, string>>;
  /** Product and version, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Starts them all, or goes on with those that run in this directory.
 * @throws ToldError when one can't be had here.
 */
export async function startEngines(directory: string, say: (line: string) => void): Promise<Engines> {
  if (!existsSync(SCRIPT))
    throw new ToldError('--engines distributed starts engines by scripts/engines.ts: run it in a checkout.');
  const output = await runScript(['up', ...ENGINES, '--dir', directory, '--json'], say);
  const found = lines.parse(JSON.parse(output));
  const failed = found.filter(({ state }) => state !== 'up');
  if (failed.length > 0)
    throw new ToldError(failed.map(({ name, problem }) => `${name} did not start: ${problem}`).join('\n'));
  return {
    environment: Object.fromEntries(found.map(({ setting = '', url = '' }) => [setting, url])),
    versions: Object.fromEntries(found.map(({ name, version = '' }) => [name, version])),
  };
}

export async function stopEngines(directory: string): Promise<void> {
  if (existsSync(directory)) await runScript(['down', '--dir', directory, '--json'], () => undefined);
}

/** @returns what it wrote on stdout, also when it failed: that says what did. */
async function runScript(args: readonly string[], say: (line: string) => void): Promise<string> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line !== '') say(line);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return output;
}
