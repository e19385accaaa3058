/**
 * The worker's side: a member of a consumer group whose partitions are the shards. Who owns a shard is settled in the
 * log (DESIGN §3), not here: kafkajs tells late that a partition was taken away. What is promised here is that a
 * message's offset is committed only after it was processed, and that a member that the group may have given up
 * begins nothing.
 */
import type { FeedbackSource, ShardOwner } from '../../../app/ports/feedback.ts';
import { within } from '../backoff.ts';
import type { KafkaConnection } from '../connection.ts';
import { type GroupFetch, GroupMember, type GroupTiming } from '../group-member.ts';
import { createSender, type Sender } from '../sender.ts';
import { type BatchCounts, workOn } from './batch-work.ts';
import type { Mark } from './record.ts';
import { type LaneContext, ShardLane } from './shard-lane.ts';
import { Watermark, type WatermarkOptions } from './watermark.ts';

export interface KafkaSourceOptions extends GroupTiming, GroupFetch {
  readonly shards: number;
  /** Default `{topicPrefix}.rollout`. */
  readonly groupId?: string;
  /** Records of one call of `process`; default 500. */
  readonly maxBatch?: number;
  /** Messages of one shard that may wait in memory, besides what one fetch brings; default 2,000. */
  readonly maxQueued?: number;
  /** Pause between two commits of offsets; default 200. */
  readonly commitEvery_ms?: number;
  readonly watermark?: WatermarkOptions;
}

export interface KafkaSource extends FeedbackSource {
  /** To be told by the owner that somebody else took a shard: it is taken back if the group says that it is ours. */
  lost(shard: number): void;
  /** Shards that the group gives to this member, and those of them that the owner has taken. */
  shards(): { readonly assigned: readonly number[]; readonly taken: readonly number[] };
  stats(): Readonly<Record<string, number>>;
}

const COMMIT_MS = 2000;
/** How long what is being processed may take at the end before it gets nothing written to Kafka any more. */
const FINISH_MS = 2000;

export const createKafkaSource = (connection: KafkaConnection, options: KafkaSourceOptions): KafkaSource =>
  new Source(connection, options);

class Source implements KafkaSource {
  readonly #connection: KafkaConnection;
  readonly #options: KafkaSourceOptions;
  readonly #member: GroupMember;
  readonly #sender: Sender;
  readonly #lanes = new Map<number, ShardLane>();
  /** Shards that are being given up: nobody here may take them before that is done. */
  readonly #ending = new Map<number, Promise<void>>();
  readonly #watermarks = new Map<number, Watermark>();
  readonly #committed = new Map<number, bigint>();
  readonly #failing = new Set<number>();
  readonly #counts: BatchCounts & { failures: number; commits: number; commitFailures: number } = {
    records: 0,
    arrivals: 0,
    marks: 0,
    forwarded: 0,
    deadLetters: 0,
    failures: 0,
    commits: 0,
    commitFailures: 0,
  };
  #owner: ShardOwner | null = null;
  #commits: ReturnType<typeof setInterval> | null = null;
  #committing: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(connection: KafkaConnection, options: KafkaSourceOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#sender = createSender(connection);
    this.#member = new GroupMember(connection, {
      ...options,
      groupId: options.groupId ?? `${connection.settings.topicPrefix}.rollout`,
      topic: connection.topics.feedback,
      claims: () => (this.#member.isCurrent() ? [...this.#lanes.keys()] : []),
      onJoined: ({ partitions, continued }) => this.#joined(partitions, continued),
      onMessages: (shard, messages) => this.#lanes.get(shard)?.add(messages),
    });
  }

  async start(owner: ShardOwner): Promise<void> {
    if (this.#owner !== null) throw new Error('feedback was started before');
    this.#owner = owner;
    this.#commits = setInterval(() => void this.#commit(), this.#options.commitEvery_ms ?? 200);
    await this.#member.start();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.tried));
  }

  watermark(shard: number): number {
    return this.#watermarks.get(shard)?.value_ms ?? 0;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  lost(shard: number): void {
    this.#lanes.get(shard)?.lost();
  }

  shards(): ReturnType<KafkaSource['shards']> {
    const lanes = [...this.#lanes.values()];
    const numbers = (some: readonly ShardLane[]): number[] =>
      some.map(({ shard }) => shard).sort((a, b) => a - b);
    return { assigned: numbers(lanes), taken: numbers(lanes.filter(({ taken }) => taken)) };
  }

  stats(): Readonly<Record<string, number>> {
    const lanes = [...this.#lanes.values()];
    return {
      ...this.#counts,
      ...this.#member.stats,
      assignedShards: lanes.length,
      takenShards: lanes.filter(({ taken }) => taken).length,
      queuedMessages: lanes.reduce((sum, { waiting }) => sum + waiting, 0),
    };
  }

  #joined(partitions: readonly number[], continued: boolean): void {
    if (this.#stopping !== null) return;
    const assigned = new Set(partitions);
    for (const [shard, lane] of this.#lanes) {
      // Another member of the group than before: somebody else may have had what it had.
      if (!continued || !assigned.has(shard)) this.#end(shard, lane);
      else if (lane.next !== null) this.#member.seek(shard, lane.next);
    }
    for (const shard of partitions) if (!this.#lanes.has(shard)) this.#begin(shard);
  }

  #begin(shard: number): void {
    this.#watermarks.set(shard, new Watermark(this.#options.watermark));
    this.#committed.delete(shard);
    // An earlier lane may have stopped fetching.
    this.#member.resume(shard);
    this.#lanes.set(shard, new ShardLane(this.#laneContext(), shard, this.#ending.get(shard)));
  }

  #end(shard: number, lane: ShardLane): void {
    this.#lanes.delete(shard);
    this.#watermarks.delete(shard);
    const ended = lane.stop().finally(() => {
      if (this.#ending.get(shard) === ended) this.#ending.delete(shard);
    });
    this.#ending.set(shard, ended);
  }

  #laneContext(): LaneContext {
    const owner = this.#owner;
    if (owner === null) throw new Error('feedback was not started');
    const work = {
      owner,
      sender: this.#sender,
      topics: this.#connection.topics,
      shards: this.#options.shards,
      counts: this.#counts,
      marked: (shard: number, mark: Mark, writtenAt_ms: number) =>
        this.#watermarks.get(shard)?.processed(mark, writtenAt_ms),
    };
    return {
      owner,
      maxBatch: this.#options.maxBatch ?? 500,
      maxQueued: this.#options.maxQueued ?? 2000,
      isCurrent: () => this.#member.isCurrent(),
      work: (shard, messages) => workOn(work, shard, messages),
      pauseFetching: (shard) => this.#member.pause(shard),
      resumeFetching: (shard) => this.#member.resume(shard),
      report: (shard, error) => this.#report(shard, error),
    };
  }

  /** One line when the first shard fails, one when the last one works again. */
  #report(shard: number, error: unknown): void {
    const { log } = this.#connection;
    if (error === null) {
      if (this.#failing.delete(shard) && this.#failing.size === 0)
        log('info', 'The feedback of every shard of this worker is processed again.');
      return;
    }
    this.#counts.failures += 1;
    if (this.#failing.size === 0)
      log('error', `Feedback of shard ${shard} can't be processed. It is kept and tried again.`, { error });
    this.#failing.add(shard);
  }

  #commit(): Promise<void> {
    this.#committing ??= this.#commitProcessed().finally(() => {
      this.#committing = null;
    });
    return this.#committing;
  }

  async #commitProcessed(): Promise<void> {
    if (!this.#member.isCurrent()) return;
    const offsets = new Map<number, bigint>();
    for (const [shard, { processed }] of this.#lanes)
      if (processed !== null && this.#committed.get(shard) !== processed) offsets.set(shard, processed);
    if (offsets.size === 0) return;
    try {
      await this.#member.commit(offsets);
      this.#counts.commits += 1;
      for (const [shard, offset] of offsets) if (this.#lanes.has(shard)) this.#committed.set(shard, offset);
    } catch {
      // The group is being dealt anew, or no broker answers: what is still ours is committed the next time.
      this.#counts.commitFailures += 1;
    }
  }

  async #stop(): Promise<void> {
    if (this.#commits !== null) clearInterval(this.#commits);
    const lanes = [...this.#lanes.values()].map((lane) => lane.stop());
    const ended = Promise.all([...lanes, ...this.#ending.values()]);
    await within(FINISH_MS, ended);
    // A lane that has something to put aside or to forward would wait for the brokers.
    await this.#sender.stop();
    await ended;
    await within(
      COMMIT_MS,
      (this.#committing ?? Promise.resolve()).then(() => this.#commit()),
    );
    this.#lanes.clear();
    this.#watermarks.clear();
    await this.#member.stop();
  }
}
