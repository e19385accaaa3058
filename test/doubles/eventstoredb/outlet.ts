/** The sending side of a streamed answer: waits when the reader is slower, and knows when it has gone. */
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';

/** A message, or the bytes of one. */
export type ReadAnswer = streams.ReadResp | Buffer;
export type ReadCall = ServerWritableStream<streams.ReadReq, ReadAnswer>;

export class Outlet {
  readonly #call: ReadCall;
  #wake: (() => void) | undefined;

  constructor(call: ReadCall) {
    this.#call = call;
    const wake = () => this.#wake?.();
    for (const event of ['drain', 'cancelled', 'close', 'error']) call.on(event, wake);
  }

  /** The caller has gone; there is no one to send to. */
  get closed(): boolean {
    return this.#call.cancelled || this.#call.destroyed;
  }

  /** Resolves when the next message may be sent. */
  async send(message: ReadAnswer): Promise<void> {
    if (this.closed) return;
    if (this.#call.write(message)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.closed) resolve();
    });
    this.#wake = undefined;
  }

  /** Resolves when the caller goes away. */
  onClosed(then: () => void): void {
    this.#call.once('cancelled', then);
    this.#call.once('close', then);
  }
}
