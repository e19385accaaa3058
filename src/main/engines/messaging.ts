/** How the processes of a deployment meet. */
import { hostname } from 'node:os';
import type { EventStore, FeedbackSink, FeedbackSource, Leadership, PresenceFeed } from '../../app/ports.ts';
import type { Config } from '../../config.ts';
import type { Counters } from '../context.ts';

export interface Messaging {
  /** Whether nobody else can share the work. */
  readonly alone: boolean;
  readonly leadership: Leadership;
  readonly presence: PresenceFeed;
  sink(): Promise<FeedbackSink>;
  source(): Promise<FeedbackSource>;
  /** Shards that are given to this process and that it could not take so far. */
  untaken(): number;
  /** Another worker has taken a shard of ours: the source finds out whose it is now. */
  lost(shard: number): void;
  /** Hands events on while it leads; null where there is nobody to hand them to. */
  relay(store: EventStore): Promise<((signal: AbortSignal) => Promise<void>) | null>;
  readonly connected: () => boolean;
  readonly stats: Counters;
}

/** Tells this process from others in what engines show of their clients. */
export const processName = ({ roles, instance }: Config): string =>
  `fleetwave-${roles.length > 1 ? 'all' : roles[0]}-${instance ?? `${hostname()}-${process.pid}`}`;
