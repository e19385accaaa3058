/**
 * What people do in a re-run. What they did at a time of their own they do again at that time. What they did because a
 * gate asked or failed they do again, as long after it, where it is about the same vehicles and the same limits.
 */
import type { CampaignCommand } from '../../domain/campaign/commands.ts';
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import type { GateOutcome } from '../../domain/campaign/state.ts';
import { type Change, sameLimits, sameWaves } from './change.ts';
import { askedBy, type Decided, type Pause, type Timeline } from './timeline.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class People {
  readonly #timeline: Timeline;
  readonly #change: Change;
  readonly #same: ReadonlySet<number>;
  readonly #actions: readonly Decided[];
  readonly #confirms = new Map<number, number>();
  readonly #gatePauses = new Map<number, number>();
  #acted = 0;
  #resumeAt = NEVER;
  #stopAt = NEVER;
  #stopWhy: string | null = null;
  /** The pause in force is one that the record does not have: nobody is there to lift it. */
  #holds = false;

  constructor(targets: number, timeline: Timeline, change: Change) {
    const after = { ...timeline.policy, ...change.plan };
    this.#timeline = timeline;
    this.#change = change;
    const same = sameWaves(targets, timeline.policy, after);
    const again = change.people === 'as-recorded';
    this.#same = again ? same : new Set();
    this.#actions = again ? timeline.after.filter(isAction) : [];
  }

  /** Why a slice made somebody stop it; null = none did. */
  get stopWhy(): string | null {
    return this.#stopWhy;
  }

  /** When the next of them acts, milliseconds since 1970. */
  get next(): number {
    const action = this.#actions[this.#acted]?.at ?? NEVER;
    return Math.min(action, this.#stopAt, this.#resumeAt, ...this.#confirms.values());
  }

  /**
   * Takes what is due off: commands to give, or events of the plan itself to fold as they are.
   * @returns null when nothing is due at `now`.
   */
  take(now: number): { readonly command: CampaignCommand } | { readonly fold: Decided } | null {
    if (this.#stopAt <= now) {
      this.#stopAt = NEVER;
      this.#holds = true;
      const reason = this.#stopWhy ?? '';
      return { command: { type: 'PauseCampaign', code: 'operator', reason, cause: null } };
    }
    for (const [wave, at] of this.#confirms) {
      if (at > now) continue;
      this.#confirms.delete(wave);
      return { command: { type: 'ConfirmWave', wave, note: '' } };
    }
    while ((this.#actions[this.#acted]?.at ?? NEVER) <= now) {
      const done = this.#again(this.#actions[this.#acted++] as Decided);
      if (done !== null) return done;
    }
    // After an approval of the same time, without which there is no going on.
    if (this.#resumeAt > now) return null;
    this.#resumeAt = NEVER;
    return { command: { type: 'ResumeCampaign', reason: 'as recorded' } };
  }

  /** What a person did at that time; null = it makes no sense any more. */
  #again(decided: Decided): ReturnType<People['take']> {
    const { event } = decided;
    switch (event.type) {
      case 'CampaignPaused':
        return { command: { ...event.data, type: 'PauseCampaign', cause: null } };
      case 'CampaignResumed':
        return this.#holds ? null : { command: { type: 'ResumeCampaign', reason: event.data.reason } };
      case 'AbortRequested':
        return { command: { type: 'AbortCampaign', reason: event.data.reason } };
      default:
        return { fold: decided };
    }
  }

  /** A slice fails too often: somebody sees it, and stops it once they have reacted. */
  sawSlice(why: string, now: number): void {
    if (this.#stopAt < NEVER) return;
    this.#stopAt = now + this.#change.reaction_s * 1000;
    this.#stopWhy = why;
  }

  /** A gate has paused the campaign. */
  sawPause(wave: number, now: number): void {
    const paused = this.#gatePauses.get(wave) ?? 0;
    this.#gatePauses.set(wave, paused + 1);
    const before = this.#timeline.pauses.filter((pause) => pause.wave === wave)[paused];
    if (before?.resumed === true && this.#resumesAgain(wave))
      this.#resumeAt = Math.max(now + before.to - before.from, this.#plannedIn(before));
    else this.#holds = true;
  }

  /** When the plan was amended or approved last in a pause: what let it go on rested on that. */
  #plannedIn({ from, to }: Pause): number {
    const last = this.#actions.findLast(({ event, at }) => PLANS.has(event.type) && at >= from && at <= to);
    return last?.at ?? Number.NEGATIVE_INFINITY;
  }

  #resumesAgain(wave: number): boolean {
    const { policy } = this.#timeline;
    return this.#same.has(wave) && sameLimits(wave, policy, { ...policy, ...this.#change.plan });
  }

  /** A gate has decided: a person may be asked to confirm. */
  sawGate(wave: number, outcome: GateOutcome, now: number): void {
    const key = askedBy(wave, outcome);
    if (key === null) return;
    const after = this.#same.has(wave) ? this.#timeline.confirmedAfter.get(key) : undefined;
    if (after !== undefined) this.#confirms.set(wave, now + after);
    else if (outcome === 'awaiting-confirmation')
      this.#confirms.set(wave, now + this.#change.reaction_s * 1000);
  }
}

const PLANS: ReadonlySet<CampaignEvent['type']> = new Set([
  'CampaignAmended',
  'ApprovalVoided',
  'CampaignApproved',
]);

/** What people and server did at a time of their own: not the gates, nor what followed from them. */
function isAction({ event }: Decided, index: number, all: readonly Decided[]): boolean {
  switch (event.type) {
    case 'CampaignPaused':
      return event.data.code !== 'gate';
    case 'CampaignResumed':
      return lastPause(all.slice(0, index))?.data.code !== 'gate';
    case 'AbortRequested':
    case 'CampaignAmended':
    case 'CampaignApproved':
    case 'ApprovalVoided':
      return true;
    default:
      return false;
  }
}

function lastPause(decided: readonly Decided[]) {
  const found = decided.findLast(({ event }) => event.type === 'CampaignPaused')?.event;
  return found?.type === 'CampaignPaused' ? found : undefined;
}
