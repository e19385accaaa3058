/** One shard of a worker: its state, and the queue through which everything about it goes. */
import { shardStream } from '../../domain/shared/streams.ts';
import type { FeedbackRecord } from '../ports.ts';
import { FencedError, NotOwnedError } from './deps.ts';
import { grantMessages, sendGrants, sendUpdates, updateMessages } from './documents.ts';
import { offerNext } from './offering.ts';
import { processBatch } from './process-batch.ts';
import { reconcile } from './reconcile.ts';
import { SerialQueue } from './serial-queue.ts';
import type { ShardState, WorkerContext } from './shard-state.ts';
import { takeShard } from './takeover.ts';
import { timeOutNext } from './timeouts.ts';

/** Vehicles that subscribe at once wait here; a broker full of them is slowed down, not refused, below this. */
const MAX_QUEUED = 50_000;
/** Vehicles that are told again in one job. */
const OWED_BATCH = 500;

export class Shard {
  readonly number: number;
  readonly #worker: WorkerContext;
  readonly #queue = new SerialQueue(MAX_QUEUED);
  #status: 'owned' | 'fenced' | 'releasing' | 'released' = 'owned';
  /** Null before it is loaded, and after a failure: then the log is read again before anything else. */
  #state: ShardState | null = null;
  #failed = false;
  #poked = false;
  #ticking: Promise<void> | null = null;

  constructor(worker: WorkerContext, number: number) {
    this.#worker = worker;
    this.number = number;
  }

  /** Resolves when the shard is taken, loaded and brought to where its campaigns are. */
  take(): Promise<void> {
    return this.#run(reconcile);
  }

  process(records: readonly FeedbackRecord[]): Promise<void> {
    return this.#run((state) => processBatch(state, records));
  }

  /** Something that may concern the shard was recorded. Many pokes in a row are one job. */
  poke(): void {
    if (this.#poked || this.#status !== 'owned') return;
    this.#poked = true;
    this.#run((state) => {
      this.#poked = false;
      return reconcile(state);
    }).catch((error: unknown) => {
      this.#poked = false;
      this.#report(error, 'following its campaigns');
    });
  }

  /** The log says that someone took the shard. Without this an idle worker would not notice, and go on rendering. */
  takenBy(epoch: string, revision: number): void {
    const state = this.#state;
    if (state === null || state.log.epoch === epoch || revision <= state.takenRevision) return;
    this.#lose(new FencedError(this.number, shardStream(this.number)));
  }

  /** One round: campaigns followed, timeouts, owed grants, offers. Failures are reported; the next round tries again. */
  tick(): Promise<void> {
    this.#ticking ??= this.#round()
      .catch((error: unknown) => this.#report(error, 'in its round'))
      .finally(() => {
        this.#ticking = null;
      });
    return this.#ticking;
  }

  /** What a vehicle that subscribes now should see; null = nothing. Waits for what is being decided. */
  render(vehicleId: string, topic: 'update' | 'grant'): Promise<Uint8Array | null> {
    return this.#queue.run(async () => {
      const state = await this.#owned();
      const [message] =
        topic === 'update'
          ? await updateMessages(state, [vehicleId])
          : await grantMessages(state, [vehicleId]);
      return message?.payload ?? null;
    });
  }

  /** Finishes what was begun; from then on the shard is not owned here. */
  async release(): Promise<void> {
    if (this.#status === 'owned') this.#status = 'releasing';
    await this.#ticking;
    await this.#queue.idle();
    if (this.#status === 'releasing') this.#status = 'released';
    this.#state = null;
  }

  /** Why campaigns offer nothing here. */
  get holds(): ReadonlyMap<string, string> {
    return this.#state?.holds ?? new Map();
  }

  async #round(): Promise<void> {
    await this.#run(reconcile);
    for (const campaignId of this.#campaigns())
      await this.#exhaust(campaignId, (state, rollout) => timeOutNext(state, rollout));
    await this.#payOwed();
    for (const campaignId of this.#campaigns())
      await this.#exhaust(campaignId, (state, rollout) => offerNext(state, rollout));
  }

  /** What could not be sent before. Once through: what fails again waits for the next round. */
  async #payOwed(): Promise<void> {
    const updates = [...(this.#state?.owedUpdates ?? [])];
    for (let from = 0; from < updates.length; from += OWED_BATCH)
      await this.#run((state) => sendUpdates(state, updates.slice(from, from + OWED_BATCH), 'updates'));
    const grants = [...(this.#state?.owedGrants ?? [])];
    for (let from = 0; from < grants.length; from += OWED_BATCH)
      await this.#run((state) => sendGrants(state, new Set(grants.slice(from, from + OWED_BATCH))));
  }

  #campaigns(): string[] {
    return [...(this.#state?.rollouts.keys() ?? [])];
  }

  /** A job per batch, so that reports and halts get in between. */
  async #exhaust(campaignId: string, next: typeof offerNext): Promise<void> {
    const step = (state: ShardState): Promise<number> => {
      const rollout = state.rollouts.get(campaignId);
      return rollout === undefined ? Promise.resolve(0) : next(state, rollout);
    };
    while (this.#status === 'owned' && (await this.#run(step)) > 0);
  }

  #run<T>(job: (state: ShardState) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      const state = await this.#owned();
      try {
        return await job(state);
      } catch (error) {
        this.#lose(error);
        throw error;
      }
    });
  }

  async #owned(): Promise<ShardState> {
    if (this.#status !== 'owned' && this.#status !== 'releasing')
      throw new NotOwnedError(`shard ${this.number} is not owned here`);
    if (this.#state !== null) return this.#state;
    try {
      if (this.#failed) this.#worker.metrics.reloads += 1;
      this.#state = await takeShard(this.#worker, this.number);
      this.#failed = false;
      return this.#state;
    } catch (error) {
      this.#lose(error);
      throw error;
    }
  }

  /** The state may be ahead of the log now: it is thrown away. After a fence the shard is not ours to read again. */
  #lose(error: unknown): void {
    this.#state = null;
    this.#failed = true;
    if (!(error instanceof FencedError) || this.#status === 'fenced') return;
    this.#status = 'fenced';
    this.#worker.metrics.fenced += 1;
    this.#worker.deps.onFenced(this.number);
  }

  #report(error: unknown, what: string): void {
    if (error instanceof FencedError || error instanceof NotOwnedError) return;
    this.#worker.deps.onError(error, `shard ${this.number} ${what}`);
  }
}
