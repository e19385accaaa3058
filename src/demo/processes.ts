/** The server and the simulator, each in a process of its own, and their end. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ToldError } from '../simulator/told-error.ts';

const CLI = join(import.meta.dirname, '..', 'cli.ts');
const READY_WITHIN_MS = 30_000;
/** Several of them start at a time, and all wait for the same engines. */
const ROLE_READY_WITHIN_MS = 120_000;
/**
 * A third less memory for the same work: V8's young generations (one per thread) stay small, and so do the pools
 * of glibc's allocator.
 */
const LEAN_NODE = ['--max-semi-space-size=4'];
const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

const readyLine = z.object({
  ready: z.literal(true),
  http: z.url(),
  mqtt: z.url(),
  adminKeyFile: z.string(),
});
/** A process with some roles need not know where vehicles connect, nor have an API. */
const readyRole = readyLine.extend({ mqtt: z.url().nullable(), adminKeyFile: z.string().nullable() });
export type Ready = z.infer<typeof readyLine>;
export type RoleReady = z.infer<typeof readyRole>;

export interface Child {
  readonly name: string;
  readonly log: string;
  /** Resolves with the exit code (null for a signal) when it has ended. */
  readonly ended: Promise<number | null>;
  readonly process: ChildProcess;
}

function start(
  name: string,
  args: readonly string[],
  log: string,
  environment: Record<string, string>,
): Child {
  const fd = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [...LEAN_NODE, CLI, ...args], {
    stdio: ['ignore', 'pipe', fd],
    env: { ...process.env, ...LEAN_ENVIRONMENT, ...environment },
  });
  closeSync(fd);
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  return { name, log, ended, process: child };
}

export interface ServerSettings {
  /** 0 or left out = any free one. */
  readonly httpPort?: number;
  readonly mqttPort?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a server without waiting for it. `ready` is null when it ended or took too long; it rejects for a first line that is none of ours. */
export function launchServer(
  dataDir: string,
  log: string,
  { httpPort = 0, mqttPort = 0, environment = {} }: ServerSettings = {},
): { readonly child: Child; readonly ready: Promise<Ready | null> } {
  const ports = ['--http-port', String(httpPort), '--mqtt-port', String(mqttPort)];
  const args = ['start', '--data-dir', dataDir, ...ports, '--json-ready'];
  const quiet = { FLEETWAVE_LOG_LEVEL: 'warn', FLEETWAVE_TIMEOUT_GRACE_S: '5' };
  const child = start('server', args, log, { ...quiet, ...environment });
  return { child, ready: readiness(child, readyLine) };
}

/** Starts a process with some roles, like `launchServer`. */
export function launchRole(
  name: string,
  dataDir: string,
  log: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): { readonly child: Child; readonly ready: Promise<RoleReady | null> } {
  const child = start(name, ['start', '--data-dir', dataDir, '--json-ready', ...args], log, environment);
  return { child, ready: readiness(child, readyRole, ROLE_READY_WITHIN_MS) };
}

/** A command of ours that ends by itself. */
export function startTool(
  name: string,
  args: readonly string[],
  log: string,
  environment: Readonly<Record<string, string>>,
): Child {
  const child = start(name, args, log, environment);
  child.process.stdout?.resume();
  return child;
}

async function readiness<T>(
  child: Child,
  line: z.ZodType<T>,
  within_ms: number = READY_WITHIN_MS,
): Promise<T | null> {
  const { stdout } = child.process;
  if (stdout === null) throw new ToldError('the server has no output');
  const lines = createInterface({ input: stdout });
  const timeout = new AbortController();
  try {
    return await Promise.race([
      new Promise<T>((resolve, reject) => {
        lines.once('line', (text) => {
          try {
            resolve(line.parse(JSON.parse(text)));
          } catch (error) {
            reject(error);
          }
        });
      }),
      child.ended.then(() => null),
      pause(within_ms, timeout.signal),
    ]);
  } finally {
    timeout.abort();
    stdout.resume();
  }
}

/** Starts a server and waits until it answers. @throws Error with the end of its log. */
export async function startServer(
  dataDir: string,
  log: string,
  settings: ServerSettings = {},
): Promise<{ readonly child: Child; readonly ready: Ready }> {
  const launched = launchServer(dataDir, log, settings);
  const { child } = launched;
  const ready = await launched.ready;
  if (ready === null) {
    await stop(child, 0);
    throw new ToldError(`The server did not start. The end of ${log}:\n${tailOf(log)}`);
  }
  return { child, ready };
}

export function startSimulator(args: readonly string[], log: string): Child {
  const child = start('simulator', ['simulate', ...args], log, {});
  child.process.stdout?.resume();
  return child;
}

/** SIGTERM, and SIGKILL when that is not enough. @returns the exit code; null for a signal. */
export async function stop(child: Child, patience_ms: number): Promise<number | null> {
  if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill('SIGTERM');
  const enough = new AbortController();
  const first = await Promise.race([
    child.ended,
    pause(patience_ms, enough.signal).then(() => 'late' as const),
  ]);
  enough.abort();
  if (first !== 'late') return first;
  child.process.kill('SIGKILL');
  return child.ended;
}

export const tailOf = (log: string, lines = 15): string =>
  readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');

const pause = (ms: number, signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
