/** That the topics of a deployment are there, and as they must be. */
// Its errors are not among the names that Node finds in a CommonJS module.
import kafkajs, { type ITopicConfig } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import type { TopicNames } from './topic-names.ts';

export { type TopicNames, topicNames } from './topic-names.ts';

export interface TopicOptions {
  /** S: partitions of the feedback topic. */
  readonly shards: number;
  /** Partitions of events and presence; default 8. Only used when they are made. */
  readonly partitions?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const ATTEMPTS = 60;
const PAUSE_MS = 500;

/** A topic of Kafka is not as the deployment needs it. The message says what to do. */
export class TopicError extends Error {
  override readonly name = 'TopicError';
}

/**
 * Makes the topics that are missing. Several processes may do this at a time.
 * @throws TopicError when the partitions of the feedback topic are not the shards; KafkaJSError when no broker answers.
 */
export async function ensureTopics(connection: KafkaConnection, options: TopicOptions): Promise<void> {
  const admin = connection.admin();
  try {
    await admin.connect();
    const wanted = topicsOf(connection, options);
    const present = new Set(await admin.listTopics());
    for (const topic of wanted.filter(({ topic }) => !present.has(topic)))
      await makeUnlessThere(() => admin.createTopics({ topics: [topic], waitForLeaders: false }));
    for (let attempt = 1; ; attempt++) {
      const partitions = await partitionsOf(admin, connection.topics);
      if (partitions !== null) {
        checkPartitions(connection.topics.feedback, partitions, options.shards);
        return;
      }
      if (attempt === ATTEMPTS)
        throw new TopicError(`The topics ${connection.topics.feedback} and its siblings have no leader.`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    await admin.disconnect();
  }
}

/** Partitions of the feedback topic; null while a topic is not known everywhere or has no leader. */
export async function partitionsOf(
  admin: ReturnType<KafkaConnection['admin']>,
  topics: TopicNames,
): Promise<number | null> {
  const names = Object.values(topics);
  try {
    const { topics: found } = await admin.fetchTopicMetadata({ topics: names });
    if (found.some(({ partitions }) => partitions.length === 0)) return null;
    if (found.some(({ partitions }) => partitions.some(({ leader }) => leader < 0))) return null;
    return found.find(({ name }) => name === topics.feedback)?.partitions.length ?? null;
  } catch (error) {
    if (isProtocolError(error, 'UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE')) return null;
    throw error;
  }
}

export const wrongPartitions = (topic: string, partitions: number, shards: number): string =>
  `The topic ${topic} has ${partitions} partitions, and the deployment ${shards} shards, which must be the same. ` +
  `Stop everything that writes to it, let the workers read it to its end, and delete it: it is then made with ` +
  `${shards} partitions at the next start. Or choose another topicPrefix in FLEETWAVE_KAFKA.`;

function checkPartitions(topic: string, partitions: number, shards: number): void {
  if (partitions !== shards) throw new TopicError(wrongPartitions(topic, partitions, shards));
}

async function makeUnlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (!isProtocolError(error, 'TOPIC_ALREADY_EXISTS')) throw error;
  }
}

function isProtocolError(error: unknown, ...types: readonly string[]): boolean {
  const causes = [error, ...((error as { errors?: unknown[] }).errors ?? []), (error as Error).cause];
  return causes.some((cause) => cause instanceof kafkajs.KafkaJSProtocolError && types.includes(cause.type));
}

function topicsOf(connection: KafkaConnection, options: TopicOptions): ITopicConfig[] {
  const { topics, settings } = connection;
  const { shards, partitions = 8 } = options;
  const replicas = settings.replication ?? -1;
  // With three replicas and acks=all, one that is down neither loses a message nor stops the writing.
  const safe = replicas >= 3 ? { 'min.insync.replicas': '2' } : {};
  const topic = (
    name: string,
    numPartitions: number,
    config: Readonly<Record<string, string | number>>,
  ): ITopicConfig => ({
    topic: name,
    numPartitions,
    replicationFactor: replicas,
    configEntries: Object.entries({ ...safe, ...config }).map(([key, value]) => ({
      name: key,
      value: String(value),
    })),
  });
  return [
    // Time is the brokers': marks of several bridges are put in order by it.
    topic(topics.feedback, shards, {
      'retention.ms': 7 * DAY_MS,
      'message.timestamp.type': 'LogAppendTime',
    }),
    // One append of the log may have 1 MiB, and its envelope comes on top.
    topic(topics.events, partitions, { 'retention.ms': 7 * DAY_MS, 'max.message.bytes': 4 * 1024 * 1024 }),
    topic(topics.deadLetter, 1, { 'retention.ms': 30 * DAY_MS }),
    topic(topics.presence, partitions, {
      'cleanup.policy': 'compact',
      'segment.ms': DAY_MS / 24,
      'min.cleanable.dirty.ratio': 0.2,
    }),
    topic(topics.leadership, 1, { 'retention.ms': DAY_MS, 'message.timestamp.type': 'LogAppendTime' }),
  ];
}
