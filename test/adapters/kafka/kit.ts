/** What the tests of the Kafka adapters share: connections with topics of their own in the server of the run. */
import { randomUUID } from 'node:crypto';
import { type KafkaConnection, openKafka } from '../../../src/adapters/kafka/connection.ts';
import { parseKafkaUrl } from '../../../src/adapters/kafka/settings.ts';
import { ensureTopics } from '../../../src/adapters/kafka/topics.ts';
import type { Log, LogLevel } from '../../../src/app/ports.ts';
import { engine } from '../../support/engines.ts';

/** Short, so that a dead member is noticed while a test waits. The server allows 500. */
export const TIMING = { sessionTimeout_ms: 2000, heartbeat_ms: 200, rebalanceTimeout_ms: 4000 } as const;

export interface Said {
  readonly level: LogLevel;
  readonly message: string;
}

export interface Corner {
  readonly connection: KafkaConnection;
  /** Of this test alone. */
  readonly prefix: string;
  readonly url: string;
  readonly said: Said[];
}

export const newPrefix = (): string => `t-${randomUUID().slice(0, 8)}`;

export function connectTo(url: string, prefix: string): Corner {
  const said: Said[] = [];
  const log: Log = (level, message) => said.push({ level, message });
  const separator = url.includes('?') ? '&' : '?';
  const settings = parseKafkaUrl(`${url}${separator}topicPrefix=${prefix}`);
  return { connection: openKafka(settings, { clientId: prefix, log }), prefix, url, said };
}

/** Topics made, with that many shards. */
export async function corner(shards: number, url?: string): Promise<Corner> {
  const made = connectTo(url ?? (await engine('kafka')).url, newPrefix());
  await ensureTopics(made.connection, { shards, partitions: 2 });
  return made;
}
