/**
 * The gatekeeper (DESIGN §5): follows the log and moves running campaigns on: starts them when their time has
 * come, decides gates, releases waves, pauses on failure, ends what has drained, and shares out offers. What it
 * knows is what the log says, and every command carries its cause, so it can die at any time.
 */

import type { TargetsEvent } from '../../domain/campaign/events.ts';
import { countersOf } from '../../domain/campaign/tally.ts';
import { foldTargets } from '../../domain/campaign/targets.ts';
import { type DomainEvent, readEvent } from '../../domain/events.ts';
import { allowanceStream, targetsStream } from '../../domain/shared/streams.ts';
import { metadataOf, type Runtime, toNewEvents } from '../handle-command.ts';
import type { Clock, Log } from '../ports.ts';
import { type Agent, createAgent } from './agent.ts';
import { distribute, isLimited, type Limits, nextTakeBack, room, type Usage } from './allowances.ts';
import { nextStep } from './gate-steps.ts';
import { type Entry, GatekeeperState } from './gatekeeper-state.ts';
import { Backoffs, issue, systemEnvelope } from './system-command.ts';

export interface GatekeeperDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** At least this long between two allowances of a campaign, milliseconds; default 100. */
  readonly allowanceInterval_ms?: number;
}

const ISSUER = 'gatekeeper';
const NO_LIMIT: Limits = { offersPerMinute: null, maxInFlight: null };

export const createGatekeeper = (runtime: Runtime, deps: GatekeeperDeps): Agent => {
  const gatekeeper = new Gatekeeper(runtime, deps);
  return createAgent({
    name: ISSUER,
    store: runtime.store,
    clock: deps.clock,
    log: deps.log,
    prefixes: GatekeeperState.prefixes,
    load: (until) => gatekeeper.load(until),
    fold: (events) => gatekeeper.state.fold(events),
    act: (signal) => gatekeeper.act(signal),
  });
};

const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

class Gatekeeper {
  readonly #runtime: Runtime;
  readonly #deps: GatekeeperDeps;
  readonly #backoffs = new Backoffs();
  /** Stream revisions that were written and have not come back through the log yet. */
  readonly #awaited = new Map<string, { campaign: number; allowance: number }>();
  readonly #allowedAt = new Map<string, number>();
  readonly state = new GatekeeperState();

  constructor(runtime: Runtime, deps: GatekeeperDeps) {
    this.#runtime = runtime;
    this.#deps = deps;
  }

  async load(until: string): Promise<void> {
    this.#backoffs.clear();
    this.#awaited.clear();
    this.#allowedAt.clear();
    await this.state.load(this.#runtime.store, until);
  }

  async act(signal: AbortSignal): Promise<number | null> {
    let wake: number | null = null;
    const entries = this.state.entries();
    this.#forget(entries);
    for (const entry of entries) {
      if (signal.aborted) return null;
      wake = earlier(wake, await this.#step(entry));
    }
    return earlier(wake, await this.#allow(signal));
  }

  /** One command at most: the next is decided on what the log says then. Gives the time to look again. */
  async #step(entry: Entry): Promise<number | null> {
    const { view } = entry;
    const { campaignId } = view;
    const now = this.#deps.clock.now();
    const until = this.#backoffs.until(campaignId);
    if (until > now) return until;
    if (view.revision < (this.#awaited.get(campaignId)?.campaign ?? -1)) return null;
    const step = nextStep(entry, this.state.emergency, new Date(now).toISOString());
    if (step.do === 'wait') {
      this.#backoffs.succeeded(campaignId);
      return step.until === null ? null : Date.parse(step.until);
    }
    const { command, cause, purpose } = step;
    const before = view.revision;
    const outcome = await issue(this.#runtime, this.#deps.log, ISSUER, {
      campaignId,
      command,
      cause,
      purpose,
    });
    // Without effect though it looked due: something this process does not understand.
    if (outcome === null || outcome.revision <= before)
      return this.#backoffs.failed(campaignId, this.#deps.clock.now());
    this.#backoffs.succeeded(campaignId);
    this.#await(campaignId, { campaign: outcome.revision });
    return null;
  }

  #await(campaignId: string, revisions: { campaign?: number; allowance?: number }): void {
    const before = this.#awaited.get(campaignId) ?? { campaign: -1, allowance: -1 };
    this.#awaited.set(campaignId, { ...before, ...revisions });
  }

  /** Nothing is kept of campaigns that are over. */
  #forget(entries: readonly Entry[]): void {
    const here = new Set(entries.map(({ view }) => view.campaignId));
    for (const campaignId of this.#awaited.keys()) {
      if (here.has(campaignId)) continue;
      this.#awaited.delete(campaignId);
      this.#allowedAt.delete(campaignId);
      this.#backoffs.succeeded(campaignId);
    }
  }

  /** Shares out offers among the shards of every limited campaign. Gives the time to look again. */
  async #allow(signal: AbortSignal): Promise<number | null> {
    const fleet = this.state.limits;
    const underway = this.state.entries().filter(({ campaign }) => campaign.started);
    const limited = underway.filter(
      ({ campaign }) => campaign.phase === 'running' && (isLimited(campaign.policy) || isLimited(fleet)),
    );
    if (this.state.emergency || limited.length === 0) return null;
    const now = this.#deps.clock.now();
    const all = room(fleet, underway.map(usageOf), now);
    let left = all.offers;
    let wake: number | null = null;
    for (const [index, entry] of limited.entries()) {
      if (signal.aborted) return null;
      // An even share of what the fleet's limits leave; what one does not need goes to the next.
      const share = Math.ceil(left / (limited.length - index));
      const { used, wakeAt } = await this.#allowOne(entry, share, now);
      left -= used;
      wake = earlier(wake, wakeAt);
      if (wakeAt !== null) wake = earlier(wake, all.wakeAt);
    }
    return wake;
  }

  async #allowOne(
    entry: Entry,
    share: number,
    now: number,
  ): Promise<{ readonly used: number; readonly wakeAt: number | null }> {
    const { campaignId } = entry.view;
    const { ledger } = entry.progress;
    const key = `${campaignId}/allowance`;
    const notBefore = Math.max(this.#backoffs.until(key), this.#allowedAt.get(campaignId) ?? 0);
    if (notBefore > now) return { used: 0, wakeAt: notBefore };
    const awaited = this.#awaited.get(campaignId)?.allowance ?? -1;
    if (ledger.allowanceRevision < awaited) return { used: 0, wakeAt: null };
    try {
      if (!ledger.knowsTargets) await this.#loadTargets(entry);
      const { policy, releasedWave } = entry.campaign;
      const own = room(isLimited(policy) ? policy : NO_LIMIT, [usageOf(entry)], now);
      const { offers, used, unmet } = distribute(ledger, releasedWave, Math.min(share, own.offers), now);
      if (offers !== null) await this.#setAllowance(entry, offers, now);
      this.#backoffs.succeeded(key);
      if (unmet === 0) return { used, wakeAt: null };
      return { used, wakeAt: earlier(own.wakeAt, future(nextTakeBack(ledger), now)) };
    } catch (error) {
      this.#deps.log('error', 'gatekeeper: offers could not be allowed', { campaignId, error });
      return { used: 0, wakeAt: this.#backoffs.failed(key, now) };
    }
  }

  async #setAllowance(entry: Entry, offers: readonly number[], now: number): Promise<void> {
    const { campaignId } = entry.view;
    const { ledger, lastEventId: cause } = entry.progress;
    const event: DomainEvent = {
      type: 'OfferAllowanceSet',
      data: { campaignId, offers: [...offers], cause },
    };
    const { newId, store } = this.#runtime;
    const envelope = systemEnvelope(ISSUER, cause);
    const [result] = await store.append([
      {
        stream: allowanceStream(campaignId),
        expectedRevision: ledger.allowanceRevision,
        events: toNewEvents([event], newId),
        metadata: metadataOf(envelope, new Date(now).toISOString(), newId),
      },
    ]);
    if (result?.status !== 'appended') throw new Error(`the allowance was not recorded: ${result?.status}`);
    this.#await(campaignId, { allowance: result.revision });
    this.#allowedAt.set(campaignId, now + (this.#deps.allowanceInterval_ms ?? 100));
  }

  /** How many vehicles of each wave a shard has is only in the lists themselves. */
  async #loadTargets(entry: Entry): Promise<void> {
    const { campaignId, plan } = entry.campaign;
    const shards = plan?.shards ?? [];
    const byShard = [];
    for (let shard = 0; shard < shards.length; shard++) {
      const events: TargetsEvent[] = [];
      if ((shards[shard] ?? 0) > 0)
        for await (const batch of this.#runtime.store.readStream(targetsStream(campaignId, shard)))
          for (const { type, schemaVersion, data } of batch) {
            const read = readEvent(type, schemaVersion, data);
            if (read.known) events.push(read.event as TargetsEvent);
          }
      byShard.push(foldTargets(events, plan?.planId ?? ''));
    }
    entry.progress.ledger.setTargets(byShard);
  }
}

const usageOf = ({ progress }: Entry): Usage => ({
  ledger: progress.ledger,
  inFlight: progress.tally === null ? 0 : countersOf(progress.tally.totals).inFlight,
});

const future = (at: number | null, now: number): number | null => (at === null || at <= now ? null : at);
