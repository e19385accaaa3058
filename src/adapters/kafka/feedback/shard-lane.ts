/**
 * One shard of a worker while the group says that it is this member's: the messages that were fetched and wait, and
 * the loop that takes the shard over, has the owner process them, and knows up to where an offset may be committed.
 * Nothing is skipped: what fails is tried again, and the other shards go on.
 */
import type { KafkaMessage } from 'kafkajs';
import type { ShardOwner } from '../../../app/ports/feedback.ts';
import { createBackoff, pause } from '../backoff.ts';

export interface LaneContext {
  readonly owner: ShardOwner;
  /** Messages of one call of `work`. */
  readonly maxBatch: number;
  /** With more than so many waiting, no more are fetched. */
  readonly maxQueued: number;
  /** Whether the group still counts on this member. While it does not, nothing is begun. */
  isCurrent(): boolean;
  /** Resolves when all that the messages mean is done and durable. */
  work(shard: number, messages: readonly KafkaMessage[]): Promise<void>;
  pauseFetching(shard: number): void;
  resumeFetching(shard: number): void;
  /** What was tried and failed; null when it works (again). */
  report(shard: number, error: unknown): void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** How soon a member that the group may have given up looks whether it has been heard again. */
const LOOK_MS = 100;

/** By name, because adapters don't know the application. */
const isNotOwned = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NotOwnedError' || error.name === 'FencedError');

export class ShardLane {
  readonly shard: number;
  readonly #context: LaneContext;
  readonly #stopping = new AbortController();
  readonly #tried = Promise.withResolvers<void>();
  readonly #backoff = createBackoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  readonly #ended: Promise<void>;
  #queue: KafkaMessage[] = [];
  #fetching = true;
  #taken = false;
  /** The owner may have something of it. */
  #given = false;
  #wake: (() => void) | null = null;
  #next: bigint | null = null;
  #processed: bigint | null = null;

  /** `after`: when an earlier lane of the same shard has given it up. */
  constructor(context: LaneContext, shard: number, after: Promise<void> = Promise.resolve()) {
    this.#context = context;
    this.shard = shard;
    this.#ended = after.then(() => this.#run());
  }

  /** Resolves when it was tried once to take the shard over, or the lane was stopped. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  /** Whether the owner has the shard, as far as is known here. */
  get taken(): boolean {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Offset after the last message that was added; null before the first. */
  get next(): bigint | null {
    return this.#next;
  }

  /** Offset up to which everything is done; null before the first. */
  get processed(): bigint | null {
    return this.#processed;
  }

  add(messages: readonly KafkaMessage[]): void {
    const last = messages.at(-1);
    if (last === undefined || this.#stopping.signal.aborted) return;
    for (const message of messages) this.#queue.push(message);
    this.#next = BigInt(last.offset) + 1n;
    if (this.#fetching && this.#queue.length > this.#context.maxQueued) {
      this.#fetching = false;
      this.#context.pauseFetching(this.shard);
    }
    this.#ring();
  }

  /** The owner has found out that somebody else took the shard. It is taken again if the group says that it is ours. */
  lost(): void {
    this.#taken = false;
    this.#ring();
  }

  /** Ends what is being processed, and gives the shard up. What waits is dropped: nothing of it was committed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#ring();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (!this.#context.isCurrent()) await pause(LOOK_MS, this.#stopping.signal);
      else if (!this.#taken) await this.#attempt(() => this.#take());
      else if (this.#queue.length === 0) await this.#rung();
      else await this.#attempt(() => this.#process());
    }
    this.#queue = [];
    this.#context.report(this.shard, null);
    await this.#takeBack();
    this.#tried.resolve();
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isNotOwned(error)) this.#taken = false;
      this.#context.report(this.shard, error);
      this.#tried.resolve();
      await pause(this.#backoff.next(), this.#stopping.signal);
    }
  }

  async #take(): Promise<void> {
    // What is left of it here belongs to a time before somebody else had it.
    await this.#takeBack();
    this.#given = true;
    await this.#context.owner.assign([this.shard]);
    this.#taken = true;
    this.#tried.resolve();
  }

  async #takeBack(): Promise<void> {
    this.#taken = false;
    if (!this.#given) return;
    try {
      await this.#context.owner.revoke([this.shard]);
    } catch (error) {
      this.#context.report(this.shard, error);
    }
  }

  async #process(): Promise<void> {
    const batch = this.#queue.slice(0, this.#context.maxBatch);
    await this.#context.work(this.shard, batch);
    this.#queue.splice(0, batch.length);
    this.#processed = BigInt(batch.at(-1)?.offset ?? 0) + 1n;
    // Not after taking the shard: two that take it from each other would do so without a pause.
    this.#backoff.reset();
    this.#context.report(this.shard, null);
    if (this.#fetching || this.#queue.length > this.#context.maxQueued / 2) return;
    this.#fetching = true;
    this.#context.resumeFetching(this.shard);
  }

  #ring(): void {
    this.#wake?.();
  }

  /** Until something was added, lost or stopped. */
  #rung(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }
}
