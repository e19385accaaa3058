/** A campaign as process managers see it: its state, and which event said what. */
import { campaignDecider } from '../../domain/campaign/decide.ts';
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import type { Campaign, CampaignState } from '../../domain/campaign/state.ts';
import { readEvent } from '../../domain/events.ts';
import { parseStream } from '../../domain/shared/streams.ts';
import type { Position, RecordedEvent } from '../ports.ts';

/** Where the last event of a kind is. */
export interface Mark {
  readonly id: string;
  readonly revision: number;
  readonly position: Position;
  readonly correlationId: string;
}

export interface CampaignView {
  readonly campaignId: string;
  state: CampaignState;
  revision: number;
  /** The last event of each type; of types that belong to a wave, of each `{type}/{wave}`. */
  readonly marks: Map<string, Mark>;
  lastEventId: string;
  /** It has an event of a newer version: it is read, and nothing is written to it. */
  newer: boolean;
}

export const newView = (campaignId: string): CampaignView => ({
  campaignId,
  state: campaignDecider.initialState,
  revision: -1,
  marks: new Map(),
  lastEventId: '',
  newer: false,
});

/** The campaign, when there is one and it may be written to. */
export const writable = (view: CampaignView): Campaign | null =>
  view.newer || view.state.phase === 'absent' ? null : view.state;

export const markOf = (view: CampaignView, type: CampaignEvent['type'], wave?: number): Mark | null =>
  view.marks.get(wave === undefined ? type : `${type}/${wave}`) ?? null;

export function foldInto(view: CampaignView, recorded: RecordedEvent): void {
  const { id, revision, position, metadata } = recorded;
  view.revision = revision;
  view.lastEventId = id;
  const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
  if (!read.known) {
    view.newer = true;
    return;
  }
  const event = read.event as CampaignEvent;
  view.state = campaignDecider.evolve(view.state, event);
  const mark = { id, revision, position, correlationId: metadata.correlationId };
  view.marks.set('wave' in event.data ? `${event.type}/${event.data.wave}` : event.type, mark);
}

/** Views of the campaigns that `keep`; the others are forgotten as soon as they stop being of interest. */
export class CampaignViews {
  readonly #views = new Map<string, CampaignView>();
  readonly #keep: (state: CampaignState) => boolean;

  constructor(keep: (state: CampaignState) => boolean) {
    this.#keep = keep;
  }

  clear(): void {
    this.#views.clear();
  }

  get(campaignId: string): CampaignView | null {
    return this.#views.get(campaignId) ?? null;
  }

  all(): CampaignView[] {
    return [...this.#views.values()];
  }

  /** Folds an event of a `campaign-` stream; gives the view, or null when it is of no interest (any more). */
  fold(recorded: RecordedEvent): CampaignView | null {
    const ref = parseStream(recorded.stream);
    if (ref.category !== 'campaign') return null;
    const { campaignId } = ref;
    const view = this.#views.get(campaignId) ?? (recorded.revision === 0 ? newView(campaignId) : null);
    if (view === null) return null;
    foldInto(view, recorded);
    if (this.#keep(view.state)) this.#views.set(campaignId, view);
    else this.#views.delete(campaignId);
    return this.#keep(view.state) ? view : null;
  }
}
