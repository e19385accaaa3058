/** What a worker keeps of a shard it owns. It may be ahead of the log only while a job of the shard runs. */
import type { RolloutEvent, ShardEvent } from '../../domain/rollout/events.ts';
import { shardStream } from '../../domain/shared/streams.ts';
import type { TcuEpoch } from '../../domain/vehicle/events.ts';
import type { DownMessage } from '../ports.ts';
import type { CampaignWatch, WatchedCampaign } from './campaign-watch.ts';
import type { ShardWorkerDeps, WorkerMetrics } from './deps.ts';
import type { OfferContents } from './offer-content.ts';
import type { Pulse } from './pulse.ts';
import type { Rollout } from './rollout.ts';
import type { ShardLog } from './shard-log.ts';

/** What all shards of a worker share. */
export interface WorkerContext {
  readonly deps: ShardWorkerDeps;
  readonly watch: CampaignWatch;
  readonly contents: OfferContents;
  readonly metrics: WorkerMetrics;
  readonly pulse: Pulse;
}

/** A map that forgets what was put in first. */
export class BoundedMap<V> {
  readonly #limit: number;
  readonly #map = new Map<string, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#limit) return;
    const oldest = this.#map.keys().next();
    if (oldest.done !== true) this.#map.delete(oldest.value);
  }
}

const KEPT_EPOCHS = 16_384;
const KEPT_DEAD_LETTERS = 4096;

export class ShardState {
  readonly shard: number;
  readonly log: ShardLog;
  readonly worker: WorkerContext;
  /** When it was taken over; timeouts wait for the grace from then on. */
  readonly takenAt_ms: number;
  /** When the log was last known to say that the shard is ours. */
  confirmedAt_ms: number;
  /** Plan of every rollout that was ever opened here, by campaign. */
  readonly opened: Map<string, string>;
  /** Loaded ones: all of campaigns that are not over, and a few others that had late reports. */
  readonly rollouts = new Map<string, Rollout>();
  /** The current epoch of vehicles heard of lately. Only this shard's owner opens epochs, so it can't be stale. */
  readonly epochs = new BoundedMap<TcuEpoch>(KEPT_EPOCHS);
  /** Messages dead-lettered lately, so that a repeat does not grow the log. */
  readonly deadLetters: BoundedMap<true>;
  /** Vehicles that could not be told what is open, or may not have been before a takeover. */
  readonly owedUpdates = new Set<string>();
  /** Vehicles whose grant could not be made, sent or given; tried again at each tick. */
  readonly owedGrants = new Set<string>();
  /** ECU components that each loaded rollout installs to. */
  readonly targets = new Map<string, ReadonlySet<string>>();
  /** Why a campaign offers nothing here, for operators; by campaign. */
  readonly holds = new Map<string, string>();

  /** Revision of our ShardTaken: a later one of another worker fences us. */
  readonly takenRevision: number;

  constructor(worker: WorkerContext, log: ShardLog, folded: FoldedShard, takenRevision: number) {
    this.worker = worker;
    this.shard = log.shard;
    this.log = log;
    this.takenAt_ms = worker.deps.clock.now();
    this.confirmedAt_ms = this.takenAt_ms;
    this.takenRevision = takenRevision;
    this.opened = folded.opened;
    this.deadLetters = folded.deadLetters;
  }

  get now_ms(): number {
    return this.worker.deps.clock.now();
  }

  view(campaignId: string): WatchedCampaign {
    const view = this.worker.watch.get(campaignId);
    if (view === null) throw new Error(`the campaign ${campaignId} has not been read yet`);
    return view;
  }

  /** Takes an event into the state and stages it: it is a fact once the log has been flushed. */
  record(rollout: Rollout, event: RolloutEvent): void {
    this.log.stage(rollout.stream, event, freeText(event));
    rollout.apply(event, this.now_ms);
    this.worker.metrics.events += 1;
  }

  recordShard(event: ShardEvent, freeTextBytes: number = 0): void {
    this.log.stage(shardStream(this.shard), event, freeTextBytes);
    this.worker.metrics.events += 1;
  }

  /**
   * Sends what is recorded. A failure is reported and not thrown: vehicles repeat what has no receipt, and see
   * the current state when they come back.
   */
  async send(messages: readonly DownMessage[], what: string): Promise<boolean> {
    if (messages.length === 0) return true;
    try {
      await this.worker.deps.link.send(messages);
      return true;
    } catch (error) {
      this.worker.metrics.sendFailures += 1;
      this.worker.deps.onError(error, `sending ${what} in shard ${this.shard}`);
      return false;
    }
  }
}

type DeadLetter = Extract<ShardEvent, { type: 'ReportSetAside' }>['data'];

export interface FoldedShard {
  readonly opened: Map<string, string>;
  readonly deadLetters: BoundedMap<true>;
}

export const newFoldedShard = (): FoldedShard => ({
  opened: new Map(),
  deadLetters: new BoundedMap(KEPT_DEAD_LETTERS),
});

/** By epoch and seq; where they can't be read, by what came: it is never receipted, so it will come again. */
export const deadLetterKey = (
  { vehicleId, report, raw }: Pick<DeadLetter, 'vehicleId' | 'report' | 'raw'>,
  digest: (text: string) => string,
): string =>
  report === null
    ? `${vehicleId} ${digest(raw)}`
    : `${vehicleId} ${report.epoch.tcu} ${report.epoch.reset} ${report.seq}`;

/** @param digest SHA-256 of a text, lower-case hex. */
export function foldShard(folded: FoldedShard, event: ShardEvent, digest: (text: string) => string): void {
  if (event.type === 'RolloutOpened') folded.opened.set(event.data.campaignId, event.data.planId);
  if (event.type === 'ReportSetAside') folded.deadLetters.set(deadLetterKey(event.data, digest), true);
}

/** Upper bound of the bytes that texts and lists add to an event, escapes included. */
function freeText({ data }: RolloutEvent): number {
  let bytes = 0;
  if ('ecus' in data) bytes += data.ecus.length * 2000;
  if ('message' in data) bytes += data.message.length * 6;
  if ('detail' in data) bytes += data.detail.length * 6;
  if ('names' in data) bytes += data.names.length * 400;
  return bytes;
}
