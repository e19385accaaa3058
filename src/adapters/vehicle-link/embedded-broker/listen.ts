import { createServer, type Server } from 'node:net';

/** The port of the broker can't be had. The message names the setting and a port that is free. */
export class BrokerPortError extends Error {
  override readonly name = 'BrokerPortError';
}

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return address.port;
};

function tryListening(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve(portOf(server));
    });
  });
}

async function freePort(host: string): Promise<number> {
  const probe = createServer();
  const port = await tryListening(probe, 0, host);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * Listens and gives the port (0 = any free one).
 * @throws BrokerPortError when the port is taken or not allowed.
 */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  try {
    return await tryListening(server, port, host);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw new BrokerPortError(`MQTT: ${message}`);
    const what = code === 'EACCES' ? 'may not be used by this user' : 'is taken';
    const free = await freePort(host);
    throw new BrokerPortError(
      `MQTT port ${port} on ${host} ${what}. Set FLEETWAVE_MQTT_PORT to a free one, such as ${free}.`,
      { cause: error },
    );
  }
}
