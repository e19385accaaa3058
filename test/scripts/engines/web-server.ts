/** The smallest engine: a web server that says its pid, for tests of what starts and ends engines. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineRecipe } from '../../../scripts/engines/engine.ts';
import { rememberedPort } from '../../../scripts/engines/ports.ts';
import { launch } from '../../../scripts/engines/process.ts';

const PROGRAM = `
  const server = require('node:http').createServer((_, response) => response.end(String(process.pid)));
  setTimeout(() => server.listen(Number(process.argv[1]), '127.0.0.1'), 200);
`;

export const ask = async (url: string): Promise<number> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  return Number(await response.text());
};

export const webServer: EngineRecipe = {
  name: 'documents',
  setting: 'FLEETWAVE_MONGODB',
  install: async () => undefined,
  start: async ({ directory, port: wanted }) => {
    const port = await rememberedPort(directory, wanted);
    const url = `http://127.0.0.1:${port}`;
    const launched = await launch({
      name: 'web server',
      directory,
      command: process.execPath,
      args: ['-e', PROGRAM, String(port)],
      probe: () => ask(url),
    });
    appendFileSync(join(directory, 'starts'), `${launched.pid}\n`);
    return { ...launched, name: 'documents', url, version: 'web 1', directory };
  },
};
