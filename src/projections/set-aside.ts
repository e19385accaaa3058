/** Messages that were dead-lettered: what came, from whom, and why it counts nowhere. */
import type { Projection } from '../app/ports.ts';

export const setAside: Projection = {
  name: 'set-aside',
  version: 1,
  prefixes: ['shard-'],
  collections: [{ name: 'set-aside', indexes: ['vehicleId', 'code'] }],
  keys: () => [],
  apply({ event, recorded }, documents) {
    if (event.type !== 'ReportSetAside') return;
    documents.put('set-aside', { id: recorded.id, ...event.data, at: recorded.metadata.time });
  },
};
