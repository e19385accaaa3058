/**
 * A member of a consumer group that stays one: it joins again when it was thrown out, and is made anew when kafkajs
 * gives up. It tells when it has last been heard of by the group, which is all that kafkajs lets one know in time:
 * that partitions were taken away is told only at the next join (rebalancing is eager).
 */
import type { Consumer, KafkaMessage } from 'kafkajs';
import { createBackoff, pause, within } from './backoff.ts';
import type { KafkaConnection } from './connection.ts';
import { stickyAssigner } from './sticky-assigner.ts';

export interface GroupTiming {
  /** After so long without a heartbeat a member's partitions are given to others; default 10,000. */
  readonly sessionTimeout_ms?: number;
  /** Default 1,000. */
  readonly heartbeat_ms?: number;
  /** How long the others wait for a member to join again; default 30,000. */
  readonly rebalanceTimeout_ms?: number;
}

export interface GroupFetch {
  /** Of one fetch; default 4 MiB, and 256 KiB of a partition. */
  readonly maxBytes?: number;
  readonly maxBytesPerPartition?: number;
}

export interface GroupMemberOptions extends GroupTiming, GroupFetch {
  readonly groupId: string;
  readonly topic: string;
  readonly claims?: () => readonly number[];
  /** `continued`: the same member as before, so nobody else had its partitions meanwhile. Must not throw. */
  onJoined(joined: { readonly partitions: readonly number[]; readonly continued: boolean }): void;
  /** Takes the messages and returns at once: whoever waits here stops heartbeats and all partitions. */
  onMessages(partition: number, messages: readonly KafkaMessage[]): void;
  /** This member is no more; another one is made. */
  onOver?(): void;
}

const STOP_MS = 3000;
const DEFAULT_SESSION_MS = 10_000;
const DEFAULT_HEARTBEAT_MS = 1000;
const DEFAULT_REBALANCE_MS = 30_000;
/** One that is silent for so long after all that kafkajs tries by itself is made anew. */
const DEAD_MS = 120_000;

export class GroupMember {
  readonly stats = { joins: 0, crashes: 0 };
  readonly #connection: KafkaConnection;
  readonly #options: GroupMemberOptions;
  readonly #sessionTimeout_ms: number;
  readonly #heartbeat_ms: number;
  readonly #stopping = new AbortController();
  readonly #firstJoin = Promise.withResolvers<void>();
  readonly #backoff = createBackoff(500, 10_000);
  #consumer: Consumer | null = null;
  #running: Promise<void> | null = null;
  #memberId: string | null = null;
  #lastAlive_ms = 0;

  constructor(connection: KafkaConnection, options: GroupMemberOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#sessionTimeout_ms = options.sessionTimeout_ms ?? DEFAULT_SESSION_MS;
    this.#heartbeat_ms = options.heartbeat_ms ?? DEFAULT_HEARTBEAT_MS;
  }

  /** Resolves when the group was joined for the first time, or the member was stopped. */
  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#firstJoin.promise;
  }

  /** Leaves the group. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#firstJoin.resolve();
  }

  /** Heard of by the group within the session timeout: nobody else has its partitions. */
  isCurrent(): boolean {
    return this.#consumer !== null && Date.now() - this.#lastAlive_ms < this.#sessionTimeout_ms;
  }

  /** Offsets of what is to be read next. @throws KafkaJSError; Error while there is no session. */
  async commit(offsets: ReadonlyMap<number, bigint>): Promise<void> {
    const { topic, groupId } = this.#options;
    if (this.#consumer === null) throw new Error(`There is no session of the group ${groupId}.`);
    await this.#consumer.commitOffsets(
      [...offsets].map(([partition, offset]) => ({ topic, partition, offset: String(offset) })),
    );
  }

  pause(partition: number): void {
    this.#consumer?.pause([{ topic: this.#options.topic, partitions: [partition] }]);
  }

  resume(partition: number): void {
    this.#consumer?.resume([{ topic: this.#options.topic, partitions: [partition] }]);
  }

  seek(partition: number, offset: bigint): void {
    this.#consumer?.seek({ topic: this.#options.topic, partition, offset: String(offset) });
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const consumer = this.#newConsumer();
      this.#consumer = consumer;
      // What could not be reached is in the connection's log.
      await this.#session(consumer).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      this.stats.crashes += 1;
      this.#options.onOver?.();
      await pause(this.#backoff.next(), this.#stopping.signal);
    }
  }

  #newConsumer(): Consumer {
    const { groupId, claims = () => [], rebalanceTimeout_ms = DEFAULT_REBALANCE_MS } = this.#options;
    return this.#connection.consumer({
      groupId,
      sessionTimeout: this.#sessionTimeout_ms,
      heartbeatInterval: this.#heartbeat_ms,
      rebalanceTimeout: rebalanceTimeout_ms,
      // Heartbeats are sent between fetches: none may wait for longer than that.
      maxWaitTimeInMs: Math.min(500, this.#heartbeat_ms),
      maxBytes: this.#options.maxBytes ?? 4 * 1024 * 1024,
      maxBytesPerPartition: this.#options.maxBytesPerPartition ?? 256 * 1024,
      partitionAssigners: [stickyAssigner(claims)],
      retry: {
        initialRetryTime: 200,
        maxRetryTime: 2000,
        factor: 0.2,
        multiplier: 2,
        // Counted over the whole life of a session, not per failure.
        retries: 10_000,
        restartOnFailure: async () => false,
      },
    });
  }

  /** From joining to the end of this consumer, whatever ends it. */
  async #session(consumer: Consumer): Promise<void> {
    const over = Promise.withResolvers<void>();
    const end = (): void => over.resolve();
    const ours = (): boolean => this.#consumer === consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (ours()) this.#joined(payload);
    });
    consumer.on(consumer.events.HEARTBEAT, () => {
      if (ours()) this.#lastAlive_ms = Date.now();
    });
    consumer.on(consumer.events.CRASH, end);
    this.#stopping.signal.addEventListener('abort', end, { once: true });
    const since_ms = Date.now();
    const watchdog = setInterval(() => {
      if (Date.now() - Math.max(since_ms, this.#lastAlive_ms) > DEAD_MS + this.#sessionTimeout_ms) end();
    }, this.#heartbeat_ms);
    const begun = this.#begin(consumer);
    try {
      await Promise.race([begun, over.promise]);
      await over.promise;
    } finally {
      clearInterval(watchdog);
      this.#stopping.signal.removeEventListener('abort', end);
      this.#consumer = null;
      this.#memberId = null;
      this.#lastAlive_ms = 0;
      // Not before: one that is disconnected while it begins goes on, as a member that keeps its partitions for nobody.
      const disconnect = (): Promise<void> => consumer.disconnect();
      await within(STOP_MS, begun.then(disconnect, disconnect));
    }
  }

  async #begin(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topic: this.#options.topic, fromBeginning: true });
    if (this.#consumer !== consumer) return;
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, isRunning, isStale }) => {
        if (this.#consumer === consumer && isRunning() && !isStale())
          this.#options.onMessages(batch.partition, batch.messages);
      },
    });
  }

  #joined(payload: { memberId: string; memberAssignment: Record<string, number[]> }): void {
    const continued = this.#memberId === payload.memberId;
    this.#memberId = payload.memberId;
    this.#lastAlive_ms = Date.now();
    this.stats.joins += 1;
    this.#backoff.reset();
    const partitions = payload.memberAssignment[this.#options.topic] ?? [];
    this.#options.onJoined({ partitions, continued });
    this.#firstJoin.resolve();
  }
}
