import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { lane } from '../../support/engines.ts';
import { eventStoreContract } from './contract.ts';

lane({ suite: 'event-store', adapter: 'memory', server: 'none', version: '' });

eventStoreContract('memory', async () => ({
  durable: false,
  open: async () => createMemoryEventStore(),
  dispose: async () => {},
}));
