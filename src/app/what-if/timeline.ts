/** What was decided about a campaign and when, from its own stream. */

import { campaignDecider } from '../../domain/campaign/decide.ts';
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import type { CampaignPolicy } from '../../domain/campaign/policy.ts';
import type { CampaignPhase, CampaignState, GateOutcome } from '../../domain/campaign/state.ts';
import { readEvent } from '../../domain/events.ts';
import type { RecordedEvent } from '../ports.ts';

export interface Decided {
  readonly event: CampaignEvent;
  readonly recorded: RecordedEvent;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Pause {
  readonly from: number;
  /** Infinity while it lasts. */
  readonly to: number;
  /** Ended by a person who let it go on, and not by the end of the campaign. */
  readonly resumed: boolean;
  /** The wave whose gate paused it; null for a person or the server. */
  readonly wave: number | null;
  readonly reason: string;
}

export interface Timeline {
  /** Up to the start and the release of the first wave. */
  readonly before: readonly Decided[];
  /** What came after, oldest first. */
  readonly after: readonly Decided[];
  readonly startedAt: number;
  /** Of the frozen list. */
  readonly targets: number;
  /** As it is now. */
  readonly phase: CampaignPhase;
  /** When it was completed or aborted; null while it is under way. */
  readonly endedAt: number | null;
  /** As last amended. */
  readonly policy: CampaignPolicy;
  readonly pauses: readonly Pause[];
  /** How long a person took to confirm after a gate's decision (see `askedBy`), milliseconds; Infinity = nobody did. */
  readonly confirmedAfter: ReadonlyMap<string, number>;
}

/** Of a version that this one can't read: the plan may be another than it seems. */
export class NewerCampaignError extends Error {
  override readonly name = 'NewerCampaignError';
}

/**
 * Null for a campaign that has not started.
 * @throws NewerCampaignError for an event that a newer version wrote.
 */
export function timelineOf(history: readonly RecordedEvent[]): Timeline | null {
  const decided = history.map((recorded): Decided => {
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (!read.known) throw new NewerCampaignError(`${recorded.type} is of a newer version`);
    return { event: read.event as CampaignEvent, recorded, at: Date.parse(recorded.metadata.time) };
  });
  const start = decided.findIndex(({ event }) => event.type === 'CampaignStarted');
  const started = decided[start];
  if (started === undefined) return null;
  const released = decided.findIndex(({ event }, n) => n > start && event.type === 'WaveReleased');
  const cut = (released < 0 ? start : released) + 1;
  const end = decided.find(({ event }) => ['CampaignCompleted', 'CampaignAborted'].includes(event.type));
  const state = decided.reduce<CampaignState>(
    (folded, { event }) => campaignDecider.evolve(folded, event),
    campaignDecider.initialState,
  );
  if (state.phase === 'absent') throw new Error('a campaign that started was created first');
  return {
    targets: state.plan?.targets ?? 0,
    phase: state.phase,
    policy: state.policy,
    before: decided.slice(0, cut),
    after: decided.slice(cut),
    startedAt: started.at,
    endedAt: end?.at ?? null,
    pauses: pausesOf(decided),
    confirmedAfter: confirmations(decided),
  };
}

function pausesOf(decided: readonly Decided[]): readonly Pause[] {
  const pauses: Pause[] = [];
  const gates = new Map<string, number>();
  for (const { event, recorded, at } of decided) {
    if (event.type === 'GateDecided') gates.set(recorded.id, event.data.wave);
    const last = pauses.at(-1);
    const open = last?.to === Number.POSITIVE_INFINITY;
    if (event.type === 'CampaignPaused') {
      const { cause, reason, code } = event.data;
      const wave = code === 'gate' ? (gates.get(cause ?? '') ?? null) : null;
      pauses.push({ from: at, to: Number.POSITIVE_INFINITY, resumed: false, wave, reason });
    } else if (last !== undefined && open && endsPause(event.type))
      pauses[pauses.length - 1] = { ...last, to: at, resumed: event.type === 'CampaignResumed' };
  }
  return pauses;
}

const endsPause = (type: CampaignEvent['type']): boolean =>
  type === 'CampaignResumed' || type === 'CampaignCompleted' || type === 'AbortRequested';

/** A decision that a person may, or has to, confirm. */
export const askedBy = (wave: number, outcome: GateOutcome): string | null =>
  outcome === 'awaiting-confirmation' || outcome === 'held' ? `${wave}/${outcome}` : null;

function confirmations(decided: readonly Decided[]): ReadonlyMap<string, number> {
  const asked = new Map<number, { readonly key: string; readonly at: number }>();
  const after = new Map<string, number>();
  for (const { event, at } of decided) {
    if (event.type === 'GateDecided') {
      const { wave, outcome } = event.data;
      const key = askedBy(wave, outcome);
      if (key === null) continue;
      asked.set(wave, { key, at });
      after.set(key, Number.POSITIVE_INFINITY);
    } else if (event.type === 'WaveConfirmed') {
      const ask = asked.get(event.data.wave);
      if (ask !== undefined) after.set(ask.key, at - ask.at);
    }
  }
  return after;
}
