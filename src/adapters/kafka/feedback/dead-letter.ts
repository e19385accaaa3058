/** What a worker can't use: put where a person or a tool can look at it, with where it was and why. */
import type { KafkaMessage, Message } from 'kafkajs';

/** Of a value; the headers and the limit of a topic have to fit around it. */
const MAX_BYTES = 512 * 1024;
const MAX_KEY_BYTES = 1024;

export function deadLetterMessage(
  message: KafkaMessage,
  from: { readonly topic: string; readonly partition: number },
  reason: string,
): Message {
  const { value, key } = message;
  const cut = (value?.length ?? 0) > MAX_BYTES;
  return {
    key: key?.subarray(0, MAX_KEY_BYTES) ?? null,
    value: value?.subarray(0, MAX_BYTES) ?? Buffer.alloc(0),
    headers: {
      code: 'unreadable-record',
      reason,
      source: `${from.topic}/${from.partition}/${message.offset}`,
      timestamp: message.timestamp,
      ...(cut ? { originalBytes: String(value?.length) } : {}),
    },
  };
}

/** The same message for its right partition. */
export const forwardedMessage = (message: KafkaMessage, partition: number): Message => ({
  key: message.key,
  value: message.value,
  partition,
  ...(message.headers === undefined ? {} : { headers: message.headers }),
});
