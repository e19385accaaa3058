import { createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { probeMongo } from '../../../../src/adapters/read-model/mongodb/probe.ts';
import { freshDatabase, inDatabase, servers } from './databases.ts';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

describe('doctor for MongoDB', () => {
  it.each(servers)('is content with $name, and leaves nothing there', async (server) => {
    const url = freshDatabase(await server.url());
    const findings = await probeMongo(url);
    expect(findings.map(({ check, ok }) => ({ check, ok }))).toEqual([
      { check: 'mongodb reachable', ok: true },
      { check: 'mongodb version', ok: true },
      { check: 'mongodb topology', ok: true },
      { check: 'mongodb permission', ok: true },
    ]);
    expect(await inDatabase(url, (client) => client.db().listCollections().toArray())).toEqual([]);
  });

  it('says what to do about a server that is not there, without giving away the password', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const findings = await probeMongo(`mongodb://ada:secret@127.0.0.1:${port}/fleetwave`);
    expect(findings).toMatchObject([{ check: 'mongodb reachable', ok: false }]);
    expect(findings[0]?.detail).toContain(`127.0.0.1:${port}`);
    expect(findings[0]?.advice).toContain('FLEETWAVE_MONGODB');
    expect(JSON.stringify(findings)).not.toContain('secret');
  });

  it('gives up on a server that says nothing', async () => {
    const server = createServer(() => {});
    const port = await listening(server);
    const findings = await probeMongo(`mongodb://127.0.0.1:${port}/fleetwave`);
    expect(findings).toMatchObject([{ check: 'mongodb reachable', ok: false }]);
    server.close();
  });

  it('says what is wrong with a setting', async () => {
    expect(await probeMongo('mongodb://127.0.0.1:27017')).toMatchObject([
      { ok: false, detail: expect.stringContaining('names no database') },
    ]);
    expect(await probeMongo('nonsense')).toMatchObject([{ ok: false }]);
  });
});
