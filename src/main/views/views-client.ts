/** The main thread's side of the views thread: where its folds are, and questions to the targeting index. */
import { Worker } from 'node:worker_threads';
import type { Clock, Log, Position } from '../../app/ports.ts';
import { START } from '../../app/ports.ts';
import type { FromThread, IndexMethods, ToThread, ViewsSpec } from './messages.ts';

/** How far what is folded has got. */
export interface Folded {
  position(): Position;
  /** False when it is not there after that long. */
  waitFor(position: Position, timeout_ms: number): Promise<boolean>;
  onMoved(listener: () => void): () => void;
}

export interface ViewsThread extends Folded {
  skipped(): number;
  /** Null while the thread lives; what it died of afterwards. */
  failure(): Error | null;
  /**
   * Folds read models until the signal is aborted; resolves when that is over and the writer is closed.
   * @throws what folding failed of. It can be begun again.
   */
  fold(signal: AbortSignal): Promise<void>;
  /** Asks the targeting index. */
  ask<Method extends keyof IndexMethods>(
    method: Method,
    ...args: Parameters<IndexMethods[Method]>
  ): Promise<ReturnType<IndexMethods[Method]>>;
  stop(): Promise<void>;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Documents come and go: with room for more, V8 would take it on a large machine. Mebibytes. */
const HEAP = { maxYoungGenerationSizeMb: 48 };

/** Resolves when what is to be folded from the start is open. */
export async function startViewsThread(
  spec: ViewsSpec,
  deps: { readonly clock: Clock; readonly log: Log; readonly onFailure: (error: Error) => void },
): Promise<ViewsThread> {
  const worker = new Worker(new URL('./views-thread.ts', import.meta.url), {
    workerData: spec,
    name: 'views',
    resourceLimits: HEAP,
  });
  const client = new Thread(worker, deps);
  await client.ready;
  return client;
}

class Thread implements ViewsThread {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onFailure: (error: Error) => void;
  #onFolding: (message: Extract<FromThread, { kind: 'folding' }>) => void = () => {};
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<() => void>();
  readonly ready: Promise<void>;
  #position: Position = START;
  #skipped = 0;
  #failure: Error | null = null;
  #stopping = false;
  #lastId = 0;
  #onReady: () => void = () => {};
  #onNotReady: (error: Error) => void = () => {};

  constructor(
    worker: Worker,
    {
      clock,
      log,
      onFailure,
    }: { readonly clock: Clock; readonly log: Log; onFailure: (error: Error) => void },
  ) {
    this.#worker = worker;
    this.#clock = clock;
    this.#log = log;
    this.#onFailure = onFailure;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onNotReady = reject;
    });
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => {
      if (!this.#stopping) this.#fail(new Error(`the views thread ended with code ${code}`));
    });
  }

  position = (): Position => this.#position;
  skipped = (): number => this.#skipped;
  failure = (): Error | null => this.#failure;

  onMoved(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async waitFor(position: Position, timeout_ms: number): Promise<boolean> {
    if (this.#position >= position) return true;
    const over = new AbortController();
    let stop = (): void => {};
    const reached = new Promise<void>((resolve) => {
      stop = this.onMoved(() => {
        if (this.#position >= position || this.#failure !== null) resolve();
      });
    });
    await Promise.race([reached, this.#clock.sleep(timeout_ms, over.signal)]);
    over.abort();
    stop();
    return this.#position >= position;
  }

  async fold(signal: AbortSignal): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (signal.aborted) return;
    const ended = Promise.withResolvers<void>();
    this.#onFolding = ({ on, error }) => {
      if (error !== null) ended.reject(error);
      else if (!on) ended.resolve();
    };
    const end = (): void => this.#send({ kind: 'fold', on: false });
    signal.addEventListener('abort', end, { once: true });
    this.#send({ kind: 'fold', on: true });
    try {
      await ended.promise;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  ask<Method extends keyof IndexMethods>(
    method: Method,
    ...args: Parameters<IndexMethods[Method]>
  ): Promise<ReturnType<IndexMethods[Method]>> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#send({ kind: 'ask', id, method, args });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.#send({ kind: 'stop' });
    await ended;
    this.#rejectAll(new Error('the views were stopped'));
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.#onReady();
        return;
      case 'moved':
        this.#position = message.position;
        this.#skipped = message.skipped;
        for (const listener of this.#listeners) listener();
        return;
      case 'failed':
        this.#fail(message.error);
        return;
      case 'folding':
        this.#onFolding(message);
        return;
      case 'log':
        this.#log(message.level, message.message, { ...message.fields });
        return;
      case 'answer': {
        const pending = this.#pending.get(message.id);
        this.#pending.delete(message.id);
        if (message.error === null) pending?.resolve(message.value as never);
        else pending?.reject(message.error);
      }
    }
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#onFolding({ kind: 'folding', on: false, error });
    this.#onNotReady(error);
    this.#rejectAll(error);
    for (const listener of this.#listeners) listener();
    this.#onFailure(error);
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
