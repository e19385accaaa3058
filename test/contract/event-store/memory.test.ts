import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import { eventStoreContract } from './contract.ts';

eventStoreContract('memory', async () => ({
  durable: false,
  open: async () => createMemoryEventStore(),
  dispose: async () => {},
}));
