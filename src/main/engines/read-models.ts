/** The read models that are configured. */
import { openSqliteReader } from '../../adapters/read-model/sqlite/sqlite-reader.ts';
import { openSqliteReadModel } from '../../adapters/read-model/sqlite/sqlite-writer.ts';
import type { Log, ReadModelReader, ReadModelWriter } from '../../app/ports.ts';
import { type Config, ConfigError, environmentName } from '../../config.ts';

export type ReadModelSpec =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'mongodb'; readonly url: string };

export interface OpenedReader {
  readonly reader: ReadModelReader;
  readonly connected: () => boolean;
  readonly stats: () => Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export const readModelSpecOf = ({ mongodb, paths }: Config): ReadModelSpec =>
  mongodb === undefined ? { kind: 'sqlite', path: paths.readModels } : { kind: 'mongodb', url: mongodb };

/** @throws ConfigError naming the setting when MongoDB can't be used. */
export async function openReadModels(spec: ReadModelSpec, log: Log): Promise<OpenedReader> {
  if (spec.kind === 'sqlite') {
    const reader = openSqliteReader(spec.path);
    return { reader, connected: () => true, stats: () => ({}), close: async () => reader.close() };
  }
  const { openMongoReader } = await import('../../adapters/read-model/mongodb/mongo-reader.ts');
  const reader = await openMongoReader({ url: spec.url, log }).catch(unusable);
  return {
    reader,
    connected: () => reader.stats()['lost'] !== 1,
    stats: () => reader.stats(),
    close: () => reader.close(),
  };
}

/** @throws ConfigError naming the setting when MongoDB can't be used. */
export async function openReadModelWriter(spec: ReadModelSpec, log: Log): Promise<ReadModelWriter> {
  if (spec.kind === 'sqlite') return openSqliteReadModel(spec.path);
  const { openMongoReadModel } = await import('../../adapters/read-model/mongodb/mongo-writer.ts');
  return openMongoReadModel({ url: spec.url, log }).catch(unusable);
}

function unusable(error: unknown): never {
  throw new ConfigError(
    `${environmentName('mongodb')}: ${error instanceof Error ? error.message : String(error)}`,
  );
}
