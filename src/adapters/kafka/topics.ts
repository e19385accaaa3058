/** That the topics of a deployment are there, and as they must be. */
// Its errors are not among the names that Node finds in a CommonJS module.
import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { patiently, pause } from './backoff.ts';
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
/** Brokers that were just started, or are slow, do not count for replicas yet: 10 s. */
const BROKERS_MISSING_ATTEMPTS = 20;

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
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      await makeMissing(admin, topicsOf(connection, options), attempt < BROKERS_MISSING_ATTEMPTS);
      const partitions = await partitionsOf(admin, connection.topics);
      if (partitions !== null) {
        checkPartitions(connection.topics.feedback, partitions, options.shards);
        // A leader that has just been chosen may not know it yet.
        for (const topic of Object.values(connection.topics))
          await patiently(() => admin.fetchTopicOffsets(topic));
        return;
      }
      await pause(PAUSE_MS);
    }
    throw new TopicError(`The topic ${connection.topics.feedback} or one of its siblings has no leader.`);
  } finally {
    await admin.disconnect();
  }
}

/** Partitions of the feedback topic; null while a topic is not known everywhere or has no leader. */
export async function partitionsOf(admin: Admin, topics: TopicNames): Promise<number | null> {
  const names = Object.values(topics);
  try {
    // Asking for the metadata of one that is not known yet is an error, which is logged.
    const known = new Set(await admin.listTopics());
    if (names.some((name) => !known.has(name))) return null;
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

async function makeMissing(
  admin: Admin,
  wanted: readonly ITopicConfig[],
  mayComeYet: boolean,
): Promise<void> {
  const present = new Set(await admin.listTopics());
  const topics = wanted.filter(({ topic }) => !present.has(topic));
  if (topics.length === 0) return;
  try {
    await admin.createTopics({ topics, waitForLeaders: false });
  } catch (error) {
    for (const refusal of (error as { errors?: readonly unknown[] }).errors ?? [error]) {
      if (!(refusal instanceof kafkajs.KafkaJSProtocolError)) throw error;
      // Another process was first, or the brokers are slow: both are seen when it is looked at again.
      if (refusal.retriable || refusal.type === 'TOPIC_ALREADY_EXISTS') continue;
      if (refusal.type === 'INVALID_REPLICATION_FACTOR' && mayComeYet) continue;
      const { topic = 'of a deployment' } = refusal as { topic?: string };
      throw new TopicError(`The topic ${topic} can't be made: ${refusal.message}.`, { cause: error });
    }
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
    // Time is the brokers': marks of several bridges are put in order by it. What is kept can be read again when the
    // log is restored from a backup.
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
