/**
 * The faults of a double in another process, over loopback HTTP: `POST /faults/<name>` with the arguments of that
 * method of Faults as a JSON array, and `GET /stats`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import type { DoubleStats, EventStoreDouble } from './double.ts';
import type { Faults } from './faults.ts';

const count = z.int().min(1).max(1_000_000).optional();
const milliseconds = z.int().min(0).max(600_000);
const endpoint = z.object({ host: z.string(), port: z.int() }).nullable();

/** How each fault is called from what came. */
const CALLS: { readonly [name in keyof Faults]: (faults: Faults, given: unknown) => void | Promise<void> } = {
  loseAnswers: (faults, given) =>
    faults.loseAnswers(...z.tuple([z.enum(['timeout', 'cut', 'silence']), count]).parse(given)),
  loseAppends: (faults, given) => faults.loseAppends(...z.tuple([count]).parse(given)),
  cutConnections: (faults) => faults.cutConnections(),
  refuseConnections: (faults, given) => faults.refuseConnections(...z.tuple([milliseconds]).parse(given)),
  dropSubscriptions: (faults, given) => {
    const ends = z.enum(['unavailable', 'cancelled', 'cut']).optional();
    faults.dropSubscriptions(...z.tuple([z.int().min(0), ends, count]).parse(given));
  },
  answerNotLeader: (faults, given) => {
    const [leader, options] = z.tuple([endpoint, z.object({ always: z.boolean() }).optional()]).parse(given);
    faults.answerNotLeader(leader, options);
  },
  delayAnswers: (faults, given) => faults.delayAnswers(...z.tuple([milliseconds]).parse(given)),
  clear: (faults) => faults.clear(),
};

/** Resolves with what stops it, when it listens. */
export async function startControl(double: EventStoreDouble, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    handle(double, request).then(
      (body) => reply(response, 200, body),
      (error: unknown) =>
        reply(response, 400, { error: error instanceof Error ? error.message : String(error) }),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export const controlUrlOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function handle(double: EventStoreDouble, request: IncomingMessage): Promise<unknown> {
  const path = request.url ?? '';
  if (request.method === 'GET' && path === '/stats') return double.stats();
  const name = path.replace(/^\/faults\//, '');
  if (request.method !== 'POST' || !(name in CALLS))
    throw new Error(`There is no ${request.method} ${path}.`);
  let body = '';
  for await (const part of request) body += String(part);
  await CALLS[name as keyof Faults](double.faults, body === '' ? [] : JSON.parse(body));
  return {};
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** The same faults, from another process. */
export type RemoteFaults = {
  readonly [name in keyof Faults]: (...given: Parameters<Faults[name]>) => Promise<void>;
};

/** @param controlUrl `http://127.0.0.1:PORT`, as the process tells it. */
export function remoteFaults(controlUrl: string): RemoteFaults {
  const call =
    (name: keyof Faults) =>
    async (...given: unknown[]): Promise<void> => {
      const response = await fetch(`${controlUrl}/faults/${name}`, {
        method: 'POST',
        body: JSON.stringify(given),
      });
      if (!response.ok) throw new Error(`The double refuses ${name}: ${await response.text()}`);
    };
  return {
    loseAnswers: call('loseAnswers'),
    loseAppends: call('loseAppends'),
    cutConnections: call('cutConnections'),
    refuseConnections: call('refuseConnections'),
    dropSubscriptions: call('dropSubscriptions'),
    answerNotLeader: call('answerNotLeader'),
    delayAnswers: call('delayAnswers'),
    clear: call('clear'),
  };
}

export async function remoteStats(controlUrl: string): Promise<DoubleStats> {
  return (await (await fetch(`${controlUrl}/stats`)).json()) as DoubleStats;
}
