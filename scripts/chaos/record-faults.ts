/** Records that Kafka may hold although no bridge wrote them so: repeated, out of order, in the wrong place, or rubbish. */
import { Kafka, logLevel, type Message, Partitioners } from 'kafkajs';
import { parseKafkaUrl } from '../../src/adapters/kafka/settings.ts';
import { topicNames } from '../../src/adapters/kafka/topics.ts';
import type { Random } from '../../src/simulator/random.ts';

/** Newest records of a partition that are looked at. */
const WINDOW = 40;
const PARTITIONS = 4;
const COPIES = 12;
const READ_WITHIN_MS = 8000;

interface Read {
  readonly partition: number;
  readonly message: Message;
}

/** @returns what was done, in words. */
export async function disturbRecords(url: string, random: Random): Promise<string> {
  const settings = parseKafkaUrl(url);
  const kafka = new Kafka({
    clientId: 'chaos',
    brokers: [...settings.brokers],
    logLevel: logLevel.NOTHING,
  });
  const topic = topicNames(settings.topicPrefix).feedback;
  const found = (await readNewest(kafka, topic, random)).sort(() => random() - 0.5).slice(0, COPIES);
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    const partitions = 64;
    const again = found.map(({ partition, message }) => ({ ...message, partition }));
    const misplaced = found
      .slice(0, 3)
      .map(({ partition, message }) => ({ ...message, partition: (partition + 1) % partitions }));
    const partition = Math.floor(random() * partitions);
    const poison = [
      { key: 'not a vehicle', value: Buffer.from([0, 255, 1, 254]), partition },
      { key: null, value: null, partition },
    ];
    await producer.send({ topic, acks: -1, messages: [...again, ...misplaced, ...poison] });
    return `${again.length} records repeated out of order, ${misplaced.length} in a wrong partition, ${poison.length} of rubbish`;
  } finally {
    await producer.disconnect();
  }
}

/** Newest feedback of a few partitions. Ends by itself when there is none. */
async function readNewest(kafka: Kafka, topic: string, random: Random): Promise<Read[]> {
  const admin = kafka.admin();
  await admin.connect();
  const groupId = `chaos-${process.pid}-${Math.floor(random() * 1e9)}`;
  const offsets = await admin.fetchTopicOffsets(topic);
  const chosen = offsets
    .filter(({ high, low }) => Number(high) > Number(low))
    .sort(() => random() - 0.5)
    .slice(0, PARTITIONS);
  await admin.setOffsets({
    groupId,
    topic,
    partitions: offsets.map(({ partition, high, low }) => ({
      partition,
      offset: chosen.some((one) => one.partition === partition)
        ? String(Math.max(Number(low), Number(high) - WINDOW))
        : high,
    })),
  });
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10_000 });
  const read: Read[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        // Without a key it is a bridge's own mark.
        if (message.key !== null && message.value !== null && read.length < WINDOW * PARTITIONS)
          read.push({
            partition,
            message: { key: message.key, value: message.value, headers: message.headers ?? {} },
          });
      },
    });
    const end = Date.now() + READ_WITHIN_MS;
    while (read.length < COPIES && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined);
    await admin.disconnect();
  }
  return read;
}
