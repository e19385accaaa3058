/**
 * The campaign itself in a re-run: the gatekeeper's own steps and the campaign's own decider, on the events that were
 * recorded up to its start and those that they bring from there on. So a re-run decides as the engine does.
 */

import type { CampaignCommand } from '../../domain/campaign/commands.ts';
import { campaignDecider } from '../../domain/campaign/decide.ts';
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import { waveSizes } from '../../domain/campaign/plan.ts';
import type { CampaignPolicy } from '../../domain/campaign/policy.ts';
import type { Tally } from '../../domain/campaign/tally.ts';
import { schemaVersionOf } from '../../domain/events.ts';
import type { Actor } from '../../domain/shared/decider.ts';
import { campaignStream } from '../../domain/shared/streams.ts';
import { type CampaignView, foldInto, newView } from '../campaigns/campaign-view.ts';
import { nextStep, type WatchedCampaign } from '../campaigns/gate-steps.ts';
import type { RecordedEvent } from '../ports.ts';
import type { PlanChange } from './change.ts';
import type { Decided } from './timeline.ts';

const SYSTEM: Actor = { kind: 'system', id: 'gatekeeper' };
const PERSON: Actor = { kind: 'person', id: 'what-if' };
/** Cause of the end. */
const DRAINED = 'drained';

/** Something that the re-run decided. */
export interface Happened {
  readonly at: number;
  readonly event: CampaignEvent;
}

export class Governor {
  readonly #view: CampaignView;
  readonly #plan: PlanChange;
  readonly #targets: number;
  #ids = 0;

  /** @param before what was recorded up to the start, as `timelineOf` gives it. */
  constructor(campaignId: string, targets: number, before: readonly Decided[], plan: PlanChange) {
    this.#view = newView(campaignId);
    this.#plan = plan;
    this.#targets = targets;
    for (const decided of before) this.take(decided);
  }

  get #campaign() {
    const { state } = this.#view;
    if (state.phase === 'absent') throw new Error('a campaign that started was created first');
    return state;
  }
  get policy(): CampaignPolicy {
    return this.#campaign.policy;
  }
  get phase() {
    return this.#campaign.phase;
  }
  get releasedWave(): number {
    return this.#campaign.releasedWave;
  }

  /** Folds what was recorded, under the plan that is asked for. */
  take({ event, recorded }: Decided): void {
    const { type, data } = this.#replanned(event);
    foldInto(this.#view, { ...recorded, data, schemaVersion: schemaVersionOf(type) });
  }

  #replanned(event: CampaignEvent): CampaignEvent {
    switch (event.type) {
      case 'CampaignCreated':
        return { ...event, data: { ...event.data, policy: { ...event.data.policy, ...this.#plan } } };
      case 'CampaignAmended':
        return { ...event, data: { ...event.data, policy: { ...event.data.policy, ...this.#plan } } };
      case 'TargetsFrozen': {
        const waves = waveSizes(this.#targets, this.#campaign.policy.waves);
        return { ...event, data: { ...event.data, targets: this.#targets, waves, shards: [this.#targets] } };
      }
      default:
        return event;
    }
  }

  /** Does all that is due. @returns what happened, and when to look again (milliseconds since 1970). */
  look(now: number, tally: Tally, drained: boolean): { happened: Happened[]; until: number } {
    const happened: Happened[] = [];
    const iso = new Date(now).toISOString();
    for (;;) {
      const step = nextStep(this.#watched(tally, drained), false, iso);
      if (step.do === 'wait') {
        const until = step.until === null ? Number.POSITIVE_INFINITY : Date.parse(step.until);
        return { happened, until };
      }
      const made = this.#do(step.command, SYSTEM, now);
      // A step without effect would be taken for ever.
      if (made.length === 0) return { happened, until: Number.POSITIVE_INFINITY };
      happened.push(...made);
    }
  }

  /** A person's command; without effect where the campaign is not in a state for it. */
  command(command: CampaignCommand, now: number): Happened[] {
    return this.#do(command, PERSON, now);
  }

  #do(command: CampaignCommand, actor: Actor, now: number): Happened[] {
    const { state } = this.#view;
    const time = new Date(now).toISOString();
    const artifactStates = Object.fromEntries(this.policy.artifacts.map((id) => [id, 'released' as const]));
    const decision = campaignDecider.decide(state, command, {
      now: time,
      actor,
      newId: () => this.#newId(),
      digest: (text) => text,
      artifactStates,
      emergencyStop: false,
    });
    if (!decision.ok) return [];
    for (const event of decision.events) foldInto(this.#view, this.#recorded(event, actor, time));
    return decision.events.map((event) => ({ at: now, event }));
  }

  #newId(): string {
    return `what-if-${++this.#ids}`;
  }

  #recorded({ type, data }: CampaignEvent, actor: Actor, time: string): RecordedEvent {
    const { campaignId, revision } = this.#view;
    const id = this.#newId();
    return {
      id,
      type,
      schemaVersion: schemaVersionOf(type),
      data,
      stream: campaignStream(campaignId),
      revision: revision + 1,
      position: '',
      metadata: { actor, time, correlationId: id, causationId: null, source: 'what-if' },
    };
  }

  #watched(tally: Tally, drained: boolean): WatchedCampaign {
    return {
      view: this.#view,
      campaign: this.#campaign,
      tally,
      drained: drained ? new Map([[0, DRAINED]]) : new Map(),
      lastEventId: this.#view.lastEventId,
      lastDrainedId: drained ? DRAINED : null,
    };
  }
}
