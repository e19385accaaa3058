export type FeedbackChannel = 'feedback' | 'inventory';

/** One message of a vehicle as it came, on its way to the worker of its shard. */
export interface FeedbackRecord {
  readonly vehicleId: string;
  readonly shard: number;
  readonly channel: FeedbackChannel;
  readonly payload: Uint8Array;
  /** Broker time, milliseconds since 1970. */
  readonly receivedAt: number;
}

/** Where the bridge puts messages. Resolves when they are as safe as the adapter makes them. */
export interface FeedbackSink {
  publish(records: readonly FeedbackRecord[]): Promise<void>;
}

/** What a source calls. `process` resolves when the records' decisions are durable and receipted. */
export interface ShardOwner {
  assign(shards: readonly number[]): Promise<void>;
  revoke(shards: readonly number[]): Promise<void>;
  process(shard: number, records: readonly FeedbackRecord[]): Promise<void>;
}

export interface FeedbackSource {
  start(owner: ShardOwner): Promise<void>;
  /**
   * Broker time up to which everything received for a shard has been processed, milliseconds since 1970:
   * a timeout is decided only when this has passed the deadline.
   */
  watermark(shard: number): number;
  stop(): Promise<void>;
}
