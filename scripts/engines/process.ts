/** A server in the background: started with a log and a pid file, ready when it serves, ended by its own pid only. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Identity, isRunning, startOf } from './identity.ts';

export interface LaunchOptions {
  /** For messages. */
  readonly name: string;
  /** Has the log (`server.log`) and the pid file (`server.pid`); made when it is missing. */
  readonly directory: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where it runs; default: `directory`. */
  readonly cwd?: string;
  /** One attempt at a real request; it is repeated until it resolves. Bound it yourself (a few seconds). */
  readonly probe: () => Promise<unknown>;
  /** How long it may take until a probe succeeds, milliseconds; default 60,000. */
  readonly withinMs?: number;
}

export interface Launched {
  readonly pid: number;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const PROBE_MS = 100;
const STOP_POLL_MS = 25;
const logOf = (directory: string): string => join(directory, 'server.log');
const pidOf = (directory: string): string => join(directory, 'server.pid');

/**
 * Starts a server that outlives this process.
 * @throws Error with the end of its log when it ends or does not serve in time (it is killed then), and when one
 * already runs in this directory.
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { name, directory } = options;
  mkdirSync(directory, { recursive: true });
  const other = recorded(directory);
  if (other !== null) throw new Error(`${name} already runs in ${directory} (pid ${other.pid}).`);
  const log = openSync(logOf(directory), 'a');
  const before = fstatSync(log).size;
  const child = spawn(options.command, options.args, {
    cwd: options.cwd ?? directory,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let end: string | null = null;
  child.on('error', (error) => {
    end = `can't be started: ${error.message}`;
  });
  child.on('exit', (code, signal) => {
    end ??= `ended by itself (${signal ?? `exit code ${code}`})`;
  });
  child.unref();
  const started = child.pid === undefined ? null : startOf(child.pid);
  if (child.pid === undefined || started === null) {
    await sleep(PROBE_MS);
    throw new Error(`${name} ${end ?? 'ended at once'}.${endOfLog(directory, before)}`);
  }
  const identity: Identity = { pid: child.pid, started };
  writeFileSync(pidOf(directory), JSON.stringify(identity));
  try {
    await served(options, () => end, before);
  } catch (error) {
    await stopRecorded(directory, 0);
    throw error;
  }
  return handle(identity, directory);
}

const handle = (identity: Identity, directory: string): Launched => ({
  pid: identity.pid,
  kill: (signal) => {
    if (isRunning(identity)) process.kill(identity.pid, signal);
  },
  stop: async () => {
    await endProcess(identity);
    // A restart in the same directory has its own pid file by now.
    if (recorded(directory) === null) rmSync(pidOf(directory), { force: true });
  },
});

async function served(options: LaunchOptions, ended: () => string | null, logged: number): Promise<void> {
  const within = options.withinMs ?? 60_000;
  const deadline = performance.now() + within;
  for (;;) {
    const failure = await options.probe().then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const end = ended();
    if (end !== null) throw new Error(`${options.name} ${end}.${endOfLog(options.directory, logged)}`);
    if (failure === null) return;
    if (performance.now() > deadline) {
      throw new Error(
        `${options.name} did not serve within ${within} ms: ${failure}.${endOfLog(options.directory, logged)}`,
      );
    }
    await sleep(PROBE_MS);
  }
}

/** The last lines that a server wrote after the first `from` bytes, as a paragraph for an error message. */
function endOfLog(directory: string, from: number): string {
  const lines = readFileSync(logOf(directory)).subarray(from).toString().trimEnd().split('\n').slice(-20);
  return lines.join('') === '' ? '' : `\nThe end of ${logOf(directory)}:\n${lines.join('\n')}`;
}

/** The server that was started in this directory, if it still runs. */
export function recorded(directory: string): Identity | null {
  if (!existsSync(pidOf(directory))) return null;
  const identity = JSON.parse(readFileSync(pidOf(directory), 'utf8')) as Identity;
  return isRunning(identity) ? identity : null;
}

/** Ends the server that was started in this directory, from whatever process. False: none was running. */
export async function stopRecorded(directory: string, graceMs?: number): Promise<boolean> {
  const identity = recorded(directory);
  if (identity !== null) await endProcess(identity, graceMs);
  rmSync(pidOf(directory), { force: true });
  return identity !== null;
}

/** SIGTERM, and SIGKILL after `graceMs`; resolves when it is gone. */
export async function endProcess(identity: Identity, graceMs = 10_000): Promise<void> {
  const signal = (name: NodeJS.Signals): void => {
    if (isRunning(identity)) process.kill(identity.pid, name);
  };
  // One that was stopped by SIGSTOP sees its SIGTERM only when it goes on.
  signal('SIGTERM');
  signal('SIGCONT');
  const deadline = performance.now() + graceMs;
  while (isRunning(identity)) {
    if (performance.now() > deadline) signal('SIGKILL');
    await sleep(STOP_POLL_MS);
  }
}
