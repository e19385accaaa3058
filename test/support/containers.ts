/** Contracts on the engines themselves: in a container where a Docker engine answers, or at a server that is given. */
import { beforeAll, describe } from 'vitest';
import { CONTAINERS, type ContainerName } from './container-recipes.ts';
import type { TestEngine } from './engines.ts';
import { lane, laneNotRun } from './lanes.ts';

const START_MS = 180_000;
/** The first use of an image fetches it. */
const PULL_MS = 15 * 60_000;

let missing: Promise<string | null> | null = null;

/**
 * Why no container can be started here; null when one can. TEST_CONTAINERS=off leaves them out, =required makes it a
 * failure that no Docker engine answers.
 */
export function noContainers(): Promise<string | null> {
  missing ??= findDocker(process.env['TEST_CONTAINERS'] ?? '');
  return missing;
}

async function findDocker(wish: string): Promise<string | null> {
  if (wish === 'off') return 'TEST_CONTAINERS=off';
  const { getContainerRuntimeClient } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
    return null;
  } catch (error) {
    if (wish === 'required')
      throw new Error('TEST_CONTAINERS=required, and no Docker engine answers.', { cause: error });
    return 'no Docker engine answers';
  }
}

const containers = new Map<ContainerName, Promise<TestEngine | null>>();

/**
 * The engine in a container, shared by the tests of one file; it ends with their process. Null when there is no Docker
 * engine: `noContainers` says why.
 */
export function container(name: ContainerName): Promise<TestEngine | null> {
  let found = containers.get(name);
  if (found === undefined) {
    found = startContainer(name);
    containers.set(name, found);
  }
  return found;
}

async function startContainer(name: ContainerName): Promise<TestEngine | null> {
  if ((await noContainers()) !== null) return null;
  const docker = await import('testcontainers');
  const { container: made, product, image, url } = await CONTAINERS[name](docker);
  const started = await made.withStartupTimeout(START_MS).start();
  return { url: url(started), version: `${product} ${image.slice(image.lastIndexOf(':') + 1)} (container)` };
}

export interface RealServers {
  /** The port whose contract it is. */
  readonly suite: string;
  readonly adapter: string;
  /** Name of the product. */
  readonly server: string;
  readonly container: ContainerName;
  /** Environment variable with the address of a server that is there already. */
  readonly variable?: 'EVENTSTORE_URL' | 'MONGODB_URL';
  /** Asks the server given by the variable for its version. */
  versionOf?(url: string): Promise<string>;
}

/**
 * Registers the contract once for the server given by the variable and once for a container, each as its own lane; where
 * there is none, the table at the end of `npm test` says why. Await it at the top of the test file.
 */
export async function onRealServers(
  of: RealServers,
  register: (url: () => Promise<string>) => void,
): Promise<void> {
  const { suite, adapter, server, variable } = of;
  const given = variable === undefined ? undefined : process.env[variable];
  if (given !== undefined && given !== '') {
    const version = (await of.versionOf?.(given)) ?? '';
    describe(`at ${variable}`, () => {
      lane({ suite, adapter, server, version: `${version} at ${variable}`.trimStart() });
      register(() => Promise.resolve(given));
    });
  } else if (variable !== undefined) {
    laneNotRun({
      suite,
      adapter,
      server: `${server} at ${variable}`,
      why: `${variable} is not set`,
      needs: variable,
    });
  }
  const why = await noContainers();
  if (why !== null)
    return laneNotRun({ suite, adapter, server: `${server} in a container`, why, needs: 'docker' });
  let version = '';
  describe('in a container', () => {
    lane({ suite, adapter, server, version: () => version });
    let url = '';
    beforeAll(async () => {
      const started = await container(of.container);
      if (started === null) throw new Error('The Docker engine is gone.');
      ({ url, version } = started);
    }, PULL_MS);
    register(() => Promise.resolve(url));
  });
}
