/** A campaign as it stood at any instant, folded from its events alone. Reads only: nothing can be sent from here. */
import { campaignDecider } from '../domain/campaign/decide.ts';
import type { CampaignEvent } from '../domain/campaign/events.ts';
import type { CampaignState } from '../domain/campaign/state.ts';
import { applyToTally, emptyTally, moveOf, type Tally } from '../domain/campaign/tally.ts';
import { readEvent } from '../domain/events.ts';
import type { RolloutEvent } from '../domain/rollout/events.ts';
import { campaignOf, campaignPrefixes, parseStream } from '../domain/shared/streams.ts';
import type { EventStore, RecordedEvent } from './ports.ts';

export interface Replayed {
  readonly campaignId: string;
  /** Time of the last event that is in it; null when the campaign did not exist yet. */
  readonly at: string | null;
  readonly events: number;
  readonly campaign: CampaignState;
  /** Vehicles by phase; null while no targets are frozen. */
  readonly tally: Tally | null;
  /** Codes of the failures reported, attempts counted one by one, the commonest first. */
  readonly failureCodes: readonly { readonly code: string; readonly attempts: number }[];
  /** Event types that a newer version wrote; they are skipped. */
  readonly unknown: readonly string[];
}

/** Every event of one campaign in the order of the log. */
export async function* campaignHistory(
  store: Pick<EventStore, 'readAll'>,
  campaignId: string,
): AsyncIterable<readonly RecordedEvent[]> {
  for await (const batch of store.readAll({ prefixes: campaignPrefixes(campaignId) })) {
    // Prefixes over-match where one id begins with another.
    const events = batch.events.filter((event) => campaignOf(event.stream) === campaignId);
    if (events.length > 0) yield events;
  }
}

/**
 * Folds a campaign's history up to an instant: everything before the first event recorded after it.
 * @param asOf ISO 8601 UTC; null = all there is.
 */
export async function replayCampaign(
  store: Pick<EventStore, 'readAll'>,
  campaignId: string,
  asOf: string | null = null,
): Promise<Replayed> {
  const fold = new ReplayFold(campaignId);
  for await (const events of campaignHistory(store, campaignId)) {
    for (const recorded of events) {
      if (asOf !== null && recorded.metadata.time > asOf) return fold.result();
      fold.add(recorded);
    }
  }
  return fold.result();
}

class ReplayFold {
  readonly #campaignId: string;
  readonly #unknown = new Set<string>();
  readonly #failures = new Map<string, number>();
  #campaign: CampaignState = campaignDecider.initialState;
  #tally: Tally | null = null;
  #events = 0;
  #at: string | null = null;

  constructor(campaignId: string) {
    this.#campaignId = campaignId;
  }

  add(recorded: RecordedEvent): void {
    this.#events++;
    this.#at = recorded.metadata.time;
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (!read.known) this.#unknown.add(read.type);
    else if (parseStream(recorded.stream).category === 'campaign')
      this.#addCampaign(read.event as CampaignEvent);
    else if (parseStream(recorded.stream).category === 'rollout')
      this.#addRollout(read.event as RolloutEvent);
  }

  #addCampaign(event: CampaignEvent): void {
    this.#campaign = campaignDecider.evolve(this.#campaign, event);
    if (event.type === 'TargetsFrozen') this.#tally = emptyTally(event.data.waves);
  }

  #addRollout(event: RolloutEvent): void {
    const move = moveOf(event);
    if (move !== null && this.#tally !== null) this.#tally = applyToTally(this.#tally, move);
    if (event.type === 'UpdateFailed' || event.type === 'UpdateReverted') {
      this.#failures.set(event.data.code, (this.#failures.get(event.data.code) ?? 0) + 1);
    }
  }

  result(): Replayed {
    return {
      campaignId: this.#campaignId,
      at: this.#at,
      events: this.#events,
      campaign: this.#campaign,
      tally: this.#tally,
      failureCodes: [...this.#failures]
        .map(([code, attempts]) => ({ code, attempts }))
        .sort((a, b) => b.attempts - a.attempts || (a.code < b.code ? -1 : 1)),
      unknown: [...this.#unknown],
    };
  }
}
