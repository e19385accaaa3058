/** A line to a server as an office has it: so many bytes a second towards it, counted. */
import { connect, createServer, type Socket } from 'node:net';

export interface SlowLine {
  readonly url: string;
  /** Bytes that came from this side, of all connections together. */
  sent(): number;
  /** Bytes a second from now on. */
  setRate(bytesPerSecond: number): void;
  close(): Promise<void>;
}

/** @param target port of the server, which may be away at times: then connections are cut. */
export async function startSlowLine(target: number, bytesPerSecond: number): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  let rate = bytesPerSecond;
  let sent = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    sockets.add(near);
    const end = (): void => {
      sockets.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    far.pipe(near);
    near.on('data', (bytes) => {
      sent += bytes.length;
      near.pause();
      const free = far.write(bytes)
        ? Promise.resolve()
        : new Promise((drained) => far.once('drain', drained));
      const wait = new Promise((resolve) => setTimeout(resolve, (bytes.length / rate) * 1000));
      void Promise.all([free, wait]).then(() => near.resume());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the line has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    sent: () => sent,
    setRate: (next) => {
      rate = next;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
