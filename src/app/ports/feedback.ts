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

/** A vehicle that has just connected and subscribed. */
export interface Arrival {
  readonly vehicleId: string;
  readonly shard: number;
}

/** Where the bridge puts messages. Resolves when they are as safe as the adapter makes them. */
export interface FeedbackSink {
  publish(records: readonly FeedbackRecord[]): Promise<void>;
  /**
   * For brokers that can't render state on subscribe: the owner of the shard sends the vehicle what is open for it.
   * May be lost; the next connection tells again.
   */
  arrived(vehicles: readonly Arrival[]): Promise<void>;
  /**
   * No vehicle can be heard, or could until now: the broker is away. What they keep meanwhile is still on its way, so
   * that the watermark stays before the first of such calls, until a minute after the last.
   */
  unheard(): void;
}

/** What a source calls. `process` resolves when the records' decisions are durable and receipted. */
export interface ShardOwner {
  assign(shards: readonly number[]): Promise<void>;
  revoke(shards: readonly number[]): Promise<void>;
  process(shard: number, records: readonly FeedbackRecord[]): Promise<void>;
  /** Sends these vehicles what is open for them. Never throws for a shard that is not owned. */
  greet(shard: number, vehicleIds: readonly string[]): Promise<void>;
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
