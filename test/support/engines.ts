/** Real servers for tests: started by the first test that needs one, shared by the whole run, ended after it. */
import { chmodSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { EngineName } from '../../scripts/engines/engine.ts';
import { recipe } from '../../scripts/engines/recipes.ts';
import { sharedEngine, startShared } from '../../scripts/engines/shared.ts';

/** For tests that kill or damage a server: they start their own in a `serverDirectory()`. */
export { recipe } from '../../scripts/engines/recipes.ts';
export { lane, laneNotRun } from './lanes.ts';

export interface TestEngine {
  /** What the engine's `FLEETWAVE_…` setting takes. */
  readonly url: string;
  readonly version: string;
}

const engines = new Map<EngineName, Promise<TestEngine>>();

/**
 * The server that all tests of this run share: keep to your own topics, database, bucket or streams in it. With
 * FLEETWAVE_TEST_ENGINES=up it is the one of `npm run engines -- up`.
 */
export function engine(name: EngineName): Promise<TestEngine> {
  let found = engines.get(name);
  if (found === undefined) {
    found = findOrStart(name);
    engines.set(name, found);
  }
  return found;
}

async function findOrStart(name: EngineName): Promise<TestEngine> {
  const up = inject('upDirectory');
  if (up !== null) {
    const running = sharedEngine(join(up, name));
    if (running === null) throw new Error(`${name} is not up: npm run engines -- up ${name}`);
    return running;
  }
  const found = recipe(name);
  await found.install(() => undefined);
  return await startShared(found, join(inject('runDirectory'), name));
}

/** A directory for a server of your own. Stop it yourself; if the test dies first, the end of the run does it. */
export function serverDirectory(label: string): string {
  const directory = mkdtempSync(join(inject('runDirectory'), `${label}-`));
  // The server may run as another user.
  chmodSync(directory, 0o755);
  return directory;
}
