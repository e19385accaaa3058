/** A connection for tests, with topics under a prefix of its own. Also for processes that tests start. */
import { type KafkaConnection, openKafka } from '../../../src/adapters/kafka/connection.ts';
import { parseKafkaUrl } from '../../../src/adapters/kafka/settings.ts';
import type { Log, LogLevel } from '../../../src/app/ports.ts';

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

export function connectTo(url: string, prefix: string): Corner {
  const said: Said[] = [];
  const log: Log = (level, message) => said.push({ level, message });
  const separator = url.includes('?') ? '&' : '?';
  const settings = parseKafkaUrl(`${url}${separator}topicPrefix=${prefix}`);
  return { connection: openKafka(settings, { clientId: prefix, log }), prefix, url, said };
}
