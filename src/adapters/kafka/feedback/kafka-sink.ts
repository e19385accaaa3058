/**
 * The bridge's side: what vehicles sent goes into the partition of their shard, and `publish` resolves when the
 * brokers have it. One request at a time; what comes meanwhile is the next one. While no broker answers, messages
 * wait up to a limit, above which they are refused: then nothing is acknowledged to vehicles, which keep them.
 */
import type { Message } from 'kafkajs';
import type { Arrival, FeedbackRecord, FeedbackSink } from '../../../app/ports/feedback.ts';
import { pause, within } from '../backoff.ts';
import type { KafkaConnection } from '../connection.ts';
import { createSender } from '../sender.ts';
import { arrivalMessage, markMessage, recordMessage } from './record.ts';
import { type Publication, SinkQueue, type Waiting } from './sink-queue.ts';

export interface KafkaSinkOptions {
  readonly shards: number;
  /** Of this run of this process: another run is another bridge. At most 64 characters. */
  readonly sinkId: string;
  /** What may wait for the brokers; default 20,000 records and 64 MiB. */
  readonly maxQueued?: number;
  readonly maxQueuedBytes?: number;
  /** Pause between two marks; default 1,000. */
  readonly markEvery_ms?: number;
  /** How long the first message waits for others; default 2. */
  readonly linger_ms?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface KafkaSink extends FeedbackSink {
  /** Sends what waits, for at most 3 s, and refuses the rest. */
  close(): Promise<void>;
  stats(): Readonly<Record<string, number>>;
}

/** Too much waits for the brokers, or the sink was closed. The sender must keep the record. */
export class FeedbackRefusedError extends Error {
  override readonly name = 'FeedbackRefusedError';
}

const CLOSE_MS = 3000;
/** With so many there is nothing to wait for. */
const ENOUGH = 500;
/** How long the sender of a refused record has to send it again before time goes on without it, milliseconds. */
const REFUSED_MS = 60_000;
/** Key, headers and framing of a record, at most. */
const OVERHEAD_BYTES = 128;
/** A record has to fit into a record batch of Kafka's default size. */
const MAX_PAYLOAD_BYTES = 512 * 1024;

export const createKafkaSink = (connection: KafkaConnection, options: KafkaSinkOptions): KafkaSink =>
  new Sink(connection, options);

class Sink implements KafkaSink {
  readonly #topic: string;
  readonly #options: KafkaSinkOptions;
  readonly #now: () => number;
  readonly #queue: SinkQueue;
  readonly #sender: ReturnType<typeof createSender>;
  readonly #marks: ReturnType<typeof setInterval>;
  readonly #counts = { published: 0, arrivals: 0, refused: 0, marks: 0 };
  /** Since when records have been refused or could not be heard lately, and when the last time was. */
  #refused: { readonly oldest: number; readonly last: number } | null = null;
  #markDue = false;
  #closed = false;
  #running: Promise<void> | null = null;

  constructor(connection: KafkaConnection, options: KafkaSinkOptions) {
    this.#topic = connection.topics.feedback;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#queue = new SinkQueue(options.maxQueued ?? 20_000, options.maxQueuedBytes ?? 64 * 1024 * 1024);
    this.#sender = createSender(connection);
    this.#marks = setInterval(() => {
      this.#markDue = true;
      this.#work();
    }, options.markEvery_ms ?? 1000);
  }

  async publish(records: readonly FeedbackRecord[]): Promise<void> {
    for (const { shard, payload } of records) {
      this.#checkShard(shard);
      if (payload.length > MAX_PAYLOAD_BYTES)
        throw new RangeError(`a record has ${payload.length} bytes, the limit is ${MAX_PAYLOAD_BYTES}`);
    }
    const bytes = records.reduce((sum, { payload }) => sum + payload.length + OVERHEAD_BYTES, 0);
    if (this.#closed || !this.#queue.hasRoom(records.length, bytes)) {
      for (const { receivedAt } of records) this.#refuse(receivedAt);
      throw this.#refusal();
    }
    this.#counts.published += records.length;
    await this.#add(
      records.map((record) => ({
        message: recordMessage(record),
        shard: record.shard,
        bytes: record.payload.length + OVERHEAD_BYTES,
        receivedAt: record.receivedAt,
      })),
    );
  }

  async arrived(vehicles: readonly Arrival[]): Promise<void> {
    for (const { shard } of vehicles) this.#checkShard(shard);
    if (this.#closed || !this.#queue.hasRoom(vehicles.length, vehicles.length * OVERHEAD_BYTES))
      throw this.#refusal();
    this.#counts.arrivals += vehicles.length;
    await this.#add(
      vehicles.map((arrival) => ({
        message: arrivalMessage(arrival),
        shard: arrival.shard,
        bytes: OVERHEAD_BYTES,
        receivedAt: Number.POSITIVE_INFINITY,
      })),
    );
  }

  unheard(): void {
    this.#holdTime(this.#now());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#marks);
    await within(CLOSE_MS, this.#running ?? Promise.resolve());
    this.#queue.giveUp(new FeedbackRefusedError('the bridge stops'));
    await this.#sender.stop();
  }

  stats(): Readonly<Record<string, number>> {
    const { sends, failures } = this.#sender.stats;
    return {
      ...this.#counts,
      sends,
      sendFailures: failures,
      queuedRecords: this.#queue.records,
      queuedBytes: this.#queue.bytes,
    };
  }

  #add(entries: readonly Omit<Waiting, 'publication'>[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const publication: Publication = { left: entries.length, resolve, reject };
      this.#queue.add(entries.map((entry) => ({ ...entry, publication })));
      this.#work();
    });
  }

  #work(): void {
    this.#running ??= this.#run()
      .catch((error: unknown) =>
        this.#queue.giveUp(new FeedbackRefusedError('the bridge stops', { cause: error })),
      )
      .finally(() => {
        this.#running = null;
        // What came while it was ending.
        if (this.#queue.waiting > 0) this.#work();
      });
  }

  async #run(): Promise<void> {
    if (!this.#markDue && this.#queue.waiting < ENOUGH) await pause(this.#options.linger_ms ?? 2);
    while (this.#queue.waiting > 0 || this.#markDue) {
      const messages = this.#queue.take().map(({ message }) => message);
      if (this.#markDue) messages.push(...this.#newMarks());
      await this.#sender.send([{ topic: this.#topic, messages }]);
      this.#queue.done();
    }
  }

  /** What is on its way counts as not produced: the brokers may have it or not. */
  #newMarks(): Message[] {
    this.#markDue = false;
    this.#counts.marks += 1;
    const oldest = Math.min(this.#queue.oldest(), this.#refusedSince(), this.#now());
    const mark = { sink: this.#options.sinkId, until_ms: oldest - 1 };
    return Array.from({ length: this.#options.shards }, (_, shard) => markMessage(shard, mark));
  }

  #refuse(receivedAt: number): void {
    this.#counts.refused += 1;
    this.#holdTime(receivedAt);
  }

  #holdTime(since_ms: number): void {
    this.#refused = { oldest: Math.min(this.#refusedSince(), since_ms), last: this.#now() };
  }

  #refusedSince(): number {
    if (this.#refused !== null && this.#now() - this.#refused.last >= REFUSED_MS) this.#refused = null;
    return this.#refused?.oldest ?? Number.POSITIVE_INFINITY;
  }

  #refusal(): FeedbackRefusedError {
    return new FeedbackRefusedError(
      this.#closed ? 'the bridge stops' : `${this.#queue.records} messages wait for Kafka`,
    );
  }

  #checkShard(shard: number): void {
    const { shards } = this.#options;
    if (!Number.isInteger(shard) || shard < 0 || shard >= shards)
      throw new RangeError(`there is no shard ${shard} of ${shards}`);
  }
}
