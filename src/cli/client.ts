/** The CLI's way to a running server: finds it, and turns problem documents into plain sentences. */
import { existsSync, readFileSync } from 'node:fs';
import { type DataPaths, pathsOf } from '../config.ts';

/** Something the user can act on: printed without a stack, exit code 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

export interface ServerOptions {
  readonly server?: string | undefined;
  readonly key?: string | undefined;
  readonly paths: DataPaths;
}

export interface Client {
  readonly url: string;
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  stream(path: string): AsyncIterable<string>;
  /** The bytes of an answer, as they come. */
  download(path: string): AsyncIterable<Uint8Array>;
  send(path: string, contentType: string, body: ReadableStream<Uint8Array>): AsyncIterable<string>;
}

interface Running {
  readonly http: string;
  readonly pid: number;
}

/** The server that runs on a data directory, or null. */
export function findRunning(dataDir: string): Running | null {
  const { running } = pathsOf(dataDir);
  if (!existsSync(running)) return null;
  const found = JSON.parse(readFileSync(running, 'utf8')) as Running;
  try {
    process.kill(found.pid, 0);
    return found;
  } catch {
    return null;
  }
}

/** Address and key from the flags, the environment, or the data directory of a server on this machine. */
export function connect(options: ServerOptions): Client {
  const url = options.server ?? process.env['FLEETWAVE_SERVER'] ?? findRunning(options.paths.dataDir)?.http;
  if (url === undefined) {
    throw new CliError(
      `No server is running on ${options.paths.dataDir}. Start one with \`fleetwave start\`, or name one with --server URL.`,
    );
  }
  const { adminKey } = options.paths;
  const fallback = existsSync(adminKey) ? readFileSync(adminKey, 'utf8').trim() : undefined;
  const key = options.key ?? process.env['FLEETWAVE_KEY'] ?? fallback;
  if (key === undefined)
    throw new CliError('No API key: give --key, set FLEETWAVE_KEY, or name the --data-dir of the server.');
  return createClient(url.replace(/\/$/, ''), key);
}

function createClient(url: string, key: string): Client {
  const call = async (path: string, init: RequestInit & { duplex?: 'half' }): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${key}`);
    let response: Response;
    try {
      response = await fetch(url + path, { ...init, headers });
    } catch (error) {
      const cause =
        error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CliError(`${url} can't be reached: ${cause}`);
    }
    if (!response.ok) throw new CliError(await explain(response));
    return response;
  };
  return {
    url,
    async request(method, path, body) {
      const init =
        body === undefined
          ? { method }
          : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const response = await call(path, init);
      const text = await response.text();
      return text === '' ? null : JSON.parse(text);
    },
    async *stream(path) {
      yield* linesOf(await call(path, {}));
    },
    async *download(path) {
      const { body } = await call(path, {});
      try {
        if (body !== null) yield* body;
      } catch (error) {
        throw new CliError(`The answer of ${url} was cut: ${error instanceof Error ? error.message : error}`);
      }
    },
    async *send(path, contentType, body) {
      yield* linesOf(
        await call(path, { method: 'POST', body, headers: { 'content-type': contentType }, duplex: 'half' }),
      );
    },
  };
}

async function* linesOf(response: Response): AsyncIterable<string> {
  if (response.body === null) return;
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

async function explain(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as {
      title?: string;
      detail?: string;
      hint?: string;
      errors?: { path: string; message: string }[];
    };
    const fields = (problem.errors ?? []).map((field) => `\n  ${field.path}: ${field.message}`).join('');
    return (
      [problem.detail ?? problem.title ?? `HTTP ${response.status}`, problem.hint].filter(Boolean).join(' ') +
      fields
    );
  } catch {
    return `HTTP ${response.status}: ${text.slice(0, 200)}`;
  }
}
