/**
 * Catches up, turns live and stays there. Behind the head it reads with a large window and is told rarely how far
 * that is; at the head it asks for a checkpoint after every event, so that what others append moves the position
 * at once. A lost connection is made up for from the last position that was handled.
 */
import {
  type EventBatch,
  type Position,
  START,
  type SubscribeOptions,
  type Subscription,
} from '../../../app/ports.ts';
import { EventStoreError } from '../errors.ts';
import { checkPosition } from './all-position.ts';
import type { AllReader, Located, Part, Step } from './all-reader.ts';
import type { Connection, Session } from './connection.ts';
import { EventDecoder, type LookUp } from './event-decoder.ts';
import { HeadWatch, within } from './head-watch.ts';
import type { Search } from './read-requests.ts';

/** Every event gives a checkpoint, also one that the filter leaves out. */
const AT_THE_HEAD: Search = { window: 1, checkpointEvery: 1 };
/** Where nothing is left out but system events, the events themselves say how far it is. */
const ALL_AT_THE_HEAD: Search = { window: 500, checkpointEvery: 20 };
const DEFAULT_BATCH = 1000;

export interface Following {
  readonly connection: Connection;
  readonly reader: AllReader;
  readonly lookUp: LookUp;
  /** The subscription goes on after its call ended. */
  readonly onResume: () => void;
  readonly onEnd: () => void;
}

/** Marks an error of the consumer, which no repetition helps. */
class ConsumerError extends Error {}

/** @throws EventStoreError 'invalid-request' for a position of another kind of log. */
export function followAll(following: Following, options: SubscribeOptions): Subscription {
  checkPosition(options.after ?? START);
  const live = new LiveSubscription(following, options);
  const done = live
    .run()
    .catch((error: unknown) => {
      if (live.stopped) return;
      if (error instanceof EventStoreError && error.code === 'closed') return;
      options.onError(error instanceof ConsumerError ? error.cause : error);
    })
    .finally(following.onEnd);
  return {
    async stop() {
      live.stop();
      await done;
    },
  };
}

class LiveSubscription {
  readonly #following: Following;
  readonly #options: SubscribeOptions;
  /** Nothing is left out but system events. */
  readonly #all: boolean;
  readonly #decoder: EventDecoder;
  readonly #stop = new AbortController();
  #position: Position;
  #live = false;

  constructor(following: Following, options: SubscribeOptions) {
    this.#following = following;
    this.#options = options;
    this.#all = options.prefixes === undefined || options.prefixes.includes('');
    this.#decoder = new EventDecoder(following.lookUp);
    this.#position = options.after ?? START;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  stop(): void {
    this.#stop.abort();
  }

  async run(): Promise<void> {
    const { connection, onResume } = this.#following;
    const retry = connection.retry(Number.POSITIVE_INFINITY);
    while (!this.stopped) {
      let session: Session | null = null;
      try {
        session = await connection.session();
        await this.#catchUp(await this.#following.reader.headOf(session, this.#stop.signal));
        await this.#stayLive(session, () => retry.progress());
      } catch (error) {
        if (error instanceof ConsumerError) throw error;
        const failure = connection.failed(session, error);
        if (this.stopped) return;
        await retry.after(failure, this.#stop.signal);
      }
      onResume();
    }
  }

  async #catchUp(head: Position): Promise<void> {
    const { prefixes } = this.#options;
    const scan = { after: this.#position, until: head, prefixes, stop: this.#stop.signal };
    for await (const part of this.#following.reader.scan(scan)) {
      await this.#deliver(part);
      if (this.stopped) return;
    }
    if (this.#live || this.stopped) return;
    this.#live = true;
    await this.#hand([], this.#position);
  }

  /** Ends with an error, when it is stopped, or when the call does not bring what is in the log. */
  async #stayLive(session: Session, onProgress: () => void): Promise<void> {
    const { prefixes } = this.#options;
    const call = new AbortController();
    const leave = (): void => call.abort();
    this.#stop.signal.addEventListener('abort', leave);
    const steps = this.#following.reader.follow(session, {
      after: this.#position,
      prefixes,
      search: this.#all ? ALL_AT_THE_HEAD : AT_THE_HEAD,
      silence_ms: null,
      stop: call.signal,
    });
    let next = steps.next();
    try {
      for (const watch = new HeadWatch(); !this.stopped; ) {
        const arrived = await within(next, watch.patience_ms);
        if (arrived === undefined) {
          const head = await this.#following.reader.headOf(session, this.#stop.signal);
          if (watch.sees(head > this.#position) === 'stuck') return;
          continue;
        }
        if (arrived.done === true) return;
        onProgress();
        watch.heard(arrived.value.caughtUp);
        await this.#take(session, arrived.value);
        next = steps.next();
      }
    } finally {
      this.#stop.signal.removeEventListener('abort', leave);
      leave();
      await next.catch(() => undefined);
      await steps.return(undefined);
    }
  }

  async #take(session: Session, { events, checkpoint }: Step): Promise<void> {
    const last = events.at(-1)?.position ?? this.#position;
    // Beyond all of ours are only system events. A position there would be later than the head, and whoever keeps it
    // would take the log for an older one when it begins again.
    const ahead = !this.#all && checkpoint !== null && checkpoint > last;
    const settled = ahead
      ? await this.#following.reader.settle(session, checkpoint, this.#stop.signal)
      : last;
    await this.#deliver({ events, position: settled > last ? settled : last });
  }

  async #deliver({ events, position }: Part): Promise<void> {
    const size = Math.max(1, this.#options.batchSize ?? DEFAULT_BATCH);
    for (let at = 0; at < events.length && !this.stopped; at += size) {
      const batch = events.slice(at, at + size);
      const isLast = at + size >= events.length;
      await this.#hand(batch, isLast ? position : (batch.at(-1)?.position ?? position));
    }
    if (events.length === 0 && position > this.#position) await this.#hand([], position);
  }

  async #hand(wires: readonly Located[], position: Position): Promise<void> {
    const events = await this.#decoder.recorded(wires);
    const batch: EventBatch & { readonly live: boolean } = { events, position, live: this.#live };
    try {
      await this.#options.onBatch(batch);
    } catch (cause) {
      throw new ConsumerError('a batch could not be handled', { cause });
    }
    this.#position = position;
  }
}
