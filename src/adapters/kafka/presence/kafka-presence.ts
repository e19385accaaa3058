/** Presence of vehicles, told by bridges and read by whoever answers questions about it. Ephemeral (DESIGN §6). */
import { Partitioners, type Producer } from 'kafkajs';
import type { PresenceFeed, PresenceSignal } from '../../../app/ports/presence.ts';
import { within } from '../backoff.ts';
import type { KafkaConnection } from '../connection.ts';
import type { GroupTiming } from '../group-member.ts';
import { PresenceOutbox } from './presence-outbox.ts';
import { PresenceReader } from './presence-reader.ts';
import { presenceMessage } from './presence-record.ts';

export interface KafkaPresenceOptions extends GroupTiming {
  /** Default 500. */
  readonly flushEvery_ms?: number;
}

export interface KafkaPresence extends PresenceFeed {
  stats(): Readonly<Record<string, number>>;
}

const STOP_MS = 2000;
/** Of one request. */
const BATCH = 5000;

export function createKafkaPresence(
  connection: KafkaConnection,
  options: KafkaPresenceOptions = {},
): KafkaPresence {
  const outbox = new PresenceOutbox();
  const readers: PresenceReader[] = [];
  const counts = { told: 0, heard: 0, failures: 0 };
  let producer: Producer | null = null;
  let flushing: Promise<void> | null = null;

  async function connected(): Promise<Producer> {
    if (producer !== null) return producer;
    const made = connection.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await made.connect();
    producer = made;
    return made;
  }

  async function send(signals: readonly PresenceSignal[]): Promise<void> {
    for (let from = 0; from < signals.length; from += BATCH) {
      const batch = signals.slice(from, from + BATCH);
      await (await connected()).send({
        topic: connection.topics.presence,
        acks: 1,
        messages: batch.map(presenceMessage),
      });
      counts.told += batch.length;
    }
  }

  function flush(): void {
    if (flushing !== null) return;
    const signals = outbox.take();
    if (signals.length === 0) return;
    flushing = send(signals)
      .catch(() => {
        // Why is in the connection's log.
        counts.failures += 1;
        outbox.putBack(signals);
      })
      .finally(() => {
        flushing = null;
      });
  }

  const flushes = setInterval(flush, options.flushEvery_ms ?? 500);
  return {
    tell: (signal) => outbox.add(signal),
    async follow(listener) {
      const reader = new PresenceReader(connection, options, (signals) => {
        counts.heard += signals.length;
        listener(signals);
      });
      readers.push(reader);
      await reader.start();
    },
    async stop() {
      clearInterval(flushes);
      flush();
      await within(STOP_MS, flushing ?? Promise.resolve());
      await Promise.all(readers.map((reader) => reader.stop()));
      if (producer !== null) await within(STOP_MS, producer.disconnect());
    },
    stats: () => ({ ...counts, dropped: outbox.dropped }),
  };
}
