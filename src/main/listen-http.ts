import { createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Config, ConfigError, environmentName } from '../config.ts';

/** Any port that is free now, for the advice in an error. */
const freePort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });

/** @returns the address, without a slash at the end. @throws ConfigError naming the setting and a free port. */
export async function listenHttp(api: FastifyInstance, config: Config): Promise<string> {
  try {
    return (await api.listen({ host: config.httpHost, port: config.httpPort })).replace(/\/$/, '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const free = await freePort(config.httpHost);
    throw new ConfigError(
      `Port ${config.httpPort} on ${config.httpHost} is taken. Set ${environmentName('httpPort')} (or --http-port) to a free one, such as ${free}.`,
    );
  }
}
