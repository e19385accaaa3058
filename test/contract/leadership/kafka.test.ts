import { createKafkaLeadership } from '../../../src/adapters/kafka/leadership/kafka-leadership.ts';
import { corner, TIMING } from '../../adapters/kafka/kit.ts';
import { engine, lane } from '../../support/engines.ts';
import { leadershipContract } from './leadership-contract.ts';

const { version } = await engine('kafka');
lane({ suite: 'leadership', adapter: 'kafka', server: 'Kafka', version });

leadershipContract('kafka', async () => {
  const { connection } = await corner(1);
  return createKafkaLeadership(connection, { ...TIMING, retry_ms: 50 });
});
