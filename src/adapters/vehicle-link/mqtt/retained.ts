/** Reads once what the broker retains under a filter, over a connection of its own. */
import type { IPublishPacket } from 'mqtt';
import type { Dial, MqttConnection } from './dialer.ts';

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
}

export interface RetainedOptions {
  readonly clientId: string;
  readonly filter: string;
  /** Messages a batch; default 1000. */
  readonly batch?: number;
  /** After the broker has answered a ping: nothing more for this long is the end, milliseconds; default 500. */
  readonly quiet_ms?: number;
  /** Without a sign of the broker for this long it is given up, milliseconds; default 30,000. */
  readonly silence_ms?: number;
}

const QUIET_MS = 500;
const SILENCE_MS = 30_000;
const BATCH = 1000;

/**
 * In batches, in the broker's order; while a batch is being handled no more is taken from the broker.
 *
 * MQTT has no "that was all". A broker that keeps its order answers a ping sent after the subscription only when
 * the retained messages have left; others are given a quiet time after it. QoS 0, because a broker may queue only
 * so many messages of QoS 1 for a client (Mosquitto: max_queued_messages) and throws the rest away.
 *
 * @throws Error when the connection ends before that: what was yielded is not all.
 */
export async function* readRetained(
  dial: Dial,
  { clientId, filter, batch = BATCH, quiet_ms = QUIET_MS, silence_ms = SILENCE_MS }: RetainedOptions,
): AsyncGenerator<readonly RetainedMessage[]> {
  const inbox = new Inbox(batch);
  const connection = await dial({
    clientId,
    session_s: 0,
    // Pings of its own would go unanswered while a batch is being handled.
    keepalive_s: 0,
    prepare: (client) => {
      client.handleMessage = (packet, next) => inbox.put(packet, next);
      client.on('packetreceive', ({ cmd }) => {
        if (cmd === 'pingresp') inbox.answered();
      });
    },
  });
  try {
    connection.closed.then((reason) => inbox.fail(new Error(reason))).catch(() => undefined);
    await subscribe(connection, filter, silence_ms);
    connection.client.sendPing();
    for (;;) {
      const messages = await inbox.take(quiet_ms, silence_ms);
      if (messages.length > 0) yield messages;
      else return;
    }
  } finally {
    connection.destroy();
  }
}

async function subscribe({ client }: MqttConnection, filter: string, within_ms: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const bound = setTimeout(() => reject(new Error('the broker does not answer a subscription')), within_ms);
  try {
    await Promise.race([client.subscribeAsync(filter, { qos: 0 }), late]);
  } finally {
    clearTimeout(bound);
  }
}

class Inbox {
  #size: number;
  #messages: RetainedMessage[] = [];
  /** The broker waits for this. */
  #next: (() => void) | null = null;
  #wake: (() => void) | null = null;
  #heardAt = 0;
  #pinged = false;
  #failure: Error | null = null;

  constructor(size: number) {
    this.#size = size;
  }

  put(packet: IPublishPacket, next: () => void): void {
    this.#heardAt = performance.now();
    // Without the flag it was published just now, to an existing subscription.
    if (packet.retain) this.#messages.push({ topic: packet.topic, payload: Buffer.from(packet.payload) });
    if (this.#messages.length < this.#size) {
      next();
      return;
    }
    this.#next = next;
    this.#wake?.();
  }

  answered(): void {
    this.#heardAt = performance.now();
    this.#pinged = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  /** A full batch, or the rest when nothing more comes; empty = that was all. */
  async take(quiet_ms: number, silence_ms: number): Promise<readonly RetainedMessage[]> {
    // What has come while the batch before was being handled may still be in the socket.
    this.#heardAt = performance.now();
    while (this.#messages.length < this.#size) {
      if (this.#failure !== null) throw this.#failure;
      const left_ms = this.#heardAt + (this.#pinged ? quiet_ms : silence_ms) - performance.now();
      if (left_ms > 0) await this.#woken(left_ms);
      else if (this.#pinged) break;
      else throw new Error(`the broker has been silent for ${silence_ms} ms`);
    }
    const messages = this.#messages;
    this.#messages = [];
    this.#next?.();
    this.#next = null;
    return messages;
  }

  async #woken(within_ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, within_ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
    this.#wake = null;
  }
}
