import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteEventStore } from '../../../src/adapters/event-store/sqlite/sqlite-event-store.ts';
import { lane } from '../../support/engines.ts';
import { eventStoreContract } from './contract.ts';

lane({
  suite: 'event-store',
  adapter: 'sqlite',
  server: 'SQLite',
  version: process.versions['sqlite'] ?? '',
});

eventStoreContract('sqlite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fleetwave-log-'));
  return {
    durable: true,
    open: () => openSqliteEventStore({ path: join(directory, 'log.db') }),
    dispose: () => rm(directory, { recursive: true }),
  };
});
