import { createKafkaPresence } from '../../../src/adapters/kafka/presence/kafka-presence.ts';
import { corner, TIMING } from '../../adapters/kafka/kit.ts';
import { onKafka } from '../on-kafka.ts';
import { presenceContract } from './presence-contract.ts';

await onKafka('presence', (url) =>
  presenceContract('kafka', async () => {
    const { connection } = await corner(1, await url());
    return createKafkaPresence(connection, { ...TIMING, flushEvery_ms: 20 });
  }),
);
