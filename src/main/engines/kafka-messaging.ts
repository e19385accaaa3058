/** Kafka between the processes of a deployment: feedback, leadership, presence, and events for others. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../adapters/clock/system-clock.ts';
import { openKafka } from '../../adapters/kafka/connection.ts';
import { createEventPublisher } from '../../adapters/kafka/events/event-publisher.ts';
import { createKafkaSink, type KafkaSink } from '../../adapters/kafka/feedback/kafka-sink.ts';
import { createKafkaSource, type KafkaSource } from '../../adapters/kafka/feedback/kafka-source.ts';
import { createKafkaLeadership } from '../../adapters/kafka/leadership/kafka-leadership.ts';
import { createKafkaPresence } from '../../adapters/kafka/presence/kafka-presence.ts';
import { type KafkaSettings, parseKafkaUrl } from '../../adapters/kafka/settings.ts';
import { ensureTopics, TopicError } from '../../adapters/kafka/topics.ts';
import { createEventRelay, type EventRelay } from '../../app/event-relay.ts';
import type { Position } from '../../app/ports.ts';
import { ConfigError, environmentName } from '../../config.ts';
import { SHARD_COUNT } from '../../domain/shared/shard.ts';
import type { Closing, Context } from '../context.ts';
import { type Messaging, processName } from './messaging.ts';
import { type OpenedCheckpoint, openRelayCheckpoint } from './relay-checkpoint.ts';

const SETTING = environmentName('kafka');

/** @throws ConfigError naming the setting when Kafka can't be reached, or its topics are not as they must be. */
export async function openKafkaMessaging(
  context: Context,
  url: string,
  closing: Closing,
): Promise<Messaging> {
  const { config, log } = context;
  const clientId = processName(config);
  const connection = openKafka(settingsOf(url), { clientId, log });
  await ensureTopics(connection, { shards: SHARD_COUNT }).catch((error: unknown) => {
    const what = error instanceof TopicError ? error.message : `Kafka can't be reached: ${String(error)}`;
    throw new ConfigError(`${SETTING}: ${what}`);
  });
  const leadership = createKafkaLeadership(connection);
  closing.add('leadership', () => leadership.close());
  const presence = createKafkaPresence(connection);
  closing.add('presence', () => presence.stop());
  let sink: KafkaSink | null = null;
  let source: KafkaSource | null = null;
  let relay: EventRelay | null = null;
  return {
    alone: false,
    leadership,
    presence,
    async sink() {
      const opened = createKafkaSink(connection, { shards: SHARD_COUNT, sinkId: randomUUID() });
      sink = opened;
      closing.add('the way of feedback', () => opened.close());
      return opened;
    },
    async source() {
      source = createKafkaSource(connection, { shards: SHARD_COUNT });
      return source;
    },
    untaken() {
      if (source === null) return 0;
      const { assigned, taken } = source.shards();
      return assigned.length - taken.length;
    },
    lost: (shard) => source?.lost(shard),
    async relay(store) {
      const publisher = createEventPublisher(connection);
      closing.add('the way of events', () => publisher.stop());
      let opened: OpenedCheckpoint | null = null;
      const checkpoint = {
        /** Anew with each attempt: a writer that failed once does not go on. */
        async load() {
          await opened?.close();
          opened = await openRelayCheckpoint(config, log);
          return opened.load();
        },
        save: async (position: Position) => opened?.save(position),
      };
      const made = createEventRelay({ store, publisher, checkpoint, clock: systemClock, log });
      relay = made;
      return async (signal) => {
        try {
          await made.run(signal);
        } finally {
          await opened?.close();
          opened = null;
        }
      };
    },
    connected: () => connection.reachable(),
    stats: () => ({
      ...prefixed('sink', sink?.stats()),
      ...prefixed('source', source?.stats()),
      ...relay?.stats(),
    }),
  };
}

function settingsOf(url: string): KafkaSettings {
  try {
    return parseKafkaUrl(url);
  } catch (error) {
    throw new ConfigError(`${SETTING}: ${(error as Error).message}`);
  }
}

const prefixed = (
  prefix: string,
  counters: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(counters).map(([key, value]) => [
      `${prefix}${key.charAt(0).toUpperCase()}${key.slice(1)}`,
      value,
    ]),
  );
