/** One shard of a worker: its state, and the queue through which everything about it goes. */
import { shardStream } from '../../domain/shared/streams.ts';
import type { FeedbackRecord } from '../ports.ts';
import { FencedError, NotOwnedError } from './deps.ts';
import { grantMessages, hasOpen, sendGrants, sendUpdates, updateMessages } from './documents.ts';
import { offerNext } from './offering.ts';
import { processBatch } from './process-batch.ts';
import { reconcile } from './reconcile.ts';
import { BackingOffError, Retries } from './retries.ts';
import { SerialQueue } from './serial-queue.ts';
import type { ShardState, WorkerContext } from './shard-state.ts';
import { lastEpoch, oweOpen, takeShard } from './takeover.ts';
import { timeOutNext } from './timeouts.ts';

/** Vehicles that subscribe at once wait here; a broker full of them is slowed down, not refused, below this. */
const MAX_QUEUED = 50_000;
/** Vehicles that are told again in one job. */
const OWED_BATCH = 500;

type Work = 'taking over' | 'following its campaigns' | 'feedback' | 'timeouts' | 'what is owed' | 'offers';

export class Shard {
  readonly number: number;
  readonly #worker: WorkerContext;
  readonly #queue = new SerialQueue(MAX_QUEUED);
  #status: 'owned' | 'fenced' | 'releasing' | 'released' = 'owned';
  /** Null before it is loaded, and after a failure: then the log is read again before anything else. */
  #state: ShardState | null = null;
  #failed = false;
  readonly #retries = new Retries();
  /** The newest ShardTaken that the log told of: another's may come while ours is being loaded. */
  #lastTaken: { readonly epoch: string; readonly revision: number } | null = null;
  #poked = false;
  #ticking: Promise<void> | null = null;

  constructor(worker: WorkerContext, number: number) {
    this.#worker = worker;
    this.number = number;
  }

  /** Resolves when the shard is taken, loaded and brought to where its campaigns are. */
  take(): Promise<void> {
    return this.#run('following its campaigns', reconcile);
  }

  process(records: readonly FeedbackRecord[]): Promise<void> {
    return this.#run('feedback', (state) => processBatch(state, records));
  }

  /** What is open for these vehicles is sent to them: they have just connected, or the broker may hold something old. */
  tell(vehicleIds: readonly string[], also: 'only what is open' | 'that nothing is open'): Promise<void> {
    return this.#run('what is owed', async (state) => {
      const open = vehicleIds.filter(
        (vehicleId) => also === 'that nothing is open' || hasOpen(state, vehicleId),
      );
      await sendUpdates(state, open, 'updates');
      await sendGrants(state, new Set(vehicleIds));
    });
  }

  /** The broker may have lost what it was given: everything that is open is sent again in the next rounds. */
  async oweEverything(): Promise<void> {
    await this.#run('what is owed', async (state) => {
      for (const rollout of state.rollouts.values()) oweOpen(state, rollout);
    });
  }

  /** Something that may concern the shard was recorded. Many pokes in a row are one job. */
  poke(): void {
    if (this.#poked || this.#status !== 'owned') return;
    this.#poked = true;
    this.#run('following its campaigns', (state) => {
      this.#poked = false;
      return reconcile(state);
    }).catch((error: unknown) => {
      this.#poked = false;
      this.#report(error, 'following its campaigns');
    });
  }

  /** The log says that someone took the shard. Without this an idle worker would not notice, and go on rendering. */
  takenBy(epoch: string, revision: number): void {
    if (revision > (this.#lastTaken?.revision ?? -1)) this.#lastTaken = { epoch, revision };
    if (this.#state !== null && this.#isTakenFrom(this.#state)) this.#lose(this.#fenced());
  }

  #isTakenFrom({ log, takenRevision }: ShardState): boolean {
    const last = this.#lastTaken;
    return last !== null && last.epoch !== log.epoch && last.revision > takenRevision;
  }

  #fenced(): FencedError {
    return new FencedError(this.number, shardStream(this.number));
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
    await this.#run('following its campaigns', reconcile);
    for (const campaignId of this.#campaigns()) await this.#exhaust('timeouts', campaignId, timeOutNext);
    await this.#payOwed();
    for (const campaignId of this.#campaigns()) await this.#exhaust('offers', campaignId, offerNext);
  }

  /** What could not be sent before. Once through: what fails again waits for the next round. */
  async #payOwed(): Promise<void> {
    const updates = [...(this.#state?.owedUpdates ?? [])];
    for (let from = 0; from < updates.length; from += OWED_BATCH)
      await this.#run('what is owed', (state) =>
        sendUpdates(state, updates.slice(from, from + OWED_BATCH), 'updates'),
      );
    const grants = [...(this.#state?.owedGrants ?? [])];
    for (let from = 0; from < grants.length; from += OWED_BATCH)
      await this.#run('what is owed', (state) =>
        sendGrants(state, new Set(grants.slice(from, from + OWED_BATCH))),
      );
  }

  #campaigns(): string[] {
    return [...(this.#state?.rollouts.keys() ?? [])];
  }

  /** A job per batch, so that reports and halts get in between. */
  async #exhaust(work: Work, campaignId: string, next: typeof offerNext): Promise<void> {
    const step = (state: ShardState): Promise<number> => {
      const rollout = state.rollouts.get(campaignId);
      return rollout === undefined ? Promise.resolve(0) : next(state, rollout);
    };
    while (this.#status === 'owned' && (await this.#run(work, step)) > 0);
  }

  /** Kinds of work wait each for itself: what keeps failing in one does not keep the others from being done. */
  #run<T>(work: Work, job: (state: ShardState) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      this.#retries.check(work, this.#worker.deps.clock.now());
      const state = await this.#owned();
      return this.#try(work, async () => {
        await this.#confirm(state);
        return job(state);
      });
    });
  }

  /** Who stood still may have been replaced and not heard of it yet; not all that is sent follows an append. */
  async #confirm(state: ShardState): Promise<void> {
    const { pulse, deps } = this.#worker;
    const now_ms = deps.clock.now();
    if (pulse.beat(now_ms) <= state.confirmedAt_ms) return;
    if ((await lastEpoch(deps.store, this.number)) !== state.log.epoch) throw this.#fenced();
    state.confirmedAt_ms = now_ms;
  }

  async #try<T>(work: Work, job: () => Promise<T>): Promise<T> {
    try {
      const result = await job();
      this.#retries.succeeded(work);
      return result;
    } catch (error) {
      const loss = await this.#judge(error);
      this.#retries.failed(work, this.#worker.deps.clock.now());
      this.#lose(loss);
      throw loss;
    }
  }

  /**
   * One that we overtook may still append its RolloutTaken, and so win a race on a rollout. The shard is whose
   * ShardTaken is the last: when that is ours, it is read again, which ends the race.
   */
  async #judge(error: unknown): Promise<unknown> {
    const epoch = this.#state?.log.epoch;
    if (!(error instanceof FencedError) || epoch === undefined) return error;
    const { store } = this.#worker.deps;
    try {
      const last = await lastEpoch(store, this.number);
      return last === epoch ? new Error(`shard ${this.number} is read again`, { cause: error }) : error;
    } catch (unreadable) {
      return unreadable;
    }
  }

  async #owned(): Promise<ShardState> {
    if (this.#status !== 'owned' && this.#status !== 'releasing')
      throw new NotOwnedError(`shard ${this.number} is not owned here`);
    if (this.#state !== null) return this.#state;
    this.#retries.check('taking over', this.#worker.deps.clock.now());
    if (this.#failed) this.#worker.metrics.reloads += 1;
    return this.#try('taking over', async () => {
      const state = await takeShard(this.#worker, this.number);
      if (this.#isTakenFrom(state)) throw this.#fenced();
      this.#state = state;
      this.#failed = false;
      return state;
    });
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
    if (error instanceof BackingOffError) return;
    this.#worker.deps.onError(error, `shard ${this.number} ${what}`);
  }
}
