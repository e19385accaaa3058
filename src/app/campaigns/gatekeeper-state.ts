/** What the gatekeeper folds from the log: campaigns under way, their counters, drained shards and offers. */

import { type Campaign, type CampaignState, isRunning } from '../../domain/campaign/state.ts';
import { applyToTally, emptyTally, type Move, moveOf, type Tally } from '../../domain/campaign/tally.ts';
import { readEvent } from '../../domain/events.ts';
import type { RolloutEvent } from '../../domain/rollout/events.ts';
import { SHARD_COUNT } from '../../domain/shared/shard.ts';
import { allowanceStream, FLEET_STREAM, parseStream } from '../../domain/shared/streams.ts';
import type { EventStore, Position, RecordedEvent } from '../ports.ts';
import type { Limits } from './allowances.ts';
import { type CampaignView, CampaignViews, writable } from './campaign-view.ts';
import type { WatchedCampaign } from './gate-steps.ts';
import { OfferLedger } from './offer-ledger.ts';

/** What a campaign's rollouts and allowances say. */
export interface Progress {
  tally: Tally | null;
  /** Of the batch that is being folded: counted together. */
  moves: Move[];
  readonly drained: Map<number, string>;
  lastDrainedId: string | null;
  lastEventId: string;
  readonly ledger: OfferLedger;
}

export interface Entry extends WatchedCampaign {
  readonly progress: Progress;
}

/** Before its start a campaign is followed for its schedule. */
const isOfInterest = (state: CampaignState): boolean =>
  state.phase !== 'absent' && (isRunning(state) || !state.started) && state.phase !== 'aborted';

export class GatekeeperState {
  readonly #views = new CampaignViews(isOfInterest);
  readonly #progress = new Map<string, Progress>();
  emergency = false;
  limits: Limits = { offersPerMinute: null, maxInFlight: null };

  static readonly prefixes = ['campaign-', 'rollout-', 'allowance-', FLEET_STREAM] as const;

  /** Reads campaigns first, so that of the rollouts only those under way have to be read. */
  async load(store: EventStore, until: Position): Promise<void> {
    this.#views.clear();
    this.#progress.clear();
    this.emergency = false;
    this.limits = { offersPerMinute: null, maxInFlight: null };
    for await (const batch of store.readAll({ until, prefixes: ['campaign-', FLEET_STREAM] }))
      this.fold(batch.events);
    const prefixes = this.entries()
      .filter(({ campaign }) => campaign.started)
      .flatMap(({ view }) => [`rollout-${view.campaignId}-`, allowanceStream(view.campaignId)]);
    if (prefixes.length === 0) return;
    for await (const batch of store.readAll({ until, prefixes })) this.fold(batch.events);
  }

  /** Campaigns that may be acted on. */
  entries(): Entry[] {
    const entries: Entry[] = [];
    for (const view of this.#views.all()) {
      const campaign = writable(view);
      if (campaign === null) continue;
      entries.push(entryOf(view, campaign, this.#of(view.campaignId)));
    }
    return entries;
  }

  fold(events: readonly RecordedEvent[]): void {
    const touched = new Set<Progress>();
    for (const recorded of events) {
      const progress = this.#foldOne(recorded);
      if (progress !== null) touched.add(progress);
    }
    for (const progress of touched) {
      if (progress.tally !== null) progress.tally = applyToTally(progress.tally, progress.moves);
      progress.moves = [];
    }
  }

  #of(campaignId: string): Progress {
    let progress = this.#progress.get(campaignId);
    if (progress === undefined) {
      progress = {
        tally: null,
        moves: [],
        drained: new Map(),
        lastDrainedId: null,
        lastEventId: '',
        ledger: new OfferLedger(SHARD_COUNT),
      };
      this.#progress.set(campaignId, progress);
    }
    return progress;
  }

  #foldOne(recorded: RecordedEvent): Progress | null {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'campaign') return this.#foldCampaign(ref.campaignId, recorded);
    if (ref.category === 'fleet') return this.#foldFleet(recorded);
    if (ref.category !== 'rollout' && ref.category !== 'allowance') return null;
    const view = this.#views.get(ref.campaignId);
    if (view === null) return null;
    const progress = this.#of(ref.campaignId);
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (!read.known) {
      view.newer = true;
      return progress;
    }
    const at = Date.parse(recorded.metadata.time);
    if (read.event.type === 'OfferAllowanceSet') {
      progress.ledger.allow(read.event.data.offers, recorded.revision, at);
      return progress;
    }
    if (ref.category !== 'rollout') return progress;
    const event = read.event as RolloutEvent;
    const move = moveOf(event);
    if (move !== null) progress.moves.push(move);
    progress.ledger.apply(ref.shard, event, at);
    if (event.type === 'RolloutDrained') {
      progress.drained.set(ref.shard, recorded.id);
      progress.lastDrainedId = recorded.id;
    }
    progress.lastEventId = recorded.id;
    return progress;
  }

  #foldCampaign(campaignId: string, recorded: RecordedEvent): Progress | null {
    const view = this.#views.fold(recorded);
    if (view === null) {
      this.#progress.delete(campaignId);
      return null;
    }
    const progress = this.#of(campaignId);
    progress.lastEventId = recorded.id;
    const { state } = view;
    if (progress.tally === null && state.phase !== 'absent' && state.started)
      progress.tally = emptyTally(state.plan?.waves ?? []);
    return progress;
  }

  #foldFleet(recorded: RecordedEvent): null {
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    // What can't be read could be a stop: hold everything until this process is upgraded.
    if (!read.known || read.event.type === 'EmergencyStopped') this.emergency = true;
    else if (read.event.type === 'EmergencyLifted') this.emergency = false;
    else if (read.event.type === 'FleetLimitsSet') this.limits = read.event.data;
    return null;
  }
}

const entryOf = (view: CampaignView, campaign: Campaign, progress: Progress): Entry => ({
  view,
  campaign,
  progress,
  tally: progress.tally,
  drained: progress.drained,
  lastEventId: progress.lastEventId,
  lastDrainedId: progress.lastDrainedId,
});
