/** What the tests of the Kafka adapters share: topics of their own in the server of the run, and a look into them. */
import { randomUUID } from 'node:crypto';
import { type KafkaMessage, Partitioners } from 'kafkajs';
import { patiently } from '../../../src/adapters/kafka/backoff.ts';
import type { KafkaConnection } from '../../../src/adapters/kafka/connection.ts';
import { ensureTopics } from '../../../src/adapters/kafka/topics.ts';
import { engine } from '../../support/engines.ts';
import { type Corner, connectTo } from './connect.ts';

export { type Corner, connectTo, TIMING } from './connect.ts';

/** Started before the tests, not in the time of the first. */
const shared = await engine('kafka');

export const newPrefix = (): string => `t-${randomUUID().slice(0, 8)}`;

/** Topics made, with that many shards. */
export async function corner(shards: number, url?: string): Promise<Corner> {
  const made = connectTo(url ?? shared.url, newPrefix());
  await ensureTopics(made.connection, { shards, partitions: 2 });
  return made;
}

/** Writes messages as they are. */
export async function write(
  connection: KafkaConnection,
  topic: string,
  messages: Parameters<ReturnType<KafkaConnection['producer']>['send']>[0]['messages'],
): Promise<void> {
  const producer = connection.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}

/** Offsets that a group has committed, by partition; those without are left out. */
export async function committed(
  connection: KafkaConnection,
  groupId: string,
): Promise<ReadonlyMap<number, number>> {
  const admin = connection.admin();
  await admin.connect();
  const [offsets] = await patiently(() =>
    admin.fetchOffsets({ groupId, topics: [connection.topics.feedback] }),
  );
  await admin.disconnect();
  const known = (offsets?.partitions ?? []).filter(({ offset }) => Number(offset) >= 0);
  return new Map(known.map(({ partition, offset }) => [partition, Number(offset)]));
}

/** Reads a topic from its beginning, until `stop`. */
export async function tail(
  connection: KafkaConnection,
  topic: string,
): Promise<{ readonly messages: (KafkaMessage & { partition: number })[]; stop(): Promise<void> }> {
  const messages: (KafkaMessage & { partition: number })[] = [];
  const consumer = connection.consumer({ groupId: newPrefix(), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      messages.push({ ...message, partition });
    },
  });
  return { messages, stop: () => consumer.disconnect() };
}

export const headersOf = ({ headers = {} }: KafkaMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
