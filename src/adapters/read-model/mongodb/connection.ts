/** The way to MongoDB: bounded waiting, retries with backoff, and a word when it is lost and when it is back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, MongoClient, ReadConcern } from 'mongodb';
import { type Log, ReadModelUnavailableError } from '../../../app/ports.ts';
import { isTransient } from './errors.ts';

export interface MongoOptions {
  /** `mongodb://…/database` or `mongodb+srv://…/database`: the database is Fleetwave's own. */
  readonly url: string;
  readonly log: Log;
  /** How long an operation waits for a server that can serve it, milliseconds; default 3000. */
  readonly select_ms?: number;
  /** How long it waits for an answer, milliseconds; default 20,000. */
  readonly answer_ms?: number;
  /** Connections at most; default 10. */
  readonly connections?: number;
}

export interface RetryOptions {
  /** How long an operation is repeated while the store can't be reached; 0 = it fails at once. */
  readonly retry_ms: number;
}

const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 2000;

/** Makes a client; what it promises is not left to the connection string. */
export function createClient(options: Omit<MongoOptions, 'log'>): MongoClient {
  const { url, select_ms = 3000, answer_ms = 20_000, connections = 10 } = options;
  if (!/^mongodb(\+srv)?:\/\/[^/]+\/[^/?]+/.test(url))
    throw new Error('FLEETWAVE_MONGODB names no database: give it as mongodb://host:27017/fleetwave.');
  return new MongoClient(url, {
    appName: 'fleetwave',
    serverSelectionTimeoutMS: select_ms,
    connectTimeoutMS: select_ms,
    waitQueueTimeoutMS: answer_ms,
    socketTimeoutMS: answer_ms,
    maxPoolSize: connections,
    retryReads: true,
    readPreference: 'primary',
    // Never what a new primary could take back, in either direction.
    readConcern: new ReadConcern('majority'),
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: answer_ms },
  });
}

/** Servers without user and password, for messages. */
export const hostsOf = (url: string): string => /^[^:]+:\/\/(?:[^@/]*@)?([^/?]*)/.exec(url)?.[1] ?? '';

export class Connection {
  readonly db: Db;
  readonly log: Log;
  readonly hosts: string;
  readonly #client: MongoClient;
  readonly #retry_ms: number;
  readonly #closing = new AbortController();
  #lostAt: number | null = null;
  #losses = 0;
  #retries = 0;

  private constructor(client: MongoClient, options: MongoOptions & RetryOptions) {
    this.#client = client;
    this.#retry_ms = options.retry_ms;
    this.db = client.db();
    this.log = options.log;
    this.hosts = hostsOf(options.url);
  }

  /** @throws ReadModelUnavailableError when no server answers within the time for retries. */
  static async open(options: MongoOptions & RetryOptions): Promise<Connection> {
    const connection = new Connection(createClient(options), options);
    try {
      await connection.run(() => connection.db.command({ ping: 1 }));
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  /**
   * Does what can be done twice, again and again while the store can't be reached, as long as the bound allows.
   * @throws ReadModelUnavailableError when it could not be reached in time; anything else as the store answered it.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#retry_ms;
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await work();
        this.#answered();
        return result;
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.#failed(error);
        const wait = backoff(attempt);
        if (performance.now() + wait > deadline || this.#closing.signal.aborted)
          throw this.unavailable(error);
        this.#retries++;
        await sleep(wait, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  unavailable(cause: unknown): ReadModelUnavailableError {
    return new ReadModelUnavailableError(
      `MongoDB at ${this.hosts} (FLEETWAVE_MONGODB) can't be reached: ${messageOf(cause)}`,
      { cause },
    );
  }

  stats(): Readonly<Record<string, number>> {
    return { lost: this.#lostAt === null ? 0 : 1, losses: this.#losses, retries: this.#retries };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client.close();
  }

  #failed(error: unknown): void {
    if (this.#lostAt !== null || this.#closing.signal.aborted) return;
    this.#lostAt = performance.now();
    this.#losses++;
    this.log('warn', `MongoDB at ${this.hosts} does not answer; waiting for it`, { why: messageOf(error) });
  }

  #answered(): void {
    if (this.#lostAt === null) return;
    const after_ms = Math.round(performance.now() - this.#lostAt);
    this.#lostAt = null;
    this.log('info', `MongoDB at ${this.hosts} answers again`, { after_ms });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Doubling, with chance in it, so that processes that lost the store together don't come back together. */
const backoff = (attempt: number): number =>
  Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(attempt, 10), LONGEST_BACKOFF_MS) * (0.5 + Math.random() / 2);
