import { createKafkaSink } from '../../../src/adapters/kafka/feedback/kafka-sink.ts';
import { createKafkaSource } from '../../../src/adapters/kafka/feedback/kafka-source.ts';
import { corner, TIMING } from '../../adapters/kafka/kit.ts';
import { onKafka } from '../on-kafka.ts';
import { feedbackContract, SHARDS } from './feedback-contract.ts';

await onKafka('feedback', (url) =>
  feedbackContract('kafka', async () => {
    const { connection, prefix } = await corner(SHARDS, await url());
    const sink = createKafkaSink(connection, { shards: SHARDS, sinkId: prefix, markEvery_ms: 100 });
    const source = createKafkaSource(connection, { shards: SHARDS, ...TIMING });
    return {
      feedback: {
        publish: (records) => sink.publish(records),
        arrived: (vehicles) => sink.arrived(vehicles),
        unheard: () => sink.unheard(),
        start: (owner) => source.start(owner),
        watermark: (shard) => source.watermark(shard),
        stop: () => source.stop(),
      },
      dispose: () => sink.close(),
    };
  }),
);
