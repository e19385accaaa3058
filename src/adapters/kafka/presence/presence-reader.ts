/** Reads the presence topic from its beginning and goes on, in a group of its own. */
import { randomUUID } from 'node:crypto';
import type { KafkaMessage } from 'kafkajs';
import type { PresenceSignal } from '../../../app/ports/presence.ts';
import { patiently, within } from '../backoff.ts';
import type { KafkaConnection } from '../connection.ts';
import { GroupMember, type GroupTiming } from '../group-member.ts';
import { readPresence } from './presence-record.ts';

const DELETE_MS = 2000;

export class PresenceReader {
  readonly #connection: KafkaConnection;
  readonly #listener: (signals: readonly PresenceSignal[]) => void;
  readonly #member: GroupMember;
  readonly #groupId: string;
  /** Offset to be read next, by partition: a new session begins from the start again. */
  readonly #next = new Map<number, bigint>();
  /** Where each partition ended at the start; what is missing has been read. */
  readonly #ends = new Map<number, bigint>();
  readonly #caughtUp = Promise.withResolvers<void>();

  constructor(
    connection: KafkaConnection,
    timing: GroupTiming,
    listener: (signals: readonly PresenceSignal[]) => void,
  ) {
    this.#connection = connection;
    this.#listener = listener;
    this.#groupId = `${connection.settings.topicPrefix}.presence-${randomUUID()}`;
    this.#member = new GroupMember(connection, {
      ...timing,
      groupId: this.#groupId,
      topic: connection.topics.presence,
      maxBytesPerPartition: 1024 * 1024,
      onJoined: () => {
        for (const [partition, next] of this.#next) this.#member.seek(partition, next);
      },
      onMessages: (partition, messages) => this.#read(partition, messages),
    });
  }

  /** Resolves when all that was there has been read, or `stop` was called. @throws KafkaJSError when no broker answers. */
  async start(): Promise<void> {
    const admin = this.#connection.admin();
    try {
      await admin.connect();
      for (const end of await patiently(() => admin.fetchTopicOffsets(this.#connection.topics.presence)))
        if (BigInt(end.high) > BigInt(end.low)) this.#ends.set(end.partition, BigInt(end.high));
    } finally {
      await admin.disconnect();
    }
    if (this.#ends.size === 0) this.#caughtUp.resolve();
    await this.#member.start();
    await this.#caughtUp.promise;
  }

  async stop(): Promise<void> {
    this.#caughtUp.resolve();
    await this.#member.stop();
    await within(DELETE_MS, this.#deleteGroup());
  }

  #read(partition: number, messages: readonly KafkaMessage[]): void {
    const from = this.#next.get(partition) ?? 0n;
    const fresh = messages.filter(({ offset }) => BigInt(offset) >= from);
    const last = fresh.at(-1);
    if (last === undefined) return;
    const next = BigInt(last.offset) + 1n;
    this.#next.set(partition, next);
    const signals = fresh.flatMap((message) => readPresence(message) ?? []);
    if (signals.length > 0) this.#listener(signals);
    const end = this.#ends.get(partition);
    if (end !== undefined && next >= end) this.#ends.delete(partition);
    if (this.#ends.size === 0) this.#caughtUp.resolve();
  }

  /** Its name is used once. What is not deleted here is forgotten by the brokers when its offsets expire. */
  async #deleteGroup(): Promise<void> {
    const admin = this.#connection.admin();
    try {
      await admin.connect();
      await admin.deleteGroups([this.#groupId]);
    } finally {
      await admin.disconnect();
    }
  }
}
