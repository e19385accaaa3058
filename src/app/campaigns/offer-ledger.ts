/** What the log says about one campaign's offers: how many each shard made, when, and which vehicles still wait. */

import type { ShardTargets } from '../../domain/campaign/targets.ts';
import type { RolloutEvent } from '../../domain/rollout/events.ts';

/** The longest span that rates look back on, milliseconds. */
const MEMORY_MS = 60_000;
/** Offers this close in time are counted as one entry, milliseconds. */
const BUCKET_MS = 100;
/**
 * A lowered allowance still counts this long, milliseconds: a shard that has not read of it yet may be using it.
 */
const GRACE_MS = 30_000;

export class OfferLedger {
  readonly shards: number;
  /** UpdateOffered so far, by shard. */
  readonly offered: number[];
  /** Time of a shard's last offer, or of its last raise; milliseconds since 1970. */
  readonly movedAt: number[];
  /** The allowance in force. */
  allowed: readonly number[];
  allowanceRevision = -1;
  #earlier: { readonly until: number; readonly allowed: readonly number[] }[] = [];
  #recent: { readonly at: number; count: number }[] = [];
  /** Vehicles waiting by shard and wave, as changes since the freeze. */
  readonly #changes: Map<number, number>[];
  #frozen: Map<number, number>[] | null = null;

  constructor(shards: number) {
    this.shards = shards;
    this.offered = new Array<number>(shards).fill(0);
    this.movedAt = new Array<number>(shards).fill(0);
    this.allowed = new Array<number>(shards).fill(0);
    this.#changes = Array.from({ length: shards }, () => new Map());
  }

  /** @param at when it was recorded, milliseconds since 1970. */
  apply(shard: number, event: RolloutEvent, at: number): void {
    if (!('from' in event.data) || shard >= this.shards) return;
    const { wave, from, to } = event.data;
    const change = (to === 'waiting' ? 1 : 0) - (from === 'waiting' ? 1 : 0);
    const changes = this.#changes[shard];
    if (change !== 0) changes?.set(wave, (changes.get(wave) ?? 0) + change);
    if (event.type !== 'UpdateOffered') return;
    this.offered[shard] = (this.offered[shard] ?? 0) + 1;
    this.movedAt[shard] = at;
    this.#remember(at);
  }

  /** Rounded up, so that an offer leaves a span rather late than early, and few entries are kept. */
  #remember(at: number): void {
    const last = this.#recent.at(-1);
    const bucket = Math.max(Math.ceil(at / BUCKET_MS) * BUCKET_MS, last?.at ?? 0);
    if (last?.at === bucket) {
      last.count += 1;
      return;
    }
    this.#recent.push({ at: bucket, count: 1 });
    while ((this.#recent[0]?.at ?? bucket) <= bucket - 2 * MEMORY_MS) this.#recent.shift();
  }

  /** An OfferAllowanceSet. */
  allow(offers: readonly number[], revision: number, at: number): void {
    const before = this.allowed;
    if (before.some((offers_, shard) => (offers[shard] ?? 0) < offers_))
      this.#earlier.push({ until: at + GRACE_MS, allowed: before });
    offers.forEach((now, shard) => {
      if (now > (before[shard] ?? 0)) this.movedAt[shard] = at;
    });
    this.allowed = offers;
    this.allowanceRevision = revision;
  }

  /** Targets per shard are known: needed before anything can be allowed. */
  get knowsTargets(): boolean {
    return this.#frozen !== null;
  }

  setTargets(byShard: readonly (ShardTargets | null)[]): void {
    this.#frozen = byShard.map((shard) => {
      const counts = new Map<number, number>();
      for (const { wave } of shard?.targets ?? []) counts.set(wave, (counts.get(wave) ?? 0) + 1);
      return counts;
    });
  }

  /** Vehicles of a shard that wait in waves 1 to `released`. */
  waiting(shard: number, released: number): number {
    let sum = 0;
    for (let wave = 1; wave <= released; wave++)
      sum += (this.#frozen?.[shard]?.get(wave) ?? 0) + (this.#changes[shard]?.get(wave) ?? 0);
    return sum;
  }

  /** Offers that a shard may still make under the allowance in force. */
  left(shard: number): number {
    return Math.max(0, (this.allowed[shard] ?? 0) - (this.offered[shard] ?? 0));
  }

  /** Offers that may still be made by all shards, allowances that were lowered a moment ago included. */
  outstanding(now: number): number {
    this.#earlier = this.#earlier.filter(({ until }) => until > now);
    let sum = 0;
    for (let shard = 0; shard < this.shards; shard++) {
      let ceiling = this.allowed[shard] ?? 0;
      for (const { allowed } of this.#earlier) ceiling = Math.max(ceiling, allowed[shard] ?? 0);
      sum += Math.max(0, ceiling - (this.offered[shard] ?? 0));
    }
    return sum;
  }

  /** When the next lowered allowance stops counting, milliseconds since 1970; null when none does. */
  nextExpiry(now: number): number | null {
    const later = this.#earlier.map(({ until }) => until).filter((until) => until > now);
    return later.length === 0 ? null : Math.min(...later);
  }

  /** Offers made in `(now - span_ms, now]` and, while there are some, when the oldest of them leaves the span. */
  within(span_ms: number, now: number): { readonly offers: number; readonly leavesAt: number | null } {
    this.#recent = this.#recent.filter(({ at }) => at > now - MEMORY_MS);
    const inside = this.#recent.filter(({ at }) => at > now - span_ms);
    return {
      offers: inside.reduce((sum, { count }) => sum + count, 0),
      leavesAt: inside[0] === undefined ? null : inside[0].at + span_ms,
    };
  }
}
