/** What a bridge has received and the brokers have not acknowledged yet: bounded, in order, taken in batches. */
import type { Message } from 'kafkajs';

export interface Waiting {
  readonly message: Message;
  readonly shard: number;
  readonly bytes: number;
  /** Broker time, milliseconds since 1970; infinite for what says nothing of time. */
  readonly receivedAt: number;
  readonly publication: Publication;
}

/** One call of `publish`: settles when all of its messages have. */
export interface Publication {
  left: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Of one request. A partition's share is one record batch, which Kafka limits to 1 MB by default. */
const BATCH_RECORDS = 4000;
const BATCH_BYTES = 4 * 1024 * 1024;
const PARTITION_BYTES = 768 * 1024;

export class SinkQueue {
  readonly #maxRecords: number;
  readonly #maxBytes: number;
  #waiting: Waiting[] = [];
  #sending: readonly Waiting[] = [];
  #bytes = 0;

  constructor(maxRecords: number, maxBytes: number) {
    this.#maxRecords = maxRecords;
    this.#maxBytes = maxBytes;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get records(): number {
    return this.#waiting.length + this.#sending.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One that is larger than all that may wait would never have room: it is let in when nothing else waits. */
  hasRoom(records: number, bytes: number): boolean {
    if (this.records === 0) return true;
    return this.records + records <= this.#maxRecords && this.#bytes + bytes <= this.#maxBytes;
  }

  add(entries: readonly Waiting[]): void {
    for (const entry of entries) {
      this.#waiting.push(entry);
      this.#bytes += entry.bytes;
    }
  }

  /** The oldest that fit into one request, in their order; `done` or `give up` ends it. */
  take(): readonly Waiting[] {
    const shares = new Map<number, number>();
    let total = 0;
    let count = 0;
    for (const { shard, bytes } of this.#waiting) {
      const share = (shares.get(shard) ?? 0) + bytes;
      total += bytes;
      if (count > 0 && (count === BATCH_RECORDS || total > BATCH_BYTES || share > PARTITION_BYTES)) break;
      shares.set(shard, share);
      count += 1;
    }
    this.#sending = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return this.#sending;
  }

  done(): void {
    for (const { publication, bytes } of this.#sending) {
      this.#bytes -= bytes;
      publication.left -= 1;
      if (publication.left === 0) publication.resolve();
    }
    this.#sending = [];
  }

  /** Nobody knows any more whether the brokers have what is here. */
  giveUp(error: unknown): void {
    for (const { publication } of [...this.#sending, ...this.#waiting]) publication.reject(error);
    this.#waiting = [];
    this.#sending = [];
    this.#bytes = 0;
  }

  /** When the oldest of what is here was received; infinite when nothing is. */
  oldest(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const entries of [this.#sending, this.#waiting])
      for (const { receivedAt } of entries) least = Math.min(least, receivedAt);
    return least;
  }
}
