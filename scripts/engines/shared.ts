/** An engine that several processes use: started by whoever comes first, known by a file in its directory. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName, EngineRecipe } from './engine.ts';
import { type Identity, isRunning, startOf } from './identity.ts';
import { withLock } from './lock.ts';
import { endProcess } from './process.ts';

export interface SharedEngine extends Identity {
  readonly name: EngineName;
  readonly setting: string;
  readonly url: string;
  readonly version: string;
}

const START_MS = 5 * 60_000;
const stateOf = (directory: string): string => join(directory, 'engine.json');

/** The engine of this directory, if it runs. */
export function sharedEngine(directory: string): SharedEngine | null {
  if (!existsSync(stateOf(directory))) return null;
  const engine = JSON.parse(readFileSync(stateOf(directory), 'utf8')) as SharedEngine;
  return isRunning(engine) ? engine : null;
}

/** Starts it unless it runs. Safe to call from several processes at a time: one starts it, the others wait for it. */
export async function startShared(recipe: EngineRecipe, directory: string): Promise<SharedEngine> {
  mkdirSync(directory, { recursive: true });
  return await withLock(`${directory}.lock`, START_MS, async () => {
    const running = sharedEngine(directory);
    if (running !== null) return running;
    const { name, url, version, pid } = await recipe.start({ directory });
    const started = startOf(pid);
    if (started === null) throw new Error(`${name} ended right after its start; its log is in ${directory}.`);
    const engine: SharedEngine = { name, setting: recipe.setting, url, version, pid, started };
    // Written beside and renamed: a reader sees all of it or none. It may hold a password.
    writeFileSync(`${stateOf(directory)}.new`, JSON.stringify(engine), { mode: 0o600 });
    renameSync(`${stateOf(directory)}.new`, stateOf(directory));
    return engine;
  });
}

/** Ends it. False: it was not running. */
export async function stopShared(directory: string): Promise<boolean> {
  const engine = sharedEngine(directory);
  if (engine !== null) await endProcess(engine);
  rmSync(stateOf(directory), { force: true });
  return engine !== null;
}
