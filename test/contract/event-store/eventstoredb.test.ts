/**
 * The contract on EventStoreDB: against the protocol double, with a fresh log for each test and, as the other
 * versions, with one server for all; against the server at EVENTSTORE_URL; and in a container. The server at
 * EVENTSTORE_URL must be one to throw away that nobody else writes to: the tests leave their streams in it.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { openEventStoreDb } from '../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import type { ServerVersion } from '../../doubles/eventstoredb/behaviour.ts';
import { type EventStoreDouble, startEventStoreDouble } from '../../doubles/eventstoredb/double.ts';
import { onRealServers } from '../../support/containers.ts';
import { lane } from '../../support/engines.ts';
import { eventStoreContract } from './contract.ts';
import { onSharedServer } from './shared-server.ts';

const SUITE = { suite: 'event-store', adapter: 'eventstoredb' };

const connect = (connectionString: string) => openEventStoreDb({ connectionString, log: () => {} });

describe('a double for each log', () => {
  lane({ ...SUITE, server: 'EventStoreDB', version: 'protocol double of 24.10' });
  eventStoreContract('eventstoredb', async () => {
    const double = await startEventStoreDouble();
    return { durable: true, open: () => connect(double.url), dispose: () => double.stop() };
  });
});

describe.each<ServerVersion>(['23.10', '25.1'])('one double of %s for all logs', (version) => {
  lane({ ...SUITE, server: 'EventStoreDB', version: `protocol double of ${version}` });
  let double: EventStoreDouble | undefined;
  beforeAll(async () => {
    double = await startEventStoreDouble({ version, firstPosition: 2n ** 53n });
  });
  afterAll(() => double?.stop());
  eventStoreContract(
    'eventstoredb',
    onSharedServer(() => connect(double?.url ?? '')),
  );
});

await onRealServers(
  { ...SUITE, server: 'EventStoreDB', container: 'eventstore', variable: 'EVENTSTORE_URL' },
  (url) =>
    eventStoreContract(
      'eventstoredb',
      onSharedServer(async () => connect(await url())),
    ),
);
