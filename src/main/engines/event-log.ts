/** The event log that is configured, opened for writing or for following only. */
import { openSqliteEventReader } from '../../adapters/event-store/sqlite/sqlite-event-reader.ts';
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/sqlite-event-store.ts';
import type { EventStore, Log } from '../../app/ports.ts';
import { type Config, ConfigError, environmentName } from '../../config.ts';

export type LogSpec =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'eventstoredb'; readonly connectionString: string };

export interface OpenedLog {
  readonly store: EventStore;
  /** Whether the engine can be reached now. */
  readonly connected: () => boolean;
  readonly stats: () => Readonly<Record<string, number>>;
}

export const logSpecOf = ({ eventStore, paths }: Config): LogSpec =>
  eventStore === 'sqlite'
    ? { kind: 'sqlite', path: paths.log }
    : { kind: 'eventstoredb', connectionString: eventStore };

/**
 * @param name of the setting or flag that told where the log is.
 * @throws ConfigError with that name when the engine can't be reached.
 */
export async function openEventLog(
  spec: LogSpec,
  log: Log,
  name = environmentName('eventStore'),
): Promise<OpenedLog> {
  if (spec.kind === 'sqlite') {
    const store = await openSqliteEventStore({ path: spec.path });
    return { store, connected: () => true, stats: () => ({}) };
  }
  const opened = await openRemote(spec.connectionString, log, name);
  return { store: opened, connected: () => opened.connected(), stats: () => opened.stats() };
}

/** For threads and commands that only read, beside the process that writes. */
export async function openLogReader(
  spec: LogSpec,
  log: Log,
  name = environmentName('eventStore'),
): Promise<Omit<EventStore, 'append'> | EventStore> {
  return spec.kind === 'sqlite'
    ? openSqliteEventReader({ path: spec.path })
    : openRemote(spec.connectionString, log, name);
}

async function openRemote(connectionString: string, log: Log, name: string) {
  const { openEventStoreDb } = await import(
    '../../adapters/event-store/eventstoredb/eventstoredb-event-store.ts'
  );
  try {
    return await openEventStoreDb({ connectionString, log });
  } catch (error) {
    throw new ConfigError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
