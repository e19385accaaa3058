import { createKafkaLeadership } from '../../../src/adapters/kafka/leadership/kafka-leadership.ts';
import { corner, TIMING } from '../../adapters/kafka/kit.ts';
import { onKafka } from '../on-kafka.ts';
import { leadershipContract } from './leadership-contract.ts';

await onKafka('leadership', (url) =>
  leadershipContract('kafka', async () => {
    const { connection } = await corner(1, await url());
    return createKafkaLeadership(connection, { ...TIMING, retry_ms: 50 });
  }),
);
