/** A TCP relay in front of a server: counts connections, and breaks them when told. */
import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** Open now. */
  open(): number;
  /** Ever made. */
  made(): number;
  /** Cuts each connection (once) when it has brought so many bytes from the server. */
  cutAfter(bytes: number): void;
  /** One answer, after so many others, is swallowed and its connection cut: the server has done what it was asked. */
  loseAnswer(after: number): void;
  /** Whether it has been lost by now. */
  lost(): boolean;
  close(): Promise<void>;
}

export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let made = 0;
  let cut = Number.POSITIVE_INFINITY;
  let answersLeft = Number.POSITIVE_INFINITY;
  const server = createServer((near) => {
    made++;
    const far = connect(target, '127.0.0.1');
    let brought = 0;
    sockets.add(near);
    const end = (): void => {
      sockets.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.pipe(far);
    far.on('data', (bytes) => {
      if (answersLeft-- === 0) {
        answersLeft = Number.NEGATIVE_INFINITY;
        return end();
      }
      brought += bytes.length;
      if (brought > cut) {
        cut = Number.POSITIVE_INFINITY;
        return end();
      }
      if (!near.write(bytes)) {
        far.pause();
        near.once('drain', () => far.resume());
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  return {
    port: address.port,
    open: () => sockets.size,
    made: () => made,
    cutAfter: (bytes) => {
      cut = bytes;
    },
    loseAnswer: (after) => {
      answersLeft = after;
    },
    lost: () => answersLeft === Number.NEGATIVE_INFINITY,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
