/**
 * Writes to Kafka with acks=all by an idempotent producer, one request at a time. Two at a time would lose messages:
 * a request that failed is repeated by kafkajs under the same sequence numbers, which another one may have used
 * meanwhile; the broker then takes the second for a repetition of the first.
 *
 * A batch that fails is sent again, by a new producer, until it is acknowledged: its messages may then be there twice,
 * and stay in their order.
 */
import type { CompressionTypes, Producer, TopicMessages } from 'kafkajs';
import { Partitioners } from 'kafkajs';
import { createBackoff, pause, within } from './backoff.ts';
import type { KafkaConnection } from './connection.ts';

/** It was stopped before the brokers had the messages. They may or may not have them. */
export class SenderStoppedError extends Error {
  override readonly name = 'SenderStoppedError';
}

export interface Sender {
  /** Resolves when the brokers have all of it. Keep a topic's batch of one partition under 1 MB. @throws SenderStoppedError */
  send(batch: readonly TopicMessages[]): Promise<void>;
  /** What is not acknowledged within `grace_ms` is given up. */
  stop(grace_ms?: number): Promise<void>;
  readonly stats: { sends: number; failures: number };
}

const DISCONNECT_MS = 2000;

export function createSender(
  connection: KafkaConnection,
  options: { readonly compression?: CompressionTypes } = {},
): Sender {
  const stats = { sends: 0, failures: 0 };
  const stopping = new AbortController();
  let producer: Producer | null = null;
  let last: Promise<unknown> = Promise.resolve();

  async function connected(): Promise<Producer> {
    if (producer !== null) return producer;
    const made = connection.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    producer = made;
    await made.connect();
    return made;
  }

  function discard(): void {
    const old = producer;
    producer = null;
    if (old !== null) void within(DISCONNECT_MS, old.disconnect());
  }

  async function deliver(batch: readonly TopicMessages[]): Promise<void> {
    const backoff = createBackoff(250, 5000);
    for (;;) {
      if (stopping.signal.aborted)
        throw new SenderStoppedError('Kafka may not have it: this process stopped.');
      try {
        const current = await connected();
        await current.sendBatch({ acks: -1, topicMessages: [...batch], ...options });
        stats.sends += 1;
        return;
      } catch {
        // Why is in the connection's log. What the broker remembers of this producer can't be trusted any more.
        stats.failures += 1;
        discard();
        await pause(backoff.next(), stopping.signal);
      }
    }
  }

  return {
    stats,
    send(batch) {
      const sent = last.then(() => deliver(batch));
      last = sent.catch(() => undefined);
      return sent;
    },
    async stop(grace_ms = 0) {
      await within(grace_ms, last);
      stopping.abort();
      // One that is disconnected in the middle of a request would connect again.
      await within(DISCONNECT_MS, last);
      const old = producer;
      producer = null;
      if (old !== null) await within(DISCONNECT_MS, old.disconnect());
    },
  };
}
