/** What a connection string says, and which node of a cluster to go to. */

import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import discovery from '@eventstore/db-client/dist/Client/discovery.js';
import parser from '@eventstore/db-client/dist/Client/parseConnectionString.js';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { EventStoreError, messageOf } from '../errors.ts';
import { type Endpoint, NoNodeError } from './failure.ts';

type ConnectionOptions = ReturnType<typeof parser.parseConnectionString>;

export interface Target {
  readonly credentials: ChannelCredentials;
  /** Goes with every call; null without user and password, or without TLS. */
  readonly authorization: string | null;
  readonly connectionName: string;
  readonly keepAliveInterval_ms: number;
  readonly keepAliveTimeout_ms: number;
  /** Of one append or one short read; null where the connection string says nothing. */
  readonly deadline_ms: number | null;
  /** Finds the node to go to; `failed` is asked last. */
  find(failed: Endpoint | null): Promise<Endpoint>;
}

const KEEP_ALIVE_MS = 10_000;

/** @throws EventStoreError 'invalid-request' for a string that can't be understood; it is not repeated in the message. */
export function parseTarget(connectionString: string): Target {
  const options = parse(connectionString);
  const tls = options.tls !== false;
  const channel = tls ? secure(options) : credentials.createInsecure();
  const user = options.defaultCredentials;
  return {
    credentials: channel,
    authorization:
      tls && user !== undefined
        ? `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`
        : null,
    connectionName: options.connectionName ?? 'fleetwave',
    keepAliveInterval_ms: options.keepAliveInterval ?? KEEP_ALIVE_MS,
    keepAliveTimeout_ms: options.keepAliveTimeout ?? KEEP_ALIVE_MS,
    deadline_ms: options.defaultDeadline ?? null,
    find: (failed) => find(options, channel, failed),
  };
}

/** As the parser compares their names. */
const OPTIONS = new Set(
  [
    ...['connectionName', 'defaultDeadline', 'discoveryInterval', 'gossipTimeout', 'keepAliveInterval'],
    ...['keepAliveTimeout', 'maxDiscoverAttempts', 'nodePreference', 'throwOnAppendFailure', 'tls'],
    ...['tlsCAFile', 'tlsVerifyCert', 'userCertFile', 'userKeyFile'],
  ].map((name) => name.toLowerCase()),
);

/** What the parser ignores, it complains of on the console, with the whole string and the password in it. */
function checkOptions(connectionString: string): void {
  const address = connectionString.slice(connectionString.lastIndexOf('@') + 1);
  const query = /\?(.*)$/s.exec(address)?.[1] ?? '';
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const [name = '', value = ''] = pair.split('=');
    const known = name.trim().toLowerCase().replace(/[_-]/g, '');
    if (!OPTIONS.has(known))
      throw new EventStoreError('invalid-request', `the connection string has an unknown option: ${name}`);
    if (known === 'tlsverifycert' && value.trim() === 'false')
      throw new EventStoreError(
        'invalid-request',
        'tlsVerifyCert=false is not supported: name the authority with tlsCAFile',
      );
  }
}

function parse(connectionString: string): ConnectionOptions {
  checkOptions(connectionString);
  try {
    return parser.parseConnectionString(connectionString);
  } catch (error) {
    const { location, expected } = error as { location?: readonly number[]; expected?: string };
    const where = location === undefined ? messageOf(error) : `at character ${(location[0] ?? 0) + 1}`;
    throw new EventStoreError(
      'invalid-request',
      `not a connection string of EventStoreDB, ${where}${expected === undefined ? '' : `: expected ${expected}`}`,
    );
  }
}

function secure({ tlsCAFile, userCertFile, userKeyFile }: ConnectionOptions): ChannelCredentials {
  if ((userCertFile === undefined) !== (userKeyFile === undefined))
    throw new EventStoreError('invalid-request', 'userCertFile and userKeyFile are only used together');
  return credentials.createSsl(read(tlsCAFile), read(userKeyFile), read(userCertFile));
}

function read(path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  const file = isAbsolute(path) ? path : resolve(process.cwd(), path);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new EventStoreError('invalid-request', `${file} can not be read: ${messageOf(error)}`);
  }
}

async function find(
  options: ConnectionOptions,
  channel: ChannelCredentials,
  failed: Endpoint | null,
): Promise<Endpoint> {
  const { hosts, dnsDiscover, nodePreference, gossipTimeout } = options;
  const [only] = hosts;
  if (only === undefined) throw new EventStoreError('invalid-request', 'the connection string names no host');
  if (hosts.length === 1 && !dnsDiscover) return only;
  const cluster = {
    ...(dnsDiscover ? { discover: only } : { endpoints: hosts }),
    ...(nodePreference === undefined ? {} : { nodePreference }),
    ...(gossipTimeout === undefined ? {} : { gossipTimeout }),
    // Our own retries go round: one round of asking the nodes each.
    maxDiscoverAttempts: 1,
  };
  try {
    return await discovery.discoverEndpoint(cluster, channel, failed ?? undefined);
  } catch (cause) {
    const names = hosts.map(({ address, port }) => `${address}:${port}`).join(', ');
    throw new NoNodeError(`no node of the cluster answers (asked ${names})`, { cause });
  }
}
