/** What campaigns, allowances, artifacts and the fleet say, followed once for all shards of a worker. */
import { campaignDecider } from '../../domain/campaign/decide.ts';
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import { type Campaign, isRunning } from '../../domain/campaign/state.ts';
import { readEvent } from '../../domain/events.ts';
import { FLEET_STREAM, parseStream } from '../../domain/shared/streams.ts';
import { type EventStore, type Position, type RecordedEvent, START, type Subscription } from '../ports.ts';

export interface WatchedCampaign {
  readonly campaign: Campaign;
  /** Ids of the last events of their kind: they are the causes of halts. */
  readonly pausedBy: string | null;
  readonly abortedBy: string | null;
  readonly resumedBy: string | null;
  /** Cumulative offers that each shard may have made; null while none were given. */
  readonly allowance: readonly number[] | null;
  /** A newer version of Fleetwave wrote something here that this one can't judge: nothing new is offered. */
  readonly newer: boolean;
}

export interface FleetView {
  /** Id of the emergency stop in force; null when there is none. */
  readonly emergency: string | null;
  readonly liftedBy: string | null;
  /** Limits over all campaigns: with them every campaign needs an allowance. */
  readonly limited: boolean;
}

export interface WatchListener {
  /** Something of a campaign, an artifact or the fleet was recorded; not called while the past is read. */
  readonly onChange: () => void;
  readonly onTaken: (shard: number, epoch: string, revision: number) => void;
  readonly onError: (error: unknown) => void;
}

interface Waiter {
  readonly position: Position;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const unknown = { pausedBy: null, abortedBy: null, resumedBy: null, allowance: null, newer: false };

export class CampaignWatch {
  readonly #store: EventStore;
  readonly #listener: WatchListener;
  readonly #campaigns = new Map<string, WatchedCampaign>();
  readonly #running = new Map<string, WatchedCampaign>();
  #fleet: FleetView = { emergency: null, liftedBy: null, limited: false };
  #artifactChanges = new Map<string, number>();
  #lastTime_ms = 0;
  #subscription: Subscription | null = null;
  readonly #ready = Promise.withResolvers<void>();
  #position: Position = START;
  #failure: { readonly error: unknown } | null = null;
  readonly #waiters = new Set<Waiter>();

  constructor(store: EventStore, listener: WatchListener) {
    this.#store = store;
    this.#listener = listener;
    this.#ready.promise.catch(() => undefined);
  }

  start(): void {
    this.#subscription ??= this.#store.subscribe({
      prefixes: ['campaign-', 'allowance-', 'artifact-', 'shard-', FLEET_STREAM],
      onBatch: async ({ events, position, live }) => {
        for (const event of events) this.#apply(event);
        this.#reach(position);
        if (live) this.#ready.resolve();
        // Other streams grow all the time: what is not of a campaign, an artifact or the fleet concerns nobody here.
        if (live && events.some((event) => !event.stream.startsWith('shard-'))) this.#listener.onChange();
      },
      onError: (error) => {
        this.#ready.reject(error);
        this.#failure = { error };
        for (const { reject } of this.#waiters) reject(error);
        this.#waiters.clear();
        this.#listener.onError(error);
      },
    });
  }

  /** Resolves when everything that was in the log at the start has been seen. @throws when it can't be read. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when everything up to there has been seen. @throws when the log can't be followed any more. */
  reached(position: Position): Promise<void> {
    if (this.#position >= position) return Promise.resolve();
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => this.#waiters.add({ position, resolve, reject }));
  }

  #reach(position: Position): void {
    this.#position = position;
    for (const waiter of this.#waiters) {
      if (waiter.position > position) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop();
  }

  get(campaignId: string): WatchedCampaign | null {
    return this.#campaigns.get(campaignId) ?? null;
  }

  /** Started and not over: running, paused or aborting. */
  get running(): ReadonlyMap<string, WatchedCampaign> {
    return this.#running;
  }

  get fleet(): FleetView {
    return this.#fleet;
  }

  /** Time of the latest event seen, milliseconds. */
  get lastTime_ms(): number {
    return this.#lastTime_ms;
  }

  /** Grows with every event of the artifact. */
  artifactVersion(artifactId: string): number {
    return this.#artifactChanges.get(artifactId) ?? 0;
  }

  #taken({ type, schemaVersion, data, revision }: RecordedEvent): void {
    const read = readEvent(type, schemaVersion, data);
    if (!read.known || read.event.type !== 'ShardTaken') return;
    this.#listener.onTaken(read.event.data.shard, read.event.data.epoch, revision);
  }

  #apply(recorded: RecordedEvent): void {
    this.#lastTime_ms = Math.max(this.#lastTime_ms, Date.parse(recorded.metadata.time));
    const ref = parseStream(recorded.stream);
    if (ref.category === 'shard') {
      if (recorded.type === 'ShardTaken') this.#taken(recorded);
      return;
    }
    if (ref.category === 'artifact') {
      this.#artifactChanges.set(ref.artifactId, this.artifactVersion(ref.artifactId) + 1);
      return;
    }
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    // What can't be read could be a stop: everything stands still until this process is upgraded.
    if (ref.category === 'fleet')
      this.#fleet = read.known
        ? evolveFleet(this.#fleet, read.event, recorded.id)
        : { ...this.#fleet, emergency: recorded.id };
    if (!('campaignId' in ref)) return;
    const { campaignId } = ref;
    const before = this.#campaigns.get(campaignId);
    const after = read.known
      ? evolveWatched(before, read.event, recorded.id)
      : before && { ...before, newer: true };
    if (after === undefined) return;
    this.#campaigns.set(campaignId, after);
    if (isRunning(after.campaign)) this.#running.set(campaignId, after);
    else this.#running.delete(campaignId);
  }
}

type Known = Extract<ReturnType<typeof readEvent>, { known: true }>['event'];

function evolveFleet(fleet: FleetView, event: Known, id: string): FleetView {
  switch (event.type) {
    case 'EmergencyStopped':
      return { ...fleet, emergency: id };
    case 'EmergencyLifted':
      return { ...fleet, emergency: null, liftedBy: id };
    case 'FleetLimitsSet': {
      const { offersPerMinute, maxInFlight } = event.data;
      return { ...fleet, limited: offersPerMinute !== null || maxInFlight !== null };
    }
    default:
      return fleet;
  }
}

function evolveWatched(
  before: WatchedCampaign | undefined,
  event: Known,
  id: string,
): WatchedCampaign | undefined {
  if (event.type === 'OfferAllowanceSet') return before && { ...before, allowance: event.data.offers };
  const campaign = campaignDecider.evolve(
    before?.campaign ?? campaignDecider.initialState,
    event as CampaignEvent,
  );
  if (campaign.phase === 'absent') return undefined;
  const after = { ...(before ?? unknown), campaign };
  if (event.type === 'CampaignPaused') return { ...after, pausedBy: id };
  if (event.type === 'CampaignResumed') return { ...after, resumedBy: id };
  if (event.type === 'AbortRequested') return { ...after, abortedBy: id };
  return after;
}
