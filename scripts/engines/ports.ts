/** Loopback ports of the engines. */
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/**
 * Below the range that systems take the ports of outgoing connections from (Linux 32768, others 49152). A server
 * inside it can't restart while any connection has its port, and a client that retries against the dead server can
 * be given that very port and connect to itself.
 */
const LOWEST = 15_000;
const HIGHEST = 32_767;

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) return port;
  }
  throw new Error(`100 ports between ${LOWEST} and ${HIGHEST} were all taken.`);
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/**
 * The port of a directory's server: `wanted`, else the one it had before, else a free one. It is remembered under
 * `file`, so that a restart has the same and clients find it again.
 */
export async function rememberedPort(directory: string, wanted = 0, file = 'port'): Promise<number> {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, file);
  const before = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  const port = wanted || before || (await freePort());
  writeFileSync(path, `${port}\n`);
  return port;
}
