/**
 * A campaign once more, under another plan: each vehicle takes as long from offer to outcome and ends as its course
 * says, and is offered when that plan offers it. Pure and deterministic: columns and decisions in, times out.
 */
import type { CampaignPolicy } from '../../domain/campaign/policy.ts';
import { rateSpan } from '../campaigns/allowances.ts';
import { type Change, endsOf } from './change.ts';
import type { EngineSpeed } from './engine-speed.ts';
import { type Ended, Flights } from './flights.ts';
import { Governor, type Happened } from './governor.ts';
import { OfferQueue } from './offer-queue.ts';
import { People } from './people.ts';
import { Places } from './places.ts';
import { SliceWatch } from './slice-watch.ts';
import { SlidingLimit } from './sliding-limit.ts';
import type { Decided, Timeline } from './timeline.ts';
import { atOnce } from './turns.ts';
import type { Vehicles } from './vehicles.ts';

export interface RerunInput {
  readonly campaignId: string;
  readonly vehicles: Vehicles;
  readonly timeline: Timeline;
  readonly change: Change;
  readonly speed: EngineSpeed;
  /** Nothing is looked at beyond, milliseconds since 1970; Infinity = to the end. */
  readonly until: number;
}

export interface Gated extends Happened {
  /** Vehicles of the wave that had been offered by then. */
  readonly offered: number;
}

export interface Rerun {
  readonly flights: Flights;
  /** Decisions from the release of the first wave on, oldest first. */
  readonly happened: readonly Gated[];
  readonly phase: Governor['phase'];
  /** Why a slice stopped it; null = none did. */
  readonly sliceWhy: string | null;
  /** The policy at the end. */
  readonly policy: CampaignPolicy;
  /** The last time at which anything happened. */
  readonly lastAt: number;
  /** Gates were looked at after so many outcomes, or once in LOOK_MS. */
  readonly outcomesPerLook: number;
}

/** Things done between two yields: well under a millisecond, unless each of them is looked at by gates. */
const PER_YIELD = 200;
/** With more vehicles than this, gates are not looked at after every single outcome. */
const LOOKS = 100_000;
/** Nor less often than this, milliseconds. */
export const LOOK_MS = 1000;
const NEVER = Number.POSITIVE_INFINITY;

/** The policy under which people do nothing is the one they had come to. */
const begunWith = ({ change, timeline }: RerunInput) =>
  change.people === 'nobody' ? { ...timeline.policy, ...change.plan } : change.plan;

/** Yields now and then, so that the caller can let others go first. */
export function* rerun(input: RerunInput): Generator<void, Rerun> {
  return yield* new Run(input).run();
}

/** To the end at once. */
export const rerunNow = (input: RerunInput): Rerun => atOnce(rerun(input));

class Run {
  readonly #input: RerunInput;
  readonly #governor: Governor;
  readonly #flights: Flights;
  readonly #queue: OfferQueue;
  readonly #slices: SliceWatch;
  readonly #ends: readonly number[];
  readonly #people: People;
  readonly #pace: SlidingLimit | null;
  readonly #places: Places;
  readonly #happened: Gated[] = [];
  readonly #outcomesPerLook: number;
  #rate: SlidingLimit | null = null;
  #now: number;
  #lookedAt: number;
  #outcomes = 0;
  #soakUntil = NEVER;
  #ended = false;
  /** Until then the engine has not begun with the wave that was released last. */
  #freshUntil: number;

  constructor(input: RerunInput) {
    const { vehicles, timeline, change, campaignId, speed } = input;
    this.#input = input;
    this.#now = timeline.startedAt;
    this.#lookedAt = timeline.startedAt;
    this.#governor = new Governor(campaignId, vehicles.count, timeline.before, begunWith(input));
    const { policy } = this.#governor;
    this.#ends = endsOf(vehicles.count, policy);
    this.#people = new People(vehicles.count, timeline, change);
    this.#flights = new Flights(vehicles, this.#ends);
    this.#queue = new OfferQueue(vehicles, policy.window, (row) => this.#flights.waits(row));
    this.#slices = new SliceWatch(vehicles, change.sliceFailurePercent);
    this.#places = new Places(speed.turnaround_ms);
    this.#pace = speed.perSecond === null ? null : new SlidingLimit(speed.perSecond, 1000);
    this.#freshUntil = timeline.startedAt + speed.lead_ms;
    this.#outcomesPerLook = Math.ceil(vehicles.count / LOOKS);
    this.#setRate();
  }

  *run(): Generator<void, Rerun> {
    this.#look();
    for (let done = 0; ; done++) {
      if (done % PER_YIELD === 0) yield;
      const offersAt = this.#offer();
      const next = Math.min(offersAt, this.#flights.next, this.#timedAt());
      if (next === NEVER || next > this.#input.until) break;
      this.#now = Math.max(this.#now, next);
      while (this.#flights.next <= this.#now) {
        this.#stepOne();
        if (++done % PER_YIELD === 0) yield;
      }
      if (this.#actDue() || this.#mustLook()) this.#look();
      if (offersAt === this.#now) yield;
    }
    return {
      flights: this.#flights,
      happened: this.#happened,
      phase: this.#governor.phase,
      policy: this.#governor.policy,
      sliceWhy: this.#people.stopWhy,
      lastAt: this.#now,
      outcomesPerLook: this.#outcomesPerLook,
    };
  }

  /** Offers to all that can be offered now. @returns when more can be, if nothing else changes. */
  #offer(): number {
    if (this.#governor.phase !== 'running' || this.#ended) return NEVER;
    const { maxInFlight } = this.#governor.policy;
    const isFresh = this.#now < this.#freshUntil;
    const end = this.#ends[this.#governor.releasedWave - (isFresh ? 2 : 1)] ?? 0;
    for (let offers = 0; offers < PER_YIELD; offers++) {
      this.#places.note(this.#flights.inFlight, this.#now);
      if (maxInFlight !== null && this.#places.used(this.#now) >= maxInFlight) return this.#places.freeAt;
      const found = this.#queue.next(this.#now, end);
      if (found.row === null) return isFresh ? Math.min(found.at, this.#freshUntil) : found.at;
      const freeAt = Math.max(this.#rate?.freeAt ?? -NEVER, this.#pace?.freeAt ?? -NEVER);
      if (freeAt > this.#now) return freeAt;
      const ended = this.#flights.offer(found.row, this.#now);
      if (ended === null) this.#count();
      else this.#settled(ended);
      if (ended === null || !this.#mustLook()) continue;
      this.#look();
      // What may be offered can be another now.
      break;
    }
    return this.#now;
  }

  #count(): void {
    this.#rate?.made(this.#now);
    this.#pace?.made(this.#now);
  }

  #stepOne(): void {
    const closing = this.#ended || this.#governor.phase === 'aborting';
    const step = this.#flights.step(closing ? 'none' : this.#governor.phase === 'running' ? 'now' : 'later');
    if (step === null) return;
    if ('again' in step) this.#count();
    else this.#settled(step);
  }

  #settled(ended: Ended): void {
    this.#outcomes += 1;
    const why = this.#slices.count(ended);
    if (why !== null && this.#governor.phase === 'running') this.#people.sawSlice(why, this.#now);
  }

  #mustLook(): boolean {
    if (this.#outcomes === 0) return false;
    const { next, open } = this.#flights;
    return this.#outcomes >= this.#outcomesPerLook || open === 0 || next > this.#lookedAt + LOOK_MS;
  }

  /** When the next thing is due that is no vehicle's. */
  #timedAt(): number {
    const { endAt } = this.#governor.policy;
    const end = endAt === null || this.#ended ? NEVER : Date.parse(endAt);
    const soak = this.#soakUntil > this.#now ? this.#soakUntil : NEVER;
    return Math.min(end, soak, this.#people.next);
  }

  /** @returns whether anything was done that gates have to be looked at for. */
  #actDue(): boolean {
    const now = this.#now;
    let acted = this.#soakUntil <= now;
    for (let due = this.#people.take(now); due !== null; due = this.#people.take(now)) {
      acted = true;
      if ('command' in due) this.#took(this.#governor.command(due.command, now));
      else this.#replan(due.fold);
    }
    const { endAt } = this.#governor.policy;
    if (!this.#ended && endAt !== null && Date.parse(endAt) <= now) {
      this.#ended = true;
      this.#flights.cancelWaiting(now);
      acted = true;
    }
    return acted;
  }

  #replan(amendment: Decided): void {
    this.#governor.take(amendment);
    this.#setRate();
    this.#queue.setWindow(this.#governor.policy.window);
  }

  #look(): void {
    this.#lookedAt = this.#now;
    this.#outcomes = 0;
    const { tally, open } = this.#flights;
    const { happened, until } = this.#governor.look(this.#now, tally, open === 0);
    this.#soakUntil = until;
    this.#took(happened);
  }

  /** What a decision brings with it. */
  #took(happened: readonly Happened[]): void {
    for (const one of happened) {
      const wave = 'wave' in one.event.data ? one.event.data.wave : null;
      this.#happened.push({ ...one, offered: wave === null ? 0 : this.#flights.offeredOf(wave) });
      const { event } = one;
      if (event.type === 'CampaignPaused') this.#halted(event.data.cause);
      else if (event.type === 'AbortRequested') {
        this.#flights.takeBack(this.#now);
        this.#flights.cancelWaiting(this.#now);
      } else if (event.type === 'WaveReleased') this.#freshUntil = this.#now + this.#input.speed.lead_ms;
      else if (event.type === 'CampaignResumed') this.#flights.unpark(this.#now);
      else if (event.type === 'GateDecided')
        this.#people.sawGate(event.data.wave, event.data.outcome, this.#now);
    }
  }

  #halted(cause: string | null): void {
    if (this.#flights.takeBack(this.#now)) this.#queue.rewind();
    const gate = this.#happened.findLast(({ event }) => event.type === 'GateDecided')?.event;
    if (cause !== null && gate?.type === 'GateDecided') this.#people.sawPause(gate.data.wave, this.#now);
  }

  #setRate(): void {
    const { offersPerMinute } = this.#governor.policy;
    if (offersPerMinute === null) this.#rate = null;
    else {
      const { span_ms, offers } = rateSpan(offersPerMinute);
      this.#rate = new SlidingLimit(offers, span_ms);
    }
  }
}
