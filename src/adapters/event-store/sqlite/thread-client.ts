/** Calls into a worker thread. Whatever happens to the thread, every call gets an answer or an error. */
import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { EventStoreError, messageOf } from '../errors.ts';
import { type Numbered, READY_ID, type Reply } from './messages.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EventStoreError) => void;
}

/** What passes through is short-lived: with room for more, V8 would take it on a large machine. Mebibytes. */
const HEAP = { maxYoungGenerationSizeMb: 24 };

export interface ThreadOptions {
  readonly script: URL;
  readonly name: string;
  readonly data: unknown;
  readonly onFailure: (error: EventStoreError) => void;
  /** Calls of one turn go in one message: an array of them instead of one each. */
  readonly gathers?: boolean;
}

export class ThreadClient<Call> {
  readonly #worker: Worker;
  readonly #gathers: boolean;
  #gathered: Numbered<Call>[] = [];
  readonly #name: string;
  readonly #pending = new Map<number, Pending>();
  readonly #onFailure: (error: EventStoreError) => void;
  readonly #exited: Promise<void>;
  #lastId: number = READY_ID;
  #failure: EventStoreError | null = null;
  #closing = false;

  private constructor({ script, name, data, onFailure, gathers }: ThreadOptions) {
    this.#name = name;
    this.#onFailure = onFailure;
    this.#gathers = gathers ?? false;
    this.#worker = new Worker(script, { workerData: data, name, resourceLimits: HEAP });
    this.#worker.on('message', (replies: readonly Reply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    this.#worker.on('messageerror', (error) => this.#fail(messageOf(error)));
    this.#worker.on('error', (error: unknown) => this.#fail(messageOf(error)));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code: number) => {
        this.#fail(`it ended with code ${code}`);
        resolve();
      });
    });
  }

  /**
   * Starts a thread and waits for its first message.
   * @throws EventStoreError as the thread says, or 'closed' when it dies.
   */
  static async start<Call>(
    options: ThreadOptions,
  ): Promise<{ readonly client: ThreadClient<Call>; readonly ready: unknown }> {
    const client = new ThreadClient<Call>(options);
    try {
      const ready = await new Promise((resolve, reject) => {
        client.#pending.set(READY_ID, { resolve, reject });
      });
      return { client, ready };
    } catch (error) {
      client.#closing = true;
      await client.#worker.terminate();
      throw error;
    }
  }

  /** Why no call can succeed any more, or null. */
  get failure(): EventStoreError | null {
    return this.#failure;
  }

  call(call: Call, transfer: readonly Transferable[] = []): Promise<unknown> {
    const failure = this.#failure;
    if (failure !== null) return Promise.reject(failure);
    const message: Numbered<Call> = { id: ++this.#lastId, call };
    return new Promise((resolve, reject) => {
      this.#pending.set(message.id, { resolve, reject });
      if (this.#gathers) this.#gather(message);
      else this.#worker.postMessage(message, transfer);
    });
  }

  #gather(message: Numbered<Call>): void {
    this.#gathered.push(message);
    if (this.#gathered.length > 1) return;
    setImmediate(() => {
      this.#worker.postMessage(this.#gathered);
      this.#gathered = [];
    });
  }

  /** Asks the thread to end by `call`, after all that was asked before, and waits until it has. */
  async close(call: Call): Promise<void> {
    if (this.#closing || this.#failure !== null) return this.#exited;
    this.#closing = true;
    try {
      await this.call(call);
    } finally {
      await this.#exited;
    }
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (reply.ok) pending.resolve(reply.value);
    else pending.reject(new EventStoreError(reply.code, reply.message));
  }

  #fail(reason: string): void {
    if (this.#failure !== null) return;
    const failure = new EventStoreError(
      'closed',
      this.#closing ? 'the event store is closed' : `the ${this.#name} thread has died: ${reason}`,
    );
    this.#failure = failure;
    for (const pending of this.#pending.values()) pending.reject(failure);
    this.#pending.clear();
    if (!this.#closing) this.#onFailure(failure);
  }
}
