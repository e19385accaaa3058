/** aedes as it comes: no confinement, no handlers, nothing made durable before the PUBACK. */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

export async function startRawBroker(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const broker = await Aedes.createBroker();
  const server = createServer((socket) => broker.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the broker has no TCP address');
  return {
    port: address.port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => {
        broker.close(() => resolve());
      });
      await closed;
    },
  };
}
