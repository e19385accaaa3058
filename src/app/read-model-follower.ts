/** Learns, by asking, how far read models are that another process folds: often while somebody waits, rarely otherwise. */
import type { Clock, Log, Position, ReadModelReader } from './ports.ts';
import { ReadModelUnavailableError, START } from './ports.ts';

export interface ReadModelFollowerDeps {
  readonly reader: Pick<ReadModelReader, 'checkpoint'>;
  /** Names of the checkpoints (`checkpointName`) of all projections that are waited for. */
  readonly checkpoints: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface ReadModelFollower {
  /** What all of them had reached when they were last asked; START before that. */
  position(): Position;
  /** Whether all of them reach the position in time. */
  waitFor(position: Position, timeout_ms: number): Promise<boolean>;
  /** Calls back after they have moved; gives back how to unregister. */
  onMoved(listener: () => void): () => void;
  /** Resolves once they have been asked for the first time, also when there was no answer: it goes on asking. */
  start(): Promise<void>;
  /** Ends it; who still waits gets false. */
  stop(): Promise<void>;
}

const BUSY_MS = 50;
const IDLE_MS = 500;

export const createReadModelFollower = (deps: ReadModelFollowerDeps): ReadModelFollower => new Follower(deps);

class Follower implements ReadModelFollower {
  readonly #deps: ReadModelFollowerDeps;
  readonly #listeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  #position: Position = START;
  #failing = false;
  /** Ends the pause between two questions. */
  #hurry = new AbortController();
  #done: Promise<void> = Promise.resolve();

  constructor(deps: ReadModelFollowerDeps) {
    this.#deps = deps;
  }

  position(): Position {
    return this.#position;
  }

  async waitFor(position: Position, timeout_ms: number): Promise<boolean> {
    if (this.#position >= position) return true;
    if (this.#stopping.signal.aborted) return false;
    const over = new AbortController();
    const end = (): void => over.abort();
    this.#stopping.signal.addEventListener('abort', end, { once: true });
    const stopListening = this.onMoved(() => {
      if (this.#position >= position) end();
    });
    await this.#deps.clock.sleep(timeout_ms, over.signal);
    stopListening();
    this.#stopping.signal.removeEventListener('abort', end);
    return this.#position >= position;
  }

  onMoved(listener: () => void): () => void {
    // One of its own, so that the same function can be registered twice.
    const call = (): void => listener();
    this.#listeners.add(call);
    if (this.#listeners.size === 1) this.#hurry.abort();
    return () => this.#listeners.delete(call);
  }

  async start(): Promise<void> {
    await this.#ask();
    this.#done = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hurry.abort();
    await this.#done;
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#hurry = new AbortController();
      await this.#deps.clock.sleep(this.#listeners.size > 0 ? BUSY_MS : IDLE_MS, this.#hurry.signal);
      if (!this.#stopping.signal.aborted) await this.#ask();
    }
  }

  /** Never throws: what can't be known now is asked again. */
  async #ask(): Promise<void> {
    const { reader, checkpoints, log } = this.#deps;
    try {
      const positions = await Promise.all(checkpoints.map((name) => reader.checkpoint(name)));
      if (this.#failing) log('info', 'the read models can be followed again');
      this.#failing = false;
      this.#reach(positions.reduce((oldest, position) => (position < oldest ? position : oldest)));
    } catch (error) {
      // That the store is away has been said by who is connected to it.
      if (error instanceof ReadModelUnavailableError) return;
      if (!this.#failing) log('error', "the read models can't be followed; it is tried again", { error });
      this.#failing = true;
    }
  }

  #reach(position: Position): void {
    if (position === this.#position) return;
    this.#position = position;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        this.#deps.log('error', 'a listener for read models has failed', { error });
      }
    }
  }
}
