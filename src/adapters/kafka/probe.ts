/** What `doctor` finds out about Kafka. */
import { type Admin, Partitioners } from 'kafkajs';
import { bad, type Finding, good } from '../../app/ports/probe.ts';
import { pause, within } from './backoff.ts';
import { type KafkaConnection, openKafka } from './connection.ts';
import type { KafkaSettings } from './settings.ts';
import { partitionsOf, wrongPartitions } from './topics.ts';

const LIMIT_MS = 4500;
const CLOSE_MS = 500;
/** Deadlines are decided by the clocks of workers in the time of bridges and brokers. */
const MAX_SKEW_MS = 5000;

/** @param shards the deployment's. Never throws, never takes longer than 5 s. */
export async function probeKafka(settings: KafkaSettings, shards: number): Promise<Finding[]> {
  const where = settings.brokers.join(', ');
  const late = bad('kafka', `${where} did not answer in time`, 'Look whether the brokers are overloaded.');
  const abort = new AbortController();
  try {
    return await Promise.race([findings(settings, shards), pause(LIMIT_MS, abort.signal).then(() => [late])]);
  } catch (error) {
    return [unreachable(where, error)];
  } finally {
    abort.abort();
  }
}

const unreachable = (where: string, error: unknown): Finding =>
  bad(
    'kafka',
    `${where} can't be used: ${error instanceof Error ? error.message : String(error)}`,
    'Start the brokers, or set FLEETWAVE_KAFKA to where they are, with the user, password and tls that they want.',
  );

async function findings(settings: KafkaSettings, shards: number): Promise<Finding[]> {
  const connection = openKafka(settings, { clientId: 'fleetwave-doctor', log: () => undefined });
  const admin = connection.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const names = brokers.map(({ host, port }) => `${host}:${port}`).join(', ');
    return [
      good('kafka', `${brokers.length} brokers: ${names}`),
      ...replication(settings, brokers.length),
      ...(await topics(connection, admin, shards)),
    ];
  } finally {
    await within(CLOSE_MS, admin.disconnect());
  }
}

function replication({ replication: replicas }: KafkaSettings, brokers: number): Finding[] {
  if (replicas === null || replicas <= brokers) return [];
  const detail = `${replicas} replicas are wanted of ${brokers} brokers`;
  return [bad('kafka replication', detail, 'Lower replication in FLEETWAVE_KAFKA, or add brokers.')];
}

async function topics(connection: KafkaConnection, admin: Admin, shards: number): Promise<Finding[]> {
  const { feedback } = connection.topics;
  const present = new Set(await admin.listTopics());
  const missing = Object.values(connection.topics).filter((topic) => !present.has(topic));
  if (missing.length > 0)
    return [good('kafka topics', `${missing.join(', ')} will be made at the first start`)];
  const partitions = await partitionsOf(admin, connection.topics);
  if (partitions === null)
    return [bad('kafka topics', 'a topic has no leader', 'Look whether all brokers are up.')];
  const found =
    partitions === shards
      ? good('kafka topics', `${feedback} has ${partitions} partitions, one per shard`)
      : bad(
          'kafka topics',
          `${feedback} has ${partitions} partitions`,
          wrongPartitions(feedback, partitions, shards),
        );
  return [found, await writing(connection)];
}

/** Writes into a topic that nobody reads; the answer tells the brokers' time. */
async function writing(connection: KafkaConnection): Promise<Finding> {
  const topic = connection.topics.leadership;
  const producer = connection.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  try {
    await producer.connect();
    const before_ms = Date.now();
    const [answer] = await producer.send({ topic, acks: -1, messages: [{ value: 'doctor' }] });
    const after_ms = Date.now();
    const told_ms = Number(answer?.logAppendTime ?? -1);
    if (told_ms <= 0) return good('kafka writing', `${topic} takes messages; it tells no time`);
    const skew_ms = Math.max(before_ms - told_ms, told_ms - after_ms, 0);
    return skew_ms <= MAX_SKEW_MS
      ? good('kafka writing', `${topic} takes messages; the clocks agree within ${skew_ms} ms`)
      : bad('kafka clock', `its clock is ${skew_ms} ms off this machine's`, 'Set both right, by NTP.');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return bad('kafka writing', `${topic}: ${why}`, 'Let this user write to the topics of this prefix.');
  } finally {
    await within(CLOSE_MS, producer.disconnect());
  }
}
