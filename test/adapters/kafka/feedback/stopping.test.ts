/** A worker that is stopped while no broker answers. */
import { expect, it } from 'vitest';
import type { KafkaConnection } from '../../../../src/adapters/kafka/connection.ts';
import { createKafkaSource } from '../../../../src/adapters/kafka/feedback/kafka-source.ts';
import { parseKafkaUrl } from '../../../../src/adapters/kafka/settings.ts';
import { topicNames } from '../../../../src/adapters/kafka/topic-names.ts';
import { recordingOwner } from '../../../contract/feedback/feedback-contract.ts';

type Listener = (event: { readonly payload: object }) => void;

/** Its group has one member, whose partition 0 has one message; it can be read, and nothing can be written. */
function readOnly(message: object): KafkaConnection {
  const topics = topicNames('t');
  const listeners = new Map<string, Listener>();
  const consumer = {
    events: { GROUP_JOIN: 'join', HEARTBEAT: 'heartbeat', CRASH: 'crash' },
    on: (name: string, listener: Listener) => listeners.set(name, listener),
    connect: async () => undefined,
    disconnect: async () => undefined,
    subscribe: async () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    async run({ eachBatch }: { readonly eachBatch: (batch: object) => Promise<void> }) {
      const memberAssignment = { [topics.feedback]: [0] };
      listeners.get('join')?.({ payload: { memberId: 'm', memberAssignment } });
      await eachBatch({
        batch: { partition: 0, messages: [message] },
        isRunning: () => true,
        isStale: () => false,
      });
    },
  };
  const producer = {
    connect: async () => Promise.reject(new Error('no broker answers')),
    disconnect: async () => undefined,
  };
  return {
    settings: parseKafkaUrl('kafka://127.0.0.1:1'),
    topics,
    log: () => undefined,
    reachable: () => false,
    consumer: () => consumer,
    producer: () => producer,
  } as unknown as KafkaConnection;
}

it('ends although a dead letter can’t be written, and commits nothing of it', async () => {
  const unreadable = { key: null, value: null, offset: '7', timestamp: '0', headers: {} };
  const source = createKafkaSource(readOnly(unreadable), { shards: 8 });
  await source.start(recordingOwner());
  await expect.poll(() => source.stats()['queuedMessages']).toBe(1);
  await source.stop();
  expect(source.stats()).toMatchObject({ deadLetters: 0, commits: 0 });
});
