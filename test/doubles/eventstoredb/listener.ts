/** The port of the double: takes connections, and breaks or refuses them when asked to. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';

export class Listener {
  readonly #accept: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #server: NetServer;
  #port = 0;
  #closed = false;
  #bytesOfClosed = 0;
  #away: Promise<void> = Promise.resolve();

  constructor(accept: (socket: Socket) => void) {
    this.#accept = accept;
    this.#server = this.#create();
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  get bytesSent(): number {
    let bytes = this.#bytesOfClosed;
    for (const socket of this.#sockets) bytes += socket.bytesWritten;
    return bytes;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection, without a word to the other side. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Is not there for this long; then listens on the same port again. One time away follows the other. */
  refuse(ms: number): Promise<void> {
    const back = this.#away.then(() => this.#goAway(ms));
    this.#away = back.catch(() => undefined);
    return back;
  }

  async #goAway(ms: number): Promise<void> {
    if (this.#closed) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (this.#closed) return;
    this.#server = this.#create();
    await this.listen(this.#port);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #create(): NetServer {
    return createServer((socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#bytesOfClosed += socket.bytesWritten;
      });
      this.#accept(socket);
    });
  }
}
