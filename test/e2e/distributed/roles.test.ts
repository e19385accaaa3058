/** Roles as processes: health of each, a second copy of each, and an end in good order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineSet } from '../../../scripts/chaos/engine-set.ts';
import { type Cluster, PROCESSES, startCluster } from '../../../src/demo/cluster.ts';
import { type Child, launchRole, type RoleReady, stop } from '../../../src/demo/processes.ts';
import { openWorkspace } from '../../../src/demo/workspace.ts';
import { uploadAtTwoPlaces } from '../support/two-places.ts';
import { untilTrue } from '../support/wait.ts';

const STOP_MS = 20_000;
const TURN_MS = 60_000;

const workspace = openWorkspace(process.env['KEEP_E2E']);
const engines = new EngineSet(workspace.file('engines'));
const children: Child[] = [];
/** First copies that have been stopped, and addresses of the second ones. */
const stopped = new Set<string>();
const others: string[] = [];
let cluster: Cluster;
let environment: Record<string, string>;

interface Checks {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

const readiness = async (http: string): Promise<Checks> => {
  const answer = await fetch(`${http}/readyz`);
  const body = (await answer.json()) as Checks & { details?: { checks: Checks['checks'] } };
  return answer.ok ? body : { ready: false, checks: body.details?.checks ?? [] };
};

const detailOf = async (http: string, name: string): Promise<string> =>
  (await readiness(http)).checks.find((check) => check.name === name)?.detail ?? '';

async function launch(name: string, role: string): Promise<{ child: Child; ready: RoleReady }> {
  const log = workspace.file(`${name}.log`);
  const settings = { ...environment, FLEETWAVE_INSTANCE: name };
  const launched = launchRole(name, workspace.dataDir, log, ['--roles', role, '--http-port', '0'], settings);
  children.push(launched.child);
  const ready = await launched.ready;
  if (ready === null) throw new Error(`${name} did not start`);
  others.push(ready.http);
  return { child: launched.child, ready };
}

beforeAll(async () => {
  await engines.startAll(() => undefined);
  environment = {
    ...engines.environment,
    FLEETWAVE_PUBLIC_URL: 'http://127.0.0.1:1',
    FLEETWAVE_LOG_LEVEL: 'warn',
  };
  cluster = await startCluster({
    workspace,
    environment: engines.environment,
    mosquittoDirectory: engines.directoryOf('mosquitto'),
    onChild: (child) => children.push(child),
  });
}, 180_000);

afterAll(async () => {
  await Promise.all(children.map((child) => stop(child, STOP_MS)));
  await engines.stopAll();
  workspace.remove();
}, 60_000);

describe('a process per role', () => {
  it.each(PROCESSES)('%s says that it lives, that it is ready, and how it does', async (name) => {
    const http = cluster.addressOf(name);
    expect(await (await fetch(`${http}/livez`)).json()).toEqual({ live: true });
    await untilTrue(`${name} to be ready`, async () => (await readiness(http)).ready);
    const { checks } = await readiness(http);
    expect(checks.map((check) => check.name)).toContain('event log');
    expect(await (await fetch(`${http}/metrics`)).text()).toContain('fleetwave_engine_event_log_up 1');
  });

  it('answers nothing but its health where it has no API', async () => {
    const answer = await fetch(`${cluster.addressOf('bridge')}/v1/vehicles`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ type: 'urn:fleetwave:problem:not-found' });
  });

  it('shares the shards between two workers', async () => {
    const owned = async (name: 'rollout-1' | 'rollout-2'): Promise<number> =>
      Number((await detailOf(cluster.addressOf(name), 'rollout')).split(' ')[0]);
    await untilTrue('both to own a half', async () => {
      const both = [await owned('rollout-1'), await owned('rollout-2')];
      return both[0] === 32 && both[1] === 32;
    });
  });

  it.each(['gatekeeper', 'projector'] as const)(
    'lets a second %s wait, and take over when the first one stops',
    async (role) => {
      await untilTrue(
        `the first ${role} to work`,
        async () => {
          const { checks } = await readiness(cluster.addressOf(role));
          return !JSON.stringify(checks).includes('waits');
        },
        TURN_MS,
      );
      const second = await launch(`${role}-2`, role);
      expect(JSON.stringify(await readiness(second.ready.http))).toContain(
        'waits: another process is at work',
      );
      const first = cluster.processes.get(role);
      expect(first && (await stop(first, STOP_MS))).toBe(0);
      stopped.add(role);
      await untilTrue(
        `the second ${role} to work`,
        async () => {
          const { ready, checks } = await readiness(second.ready.http);
          return ready && !JSON.stringify(checks).includes('waits');
        },
        TURN_MS,
      );
    },
    180_000,
  );

  it('answers with a second API what the first one was told', async () => {
    const second = await launch('api-2', 'api');
    const [one, other] = await Promise.all(
      [cluster.ready.http, second.ready.http].map(async (http) => (await fetch(`${http}/v1/keys`)).json()),
    );
    expect(other).toEqual(one);

    // What one has taken in, the other one goes on with.
    const key = readFileSync(cluster.ready.adminKeyFile, 'utf8').trim();
    const ended = await uploadAtTwoPlaces(cluster.ready.http, second.ready.http, key);
    expect(ended).toMatchObject({ stoodAt: 13 * 1024 * 1024, status: 204 });
    expect(ended.stored).toMatchObject([ended.expected, ended.expected]);
  }, 60_000);

  it('has every metric that the operations guide tells to watch', async () => {
    const guide = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
    const named = new Set(
      [...guide.matchAll(/`((?:fleetwave|nodejs|process)_[a-z0-9_]+)`/g)].map(([, name]) => name),
    );
    expect(named.size).toBeGreaterThan(20);
    const pages = await Promise.all(
      [
        ...PROCESSES.filter((name) => !stopped.has(name)).map((name) => cluster.addressOf(name)),
        ...others,
      ].map(async (http) => (await fetch(`${http}/metrics`)).text()),
    );
    const present = new Set([...pages.join('\n').matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name));
    expect([...named].filter((name) => !present.has(name))).toEqual([]);
  });

  it('ends in good order within its time when it is told to: exit code 0', async () => {
    const running = children.filter(
      ({ process }) => process.exitCode === null && process.signalCode === null,
    );
    expect(running.length).toBeGreaterThanOrEqual(6);
    const codes = await Promise.all(running.map(async (child) => [child.name, await stop(child, STOP_MS)]));
    expect(codes).toEqual(running.map(({ name }) => [name, 0]));
  });
});
