/** A connection that fails, stops or loses an answer at a chosen write: every step of the adapter is one write. */
import {
  type AnyBulkWriteOperation,
  type Collection,
  type Db,
  type Document,
  MongoNetworkError,
} from 'mongodb';
import type { Connection } from '../../../../src/adapters/read-model/mongodb/connection.ts';

/** The process ended here: nothing is tried again. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

export type Fault =
  /** Ends before the write, after it, or after half of a bulk write. */
  | 'before'
  | 'after'
  | 'half'
  /** The write is done, its answer is lost, and it is tried again. */
  | 'lost';

export interface FaultPlan {
  /** Counted from 0 over all writes through the connection. */
  readonly step: number;
  readonly fault: Fault;
}

const WRITES = new Set([
  'bulkWrite',
  'updateOne',
  'replaceOne',
  'findOneAndUpdate',
  'deleteOne',
  'deleteMany',
  'createIndexes',
]);

type Call = (...args: unknown[]) => Promise<unknown>;
/** Wraps a write: what it does instead of it. */
type Around = (write: Call, method: string) => Call;

/** The same connection, with every write going through `around`. */
function wrap(connection: Connection, around: Around): Connection {
  const db = new Proxy(connection.db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as Call;
      if (name === 'dropCollection') return around(call, name);
      return name === 'collection'
        ? (...args: Parameters<Db['collection']>) => wrapCollection(target.collection(...args), around)
        : call;
    },
  });
  return new Proxy(connection, {
    get(target, name) {
      if (name === 'db') return db;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const wrapCollection = <T extends Document>(collection: Collection<T>, around: Around): Collection<T> =>
  new Proxy(collection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as Call;
      return typeof name === 'string' && WRITES.has(name) ? around(call, name) : call;
    },
  });

export interface Faulty {
  readonly connection: Connection;
  /** Writes so far. */
  steps(): number;
}

/** Fails once, at the planned write; after a crash nothing more gets through. */
export function withFault(connection: Connection, plan: FaultPlan | null): Faulty {
  let steps = 0;
  let crashed = false;
  const around: Around =
    (write, method) =>
    async (...args) => {
      if (crashed) throw new Crash();
      if (plan === null || steps++ !== plan.step) return await write(...args);
      if (plan.fault === 'lost') {
        await write(...args);
        throw new MongoNetworkError('the answer is lost');
      }
      crashed = true;
      if (plan.fault === 'after') await write(...args);
      if (plan.fault === 'half' && method === 'bulkWrite') {
        const operations = args[0] as AnyBulkWriteOperation<Document>[];
        const half = operations.slice(0, Math.ceil(operations.length / 2));
        await write(half, args[1]);
      }
      throw new Crash();
    };
  return { connection: wrap(connection, around), steps: () => steps };
}

export interface Paused {
  readonly connection: Connection;
  /** Resolves when the planned write is about to be done, or `over` does first. */
  readonly reached: Promise<void>;
  resume(): void;
}

/** Stops before the planned write until it is told to go on, as a process does that was stopped (SIGSTOP). */
export function withPause(connection: Connection, step: number): Paused {
  let steps = 0;
  let reach = (): void => {};
  let resume = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const around: Around =
    (write) =>
    async (...args) => {
      if (steps++ >= step) {
        reach();
        await gate;
      }
      return await write(...args);
    };
  return { connection: wrap(connection, around), reached, resume };
}
