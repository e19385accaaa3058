/** Stand-in for EventStoreDB, which no package registry has: its gRPC protocol over SQLite (test/doubles). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import type { EngineRecipe, RunningEngine, StartOptions } from './engine.ts';
import { rememberedPort } from './ports.ts';
import { launch } from './process.ts';

const ENTRY = join(import.meta.dirname, '../../test/doubles/eventstoredb/serve.ts');
const CONTROL_PORT = 'control-port';
const VERSION = '24.10';
const PROBE_MS = 2000;

export const eventStoreDouble: EngineRecipe = {
  name: 'eventstore-double',
  setting: 'FLEETWAVE_EVENT_STORE',

  /** It comes with the sources. */
  async install() {},

  async start(options: StartOptions): Promise<RunningEngine> {
    const { directory } = options;
    const port = await rememberedPort(directory, options.port);
    const controlPort = await rememberedPort(directory, 0, CONTROL_PORT);
    const url = `esdb://127.0.0.1:${port}?tls=false`;
    const launched = await launch({
      name: 'The double of EventStoreDB',
      directory,
      command: process.execPath,
      args: [
        ENTRY,
        ...['--directory', join(directory, 'data'), '--version', VERSION],
        ...['--port', String(port), '--control-port', String(controlPort)],
      ],
      probe: () => readsHead(url),
    });
    return {
      name: 'eventstore-double',
      url,
      version: `double of EventStoreDB ${VERSION}`,
      directory,
      ...launched,
    };
  },
};

/** Where the faults of the double in this directory are steered: `http://127.0.0.1:PORT`. */
export const controlUrl = (directory: string): string =>
  `http://127.0.0.1:${readFileSync(join(directory, CONTROL_PORT), 'utf8').trim()}`;

async function readsHead(url: string): Promise<void> {
  const client = EventStoreDBClient.connectionString(url);
  const head = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 });
  const timer = setTimeout(() => head.destroy(new Error(`no answer within ${PROBE_MS} ms`)), PROBE_MS);
  try {
    for await (const _event of head);
  } finally {
    clearTimeout(timer);
    await client.dispose();
  }
}
