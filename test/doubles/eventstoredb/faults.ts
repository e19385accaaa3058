/** What goes wrong on demand. Every fault is something a real server or network does; nothing happens unasked. */
import type { Endpoint } from './errors.ts';

/**
 * How an answer gets lost after the append took effect: the server says that it timed out, the connection breaks,
 * or nothing is ever said (a plain append then runs into the caller's deadline; a batch append has none).
 */
export type LostAnswer = 'timeout' | 'cut' | 'silence';

/** How a subscription ends: the server sends a status, or the connection breaks. */
export type SubscriptionEnd = 'unavailable' | 'cancelled' | 'cut';

export interface Faults {
  /** The next `count` appends (1 by default) take effect, but their answer is lost. */
  loseAnswers(how: LostAnswer, count?: number): void;
  /** The next `count` appends (1 by default) fail with a time-out without taking effect. */
  loseAppends(count?: number): void;
  /** Breaks every connection there is, in the middle of whatever goes on. */
  cutConnections(): void;
  /** Breaks every connection and refuses new ones for this long. Resolves when it listens again. */
  refuseConnections(ms: number): Promise<void>;
  /** The next `count` subscriptions (1 by default) that have sent this many more events end there. */
  dropSubscriptions(afterEvents: number, how?: SubscriptionEnd, count?: number): void;
  /**
   * From now on calls are answered "not leader" with this endpoint; null ends that. The real server says so only
   * to those who require the leader and forwards the others: `always` says it to them too.
   */
  answerNotLeader(leader: Endpoint | null, options?: { readonly always?: boolean }): void;
  /** Holds every answer of an append, and the first of a read, back for this long; 0 ends that. */
  delayAnswers(ms: number): void;
  /** Ends every fault that is still on. */
  clear(): void;
}

interface Drop {
  readonly afterEvents: number;
  readonly how: SubscriptionEnd;
  left: number;
}

const NO_DROP: Drop = { afterEvents: 0, how: 'unavailable', left: 0 };

/** The state of the faults, as the services look at it. Connections belong to the listener. */
export class FaultState {
  #lost: LostAnswer[] = [];
  #lostAppends = 0;
  #drop: Drop = NO_DROP;
  #leader: { readonly endpoint: Endpoint; readonly always: boolean } | undefined;
  #delayMs = 0;

  loseAnswers(how: LostAnswer, count: number): void {
    for (let n = 0; n < count; n++) this.#lost.push(how);
  }

  loseAppends(count: number): void {
    this.#lostAppends += count;
  }

  dropSubscriptions(afterEvents: number, how: SubscriptionEnd, count: number): void {
    this.#drop = { afterEvents, how, left: count };
  }

  answerNotLeader(endpoint: Endpoint | null, always: boolean): void {
    this.#leader = endpoint === null ? undefined : { endpoint, always };
  }

  delayAnswers(ms: number): void {
    this.#delayMs = ms;
  }

  clear(): void {
    this.#lost = [];
    this.#lostAppends = 0;
    this.#drop = NO_DROP;
    this.#leader = undefined;
    this.#delayMs = 0;
  }

  /** Takes the fate of one answer; undefined = it arrives. */
  takeLostAnswer(): LostAnswer | undefined {
    return this.#lost.shift();
  }

  takeLostAppend(): boolean {
    if (this.#lostAppends === 0) return false;
    this.#lostAppends -= 1;
    return true;
  }

  leaderFor(requiresLeader: boolean): Endpoint | undefined {
    if (this.#leader === undefined) return undefined;
    return requiresLeader || this.#leader.always ? this.#leader.endpoint : undefined;
  }

  /** Counts the events of one subscription; says how it ends, when it is to end instead of the next event. */
  subscriptionMeter(): () => SubscriptionEnd | undefined {
    let drop = this.#drop;
    let seen = 0;
    return () => {
      if (drop !== this.#drop) [drop, seen] = [this.#drop, 0];
      seen += 1;
      if (drop.left === 0 || seen <= drop.afterEvents) return undefined;
      drop.left -= 1;
      return drop.how;
    };
  }

  async delay(): Promise<void> {
    if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
  }
}
