/** What a shard worker is made of, and what it tells of itself. */
import type { Clock, EventStore, GrantBuilder, VehicleLink } from '../ports.ts';

export interface ShardWorkerDeps {
  readonly store: EventStore;
  readonly link: VehicleLink;
  readonly grants: GrantBuilder;
  readonly clock: Clock;
  /** Broker time up to which everything of a shard was processed (`FeedbackSource.watermark`). */
  readonly watermark: (shard: number) => number;
  readonly newId: () => string;
  /** SHA-256 of a text, lower-case hex. */
  readonly digest: (text: string) => string;
  /** Name of this worker, for ShardTaken. */
  readonly worker: string;
  /** After taking a shard over or standing still, no timeout is decided for this long: vehicles have to come back first. */
  readonly timeoutGrace_ms: number;
  /** Pause between two rounds of offers and timeouts; default 250. */
  readonly tick_ms?: number;
  /** Another worker owns the shard now. Nothing of it is written, receipted or sent here any more. */
  readonly onFenced: (shard: number) => void;
  /** What went wrong and was not the caller's to hear. `what` says where. */
  readonly onError: (error: unknown, what: string) => void;
}

/** Plain counters since the start; for `/metrics`. */
export interface WorkerMetrics {
  records: number;
  events: number;
  /** Messages without effect, by reason. */
  setAside: Record<string, number>;
  deadLetters: Record<string, number>;
  receipts: number;
  offers: number;
  grants: number;
  timeouts: number;
  shardsTaken: number;
  fenced: number;
  /** Shards read again from the log after a failure. */
  reloads: number;
  sendFailures: number;
}

export const newMetrics = (): WorkerMetrics => ({
  records: 0,
  events: 0,
  setAside: {},
  deadLetters: {},
  receipts: 0,
  offers: 0,
  grants: 0,
  timeouts: 0,
  shardsTaken: 0,
  fenced: 0,
  reloads: 0,
  sendFailures: 0,
});

export const count = (counters: Record<string, number>, key: string): void => {
  counters[key] = (counters[key] ?? 0) + 1;
};

/** Another worker has taken the shard: seen as a conflict on a stream that only its owner writes. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
  readonly shard: number;

  constructor(shard: number, stream: string) {
    super(`shard ${shard} was taken over by another worker (seen at ${stream})`);
    this.shard = shard;
  }
}

/** This machine's clock is behind the log: it may not decide on deadlines (DESIGN §4.7). */
export class ClockBehindError extends Error {
  override readonly name = 'ClockBehindError';
}

/** The shard is not owned here (any more), or can't be: the record must be delivered elsewhere or later. */
export class NotOwnedError extends Error {
  override readonly name = 'NotOwnedError';
}
