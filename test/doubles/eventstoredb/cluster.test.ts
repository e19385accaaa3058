/** Clusters, certificates and passwords, as the real client meets them. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AccessDeniedError, EventStoreDBClient, NotLeaderError } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { serverDirectory } from '../../support/engines.ts';
import { type ClusterDouble, startClusterDouble } from './cluster.ts';
import { all, counted, doubles, numbersOf } from './support.ts';

const { start, connect } = doubles();

describe('a cluster', () => {
  const clusters: ClusterDouble[] = [];
  const cluster = async (): Promise<ClusterDouble> => {
    const started = await startClusterDouble(2);
    clusters.push(started);
    return started;
  };
  afterEach(async () => {
    for (const each of clusters.splice(0)) await each.stop();
  });

  it('is discovered by gossip, and the leader is preferred', async () => {
    const { url, nodes, lead } = await cluster();
    lead(1);
    const client = EventStoreDBClient.connectionString(url);
    await client.appendToStream('s', counted(0), { requiresLeader: true });
    expect(nodes[1]?.stats().connections).toBe(1);
    expect(nodes[0]?.stats().connections).toBe(0);
    await client.dispose();
  });

  it('moves its leader: the old one names the new one, which has everything', async () => {
    const { url, lead, nodes } = await cluster();
    const client = EventStoreDBClient.connectionString(url);
    await client.appendToStream('s', counted(0), { requiresLeader: true });
    lead(1);
    await expect(client.appendToStream('s', counted(1))).rejects.toMatchObject({
      leader: { port: nodes[1]?.port },
    });
    await client.appendToStream('s', counted(2), { requiresLeader: true });
    expect(numbersOf(await all(client.readStream('s', { requiresLeader: true })))).toEqual([0, 2]);
    await client.dispose();
  });

  it('goes on when the leader dies and another takes over', async () => {
    const { url, lead, stopNode } = await cluster();
    const client = EventStoreDBClient.connectionString(url);
    await client.appendToStream('s', counted(0), { requiresLeader: true });
    lead(1);
    await stopNode(0);
    await expect(client.appendToStream('s', counted(1), { requiresLeader: true })).rejects.toThrow();
    await client.appendToStream('s', counted(2), { requiresLeader: true });
    expect(numbersOf(await all(client.readStream('s')))).toEqual([0, 2]);
    await client.dispose();
  });

  it('serves from a follower what does not require the leader', async () => {
    const { nodes } = await cluster();
    const client = connect(nodes[1]?.url ?? '');
    await client.appendToStream('s', counted(0));
    expect(numbersOf(await all(client.readStream('s')))).toEqual([0]);
    await expect(all(client.readStream('s', { requiresLeader: true }))).rejects.toBeInstanceOf(
      NotLeaderError,
    );
  });
});

describe('certificates and passwords', () => {
  let directory: string;
  let tls: { cert: string; key: string };

  beforeAll(() => {
    directory = serverDirectory('eventstore-tls');
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...[
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=DNS:localhost',
          '-keyout',
          key,
          '-out',
          cert,
        ],
      ],
      { stdio: 'ignore' },
    );
    tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const urlFor = (port: number, who: string): string =>
    `esdb://${who}localhost:${port}?tls=true&tlsCAFile=${join(directory, 'cert.pem')}`;

  it('let those in who are known', async () => {
    const { port } = await start({ tls, users: { admin: 'changeit' } });
    const client = connect(urlFor(port, 'admin:changeit@'));
    await client.appendToStream('s', counted(0));
    expect(numbersOf(await all(client.readAll()))).toEqual([0]);
  });

  it('keep those out who are not, or have another password', async () => {
    const { port } = await start({ tls, users: { admin: 'changeit' } });
    for (const who of ['', 'admin:wrong@', 'nobody:changeit@']) {
      const client = connect(urlFor(port, who));
      await expect(client.appendToStream('s', counted(0))).rejects.toBeInstanceOf(AccessDeniedError);
      await expect(all(client.readAll())).rejects.toBeInstanceOf(AccessDeniedError);
    }
  });
});
