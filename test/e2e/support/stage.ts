/** A server in a process of its own with a directory of its own, and everything that has to go at the end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, createApiClient } from '../../../src/demo/api-client.ts';
import {
  type Child,
  launchServer,
  type Ready,
  type ServerSettings,
  startServer,
  startSimulator,
  stop,
  tailOf,
} from '../../../src/demo/processes.ts';

const CLI = join(import.meta.dirname, '../../../src/cli.ts');
const PATIENCE_MS = 15_000;
const SIMULATOR_PATIENCE_MS = 60_000;

export interface CliRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class Stage {
  readonly #base = mkdtempSync(join(tmpdir(), 'fleetwave-e2e-'));
  readonly #children: Child[] = [];
  readonly #closing: (() => Promise<unknown> | unknown)[] = [];
  readonly #settings: ServerSettings;
  #ready: Ready | null = null;
  #server: Child | null = null;

  constructor(settings: ServerSettings = {}) {
    this.#settings = settings;
  }

  get dataDir(): string {
    return join(this.#base, 'data');
  }
  get ready(): Ready {
    if (this.#ready === null) throw new Error('no server has been started');
    return this.#ready;
  }
  file(name: string): string {
    return join(this.#base, name);
  }
  serverLog(lines = 30): string {
    return tailOf(this.file('server.log'), lines);
  }

  async start(): Promise<Child> {
    const { child, ready } = await startServer(this.dataDir, this.file('server.log'), this.#settings);
    this.#children.push(child);
    this.#ready = ready;
    this.#server = child;
    return child;
  }

  /** A server that is not waited for. */
  launch(): Child {
    const { child, ready } = launchServer(this.dataDir, this.file('server.log'), this.#settings);
    // Whoever launches it means to end it: that it was never ready is no failure.
    ready.catch(() => undefined);
    this.#children.push(child);
    return child;
  }

  simulate(args: readonly string[]): Child {
    const { http, mqtt } = this.ready;
    const child = startSimulator(['--server', http, '--mqtt', mqtt, ...args], this.file('simulator.log'));
    this.#children.push(child);
    return child;
  }

  stop(child: Child): Promise<number | null> {
    return stop(child, child.name === 'simulator' ? SIMULATOR_PATIENCE_MS : PATIENCE_MS);
  }

  /** @returns the exit code of the server that was started last. */
  async stopServer(): Promise<number | null> {
    return this.#server === null ? null : this.stop(this.#server);
  }

  /** A client with a key of this person; made by the first admin. */
  async person(name: string, ...roles: readonly string[]): Promise<ApiClient> {
    const body = { person: name, roles };
    const answer = await this.admin().request('POST', '/v1/access/keys', { body });
    return createApiClient(this.ready.http, (answer.body as { key: string }).key);
  }
  admin(): ApiClient {
    return createApiClient(this.ready.http, this.adminKey());
  }
  adminKey(): string {
    return readFileSync(this.ready.adminKeyFile, 'utf8').trim();
  }

  /** Something to end before the server does. */
  defer(close: () => Promise<unknown> | unknown): void {
    this.#closing.push(close);
  }

  /** Ends every process and removes every file. */
  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    for (const child of this.#children.splice(0).reverse()) await stop(child, PATIENCE_MS);
    // To look at what a failure left behind.
    if (process.env['KEEP_E2E'] !== undefined) return;
    rmSync(this.#base, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** SIGKILL: nothing is finished, nothing is said. */
export async function kill(child: Child): Promise<void> {
  child.process.kill('SIGKILL');
  await child.ended;
}

/** `fleetwave` with these arguments, until it ends. */
export async function fleetwave(...args: readonly string[]): Promise<CliRun> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

/**
 * Ports that are free now, for a server that has to come back where it was. Not from the range that systems give
 * to outgoing connections: one of those could sit on the port while the server is away.
 */
export async function freePorts(): Promise<{ readonly httpPort: number; readonly mqttPort: number }> {
  const httpPort = await freePort();
  return { httpPort, mqttPort: await freePort(httpPort) };
}

async function freePort(except = 0): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (port !== except && (await isFree(port))) return port;
  }
  throw new Error('no free port was found');
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
