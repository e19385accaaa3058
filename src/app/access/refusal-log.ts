/**
 * Records refused accesses on the `access` stream, so few that a flood can't fill the log: one of a kind in a
 * minute, and a bucket over all kinds. What is left out is counted.
 */
import type { z } from 'zod';
import type { accessRefused } from '../../domain/access/events.ts';
import { ACCESS_STREAM } from '../../domain/shared/streams.ts';
import { type CommandEnvelope, metadataOf, type Runtime, toNewEvents } from '../handle-command.ts';

export type Refusal = z.infer<typeof accessRefused.schema>;

export interface RefusalLimits {
  /** How many may come at once. */
  readonly burst: number;
  /** How many a minute after that. */
  readonly perMinute: number;
}

const LIMITS: RefusalLimits = { burst: 30, perMinute: 6 };
const SAME_KIND_MS = 60_000;
/** Appends that lose a race to other writers of the stream are tried again, that often. */
const RETRIES = 5;

export class RefusalLog {
  readonly #runtime: Runtime;
  readonly #limits: RefusalLimits;
  readonly #onError: (error: unknown) => void;
  readonly #revision: () => number;
  /** When each kind was last recorded; at most `burst` + a minute's worth of entries, cleared as they age. */
  readonly #recent = new Map<string, number>();
  #tokens: number;
  #filledAt: number;
  #writing: Promise<void> = Promise.resolve();
  #left = 0;

  constructor(
    runtime: Runtime,
    revision: () => number,
    onError: (error: unknown) => void,
    limits: RefusalLimits = LIMITS,
  ) {
    this.#runtime = runtime;
    this.#revision = revision;
    this.#onError = onError;
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#filledAt = runtime.now();
  }

  /** Refusals that were not recorded since the start. */
  get leftOut(): number {
    return this.#left;
  }

  /** Returns at once; the append happens behind, one after the other. */
  record(refusal: Refusal): void {
    const now = this.#runtime.now();
    const kind = JSON.stringify(refusal);
    for (const [known, at] of this.#recent) if (now - at >= SAME_KIND_MS) this.#recent.delete(known);
    const refilled = ((now - this.#filledAt) / 60_000) * this.#limits.perMinute;
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + Math.max(0, refilled));
    this.#filledAt = now;
    if (this.#recent.has(kind) || this.#tokens < 1) {
      this.#left++;
      return;
    }
    this.#tokens--;
    this.#recent.set(kind, now);
    this.#writing = this.#writing.then(() => this.#append(refusal)).catch(this.#onError);
  }

  /** Resolves when everything taken so far is in the log or has failed. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #append(refusal: Refusal): Promise<void> {
    const { store, newId, now } = this.#runtime;
    const actor: CommandEnvelope['actor'] =
      refusal.person === null ? { kind: 'system', id: 'api' } : { kind: 'person', id: refusal.person };
    const metadata = metadataOf({ actor, source: 'http' }, new Date(now()).toISOString(), newId);
    const events = toNewEvents([{ type: 'AccessRefused', data: refusal }], newId);
    let expectedRevision = this.#revision();
    for (let attempt = 0; attempt < RETRIES; attempt++) {
      const [result] = await store.append([{ stream: ACCESS_STREAM, expectedRevision, events, metadata }]);
      if (result?.status === 'appended') return;
      if (result?.status !== 'conflict') break;
      expectedRevision = result.actualRevision;
    }
    throw new Error('a refused access could not be recorded');
  }
}
