/**
 * Reads a log that another thread or process writes, in the thread of the caller: for the projector, which has
 * a thread of its own, and for commands that only read.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import type {
  EventBatch,
  EventStore,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  SubscribeOptions,
  Subscription,
} from '../../../app/ports.ts';
import { decodeRow } from '../append-codec.ts';
import { EventStoreError } from '../errors.ts';
import { toPosition } from '../position.ts';
import { follow } from '../subscription.ts';
import { growthChannel } from './growth.ts';
import { LogReader } from './log-reader.ts';
import { LogVerifier } from './log-verifier.ts';
import { pageAll, pageAppends, pageStream, pageStreamAppends, pageVerification } from './paging.ts';
import { openReader } from './schema.ts';

/** How often a subscriber looks for commits of another process; those of this one are announced. */
const POLL_MS = 20;

export type EventReader = Omit<EventStore, 'append'>;

/** @throws EventStoreError 'no-log' or 'newer-file'. */
export function openSqliteEventReader({ path }: { readonly path: string }): EventReader {
  const db = openReader(path);
  const reader = new LogReader(db);
  const verifier = new LogVerifier(db);
  const growth = new Growth(path, () => reader.dataVersion());
  const subscriptions = new Set<Subscription>();
  let closed = false;

  /** One step, on a turn of its own: the caller's thread stays able to take messages. */
  const step = async <Value>(work: () => Value): Promise<Value> => {
    await nextTurn();
    mustBeOpen();
    return work();
  };
  const mustBeOpen = (): void => {
    if (closed) throw new EventStoreError('closed', 'the event reader is closed');
  };
  const head = (): number => {
    mustBeOpen();
    return reader.head();
  };
  const readAll = (options: ReadAllOptions = {}): AsyncIterable<EventBatch> =>
    pageAll((request) => step(() => reader.scan(request)), head, options);

  return {
    readAll,
    readStream: (stream: string, options: ReadStreamOptions = {}) =>
      pageStream((request) => step(() => reader.streamPage(request)), stream, options),
    async readStreams(streams: readonly string[]): Promise<readonly (readonly RecordedEvent[])[]> {
      const rows = await step(() => reader.streams(streams));
      return rows.map((stream) => stream.flatMap(decodeRow));
    },
    appends: (after = '') => pageAppends((request) => step(() => reader.appends(request)), head, after),
    streamAppends: (stream, from = 0, until) =>
      pageStreamAppends((request) => step(() => reader.streamAppends(request)), stream, from, until),
    subscribe(options: SubscribeOptions): Subscription {
      mustBeOpen();
      const log = { readAll, onGrowth: (listener: () => void) => growth.listen(listener) };
      const subscription = follow(log, options, () => subscriptions.delete(subscription));
      subscriptions.add(subscription);
      return subscription;
    },
    head: async () => toPosition(head()),
    verify: (stream?: string) => pageVerification((cursor) => step(() => verifier.step(cursor)), stream),
    async close(): Promise<void> {
      if (closed) return;
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
      closed = true;
      growth.stop();
      db.close();
    },
  };
}

/** Tells that the log has grown: by the writer's word, and by looking, as it may live in another process. */
class Growth {
  readonly #path: string;
  readonly #version: () => number;
  readonly #listeners = new Set<() => void>();
  #channel: BroadcastChannel | null = null;
  #timer: NodeJS.Timeout | null = null;
  #seen = 0;

  constructor(path: string, version: () => number) {
    this.#path = path;
    this.#version = version;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#timer === null) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  #start(): void {
    this.#seen = this.#version();
    this.#channel = new BroadcastChannel(growthChannel(this.#path));
    this.#channel.onmessage = () => this.#ring();
    this.#timer = setInterval(() => this.#look(), POLL_MS);
  }

  #look(): void {
    try {
      const version = this.#version();
      if (version === this.#seen) return;
      this.#seen = version;
    } catch {
      // The subscribers read next, meet the same error and report it.
    }
    this.#ring();
  }

  #ring(): void {
    for (const listener of this.#listeners) listener();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#channel?.close();
    this.#timer = null;
    this.#channel = null;
  }
}
