/** Messages that were dead-lettered: what came, from whom, and why it counts nowhere. */
import type { Projection } from '../app/ports.ts';

export const setAside: Projection = {
  name: 'set-aside',
  version: 2,
  prefixes: ['shard-'],
  collections: [{ name: 'set-aside', indexes: ['vehicleId', 'code'] }],
  keys: () => [],
  apply({ event, recorded }, documents) {
    if (event.type !== 'ReportSetAside') return;
    // Positions sort as the log does: the newest are the last ids.
    documents.put('set-aside', { id: recorded.position, ...event.data, at: recorded.metadata.time });
  },
};
