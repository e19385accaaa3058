import { describe } from 'vitest';
import { createKafkaSink } from '../../../src/adapters/kafka/feedback/kafka-sink.ts';
import { createKafkaSource } from '../../../src/adapters/kafka/feedback/kafka-source.ts';
import { corner, TIMING } from '../../adapters/kafka/kit.ts';
import { onRealServers } from '../../support/containers.ts';
import { engine, lane } from '../../support/engines.ts';
import { feedbackContract, SHARDS } from './feedback-contract.ts';

const of = { suite: 'feedback', adapter: 'kafka', server: 'Apache Kafka' } as const;

const contract = (url: () => Promise<string>): void =>
  feedbackContract('kafka', async () => {
    const { connection, prefix } = await corner(SHARDS, await url());
    const sink = createKafkaSink(connection, { shards: SHARDS, sinkId: prefix, markEvery_ms: 100 });
    const source = createKafkaSource(connection, { shards: SHARDS, ...TIMING });
    return {
      feedback: {
        publish: (records) => sink.publish(records),
        arrived: (vehicles) => sink.arrived(vehicles),
        start: (owner) => source.start(owner),
        watermark: (shard) => source.watermark(shard),
        stop: () => source.stop(),
      },
      dispose: () => sink.close(),
    };
  });

const native = await engine('kafka');
describe('on a server of the run', () => {
  lane({ ...of, version: native.version });
  contract(() => Promise.resolve(native.url));
});

await onRealServers({ ...of, container: 'kafka' }, contract);
