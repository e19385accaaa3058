/** The roles of a deployment as processes of their own, on engines that run already. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ToldError } from '../simulator/told-error.ts';
import { freePort } from './free-port.ts';
import { type Child, launchRole, type Ready, type RoleReady, startTool, stop, tailOf } from './processes.ts';
import type { Workspace } from './workspace.ts';

/** Names of processes: a role, or a role and a number where it has several. */
export const PROCESSES = ['api', 'bridge', 'rollout-1', 'rollout-2', 'gatekeeper', 'projector'] as const;
export type ProcessName = (typeof PROCESSES)[number];

const roleOf = (name: ProcessName): string => name.split('-')[0] ?? name;
const STOP_WITHIN_MS = 12_000;

export interface ClusterOptions {
  readonly workspace: Workspace;
  /** Settings of the engines. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where Mosquitto's files are, its pid among them. */
  readonly mosquittoDirectory: string;
  readonly onChild: (child: Child) => void;
}

export interface Cluster {
  readonly ready: Ready;
  /** What runs now, by name. */
  readonly processes: ReadonlyMap<ProcessName, Child>;
  /** Where a process answers for its health and its metrics. */
  addressOf(name: ProcessName): string;
  /** Starts a process again that has ended. @throws ToldError with the end of its log when it does not come up. */
  restart(name: ProcessName): Promise<Child>;
  /** Brings the broker's password and access files up to the log. */
  updateBroker(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws ToldError with the end of the log of what did not start. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { workspace, onChild } = options;
  const port = await freePort();
  const environment = {
    ...options.environment,
    FLEETWAVE_PUBLIC_URL: `http://127.0.0.1:${port}`,
    FLEETWAVE_MQTT_PUBLIC_URL: `mqtt://127.0.0.1:${readFileSync(join(options.mosquittoDirectory, 'vehicles-port'), 'utf8').trim()}`,
    FLEETWAVE_LOG_LEVEL: 'warn',
    FLEETWAVE_TIMEOUT_GRACE_S: '5',
  };
  const processes = new Map<ProcessName, Child>();
  const addresses = new Map<ProcessName, string>();
  const launch = async (name: ProcessName): Promise<RoleReady> => {
    const log = workspace.file(`${name}.log`);
    const args = ['--roles', roleOf(name), '--http-port', String(name === 'api' ? port : 0)];
    const launched = launchRole(name, workspace.dataDir, log, args, {
      ...environment,
      FLEETWAVE_INSTANCE: name,
    });
    processes.set(name, launched.child);
    onChild(launched.child);
    const ready = await launched.ready;
    if (ready !== null) {
      addresses.set(name, ready.http);
      return ready;
    }
    await stop(launched.child, 0);
    throw new ToldError(`${name} did not start. The end of ${log}:\n${tailOf(log)}`);
  };
  const [api] = await Promise.all([launch('api'), ...PROCESSES.slice(1).map(launch)]);
  const { http, mqtt, adminKeyFile } = api;
  if (mqtt === null || adminKeyFile === null) throw new ToldError('the api process has no API or no broker');
  return {
    ready: { ready: true, http, mqtt, adminKeyFile },
    processes,
    addressOf: (name) => addresses.get(name) ?? '',
    async restart(name) {
      await launch(name);
      const child = processes.get(name);
      if (child === undefined) throw new Error(`${name} was not started`);
      return child;
    },
    updateBroker: () => updateBroker(options, environment),
    async stop() {
      await Promise.all([...processes.values()].map((child) => stop(child, STOP_WITHIN_MS)));
    },
  };
}

async function updateBroker(
  { workspace, mosquittoDirectory, onChild }: ClusterOptions,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const log = workspace.file('mosquitto-files.log');
  const args = [
    ...['mosquitto-files', '--data-dir', workspace.dataDir],
    ...['--directory', mosquittoDirectory, '--pid-file', join(mosquittoDirectory, 'server.pid')],
  ];
  const tool = startTool('mosquitto-files', args, log, environment);
  onChild(tool);
  const code = await tool.ended;
  if (code !== 0)
    throw new ToldError(`mosquitto-files ended with ${code}. The end of ${log}:\n${tailOf(log)}`);
}
