/** Events and dead letters for others, on their topics. */
import { CompressionTypes, type Message } from 'kafkajs';
import type { EventPublisher, OutgoingMessage } from '../../../app/ports/event-publisher.ts';
import type { KafkaConnection } from '../connection.ts';
import { createSender } from '../sender.ts';

/** Of one request: a partition's share is one record batch, which Kafka limits to 1 MB by default. */
const REQUEST_BYTES = 768 * 1024;
const STOP_MS = 3000;

export function createEventPublisher(connection: KafkaConnection): EventPublisher {
  const sender = createSender(connection, { compression: CompressionTypes.GZIP });
  const topics = { events: connection.topics.events, 'dead-letter': connection.topics.deadLetter };
  return {
    async publish(channel, messages) {
      for (const request of requestsOf(messages))
        await sender.send([{ topic: topics[channel], messages: request }]);
    },
    stop: () => sender.stop(STOP_MS),
  };
}

function* requestsOf(messages: readonly OutgoingMessage[]): Generator<Message[]> {
  let request: Message[] = [];
  let bytes = 0;
  for (const { key, headers, body } of messages) {
    if (request.length > 0 && bytes + body.length > REQUEST_BYTES) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push({ key, value: Buffer.from(body), headers: { ...headers } });
    bytes += body.length;
  }
  if (request.length > 0) yield request;
}
