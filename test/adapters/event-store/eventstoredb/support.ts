/** A store on a double of its own, both ended with the test; what the store logs is kept. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStoreDb } from '../../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import type { Log, LogLevel } from '../../../../src/app/ports.ts';
import {
  type DoubleOptions,
  type EventStoreDouble,
  startEventStoreDouble,
} from '../../../doubles/eventstoredb/double.ts';

type StoreOptions = Omit<Parameters<typeof openEventStoreDb>[0], 'connectionString' | 'log'>;
export type TestedStore = Awaited<ReturnType<typeof openEventStoreDb>>;

export interface Line {
  readonly level: LogLevel;
  readonly message: string;
}

export interface Bench extends AsyncDisposable {
  readonly double: EventStoreDouble;
  readonly store: TestedStore;
  readonly lines: readonly Line[];
  /** Another process's store on the same server. */
  another(options?: StoreOptions): Promise<TestedStore>;
}

export async function bench(options: StoreOptions = {}, server: DoubleOptions = {}): Promise<Bench> {
  const double = await startEventStoreDouble(server);
  const lines: Line[] = [];
  const log: Log = (level, message) => lines.push({ level, message });
  const open = (more: StoreOptions) => openEventStoreDb({ connectionString: double.url, log, ...more });
  const stores = [await open(options)];
  return {
    double,
    store: stores[0] as TestedStore,
    lines,
    async another(more = {}) {
      const store = await open(more);
      stores.push(store);
      return store;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()));
      await double.stop();
    },
  };
}

export async function tempDirectory(): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'fleetwave-esdb-'));
  return { directory, remove: () => rm(directory, { recursive: true }) };
}
