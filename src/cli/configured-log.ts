/** The log that the settings name, opened for reading: beside a running server, or without one. */
import { existsSync } from 'node:fs';
import type { EventStore } from '../app/ports.ts';
import type { Config } from '../config.ts';
import { logSpecOf, openLogReader } from '../main/engines/event-log.ts';
import { CliError } from './client.ts';
import { sayOnStderr } from './say.ts';

export type LogReader = Omit<EventStore, 'append'>;

/** @throws CliError when there is none, or ConfigError naming the setting when its engine can't be reached. */
export async function openConfiguredLog(config: Config): Promise<LogReader> {
  const spec = logSpecOf(config);
  if (spec.kind === 'sqlite' && !existsSync(spec.path))
    throw new CliError(`There is no log at ${spec.path}: name the data directory with --data-dir.`);
  return openLogReader(spec, sayOnStderr);
}
