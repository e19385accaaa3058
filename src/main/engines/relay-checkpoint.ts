/** How far events have been handed on: beside the read models in MongoDB, or in a file of the data directory. */
import { existsSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { RelayCheckpoint } from '../../app/event-relay.ts';
import { type Log, type Position, START } from '../../app/ports.ts';
import type { Config } from '../../config.ts';
import { openReadModelWriter, readModelSpecOf } from './read-models.ts';

const NAME = 'event-relay@1';

export interface OpenedCheckpoint extends RelayCheckpoint {
  close(): Promise<void>;
}

export async function openRelayCheckpoint(config: Config, log: Log): Promise<OpenedCheckpoint> {
  const spec = readModelSpecOf(config);
  if (spec.kind === 'sqlite') return inFile(join(config.paths.dataDir, 'event-relay.json'));
  const writer = await openReadModelWriter(spec, log);
  await writer.prepare(NAME, []);
  return {
    load: () => writer.checkpoint(NAME),
    save: (checkpoint) => writer.write(NAME, { puts: [], deletes: [], checkpoint }),
    close: () => writer.close(),
  };
}

function inFile(path: string): OpenedCheckpoint {
  return {
    load: async () =>
      existsSync(path)
        ? (JSON.parse(await readFile(path, 'utf8')) as { position: Position }).position
        : START,
    async save(position) {
      const file = await open(`${path}.new`, 'w');
      try {
        await file.writeFile(JSON.stringify({ position }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    },
    close: async () => undefined,
  };
}
