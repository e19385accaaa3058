import { createKafkaPresence } from '../../../src/adapters/kafka/presence/kafka-presence.ts';
import { corner, TIMING } from '../../adapters/kafka/kit.ts';
import { engine, lane } from '../../support/engines.ts';
import { presenceContract } from './presence-contract.ts';

const { version } = await engine('kafka');
lane({ suite: 'presence', adapter: 'kafka', server: 'Kafka', version });

presenceContract('kafka', async () => {
  const { connection } = await corner(1);
  return createKafkaPresence(connection, { ...TIMING, flushEvery_ms: 20 });
});
