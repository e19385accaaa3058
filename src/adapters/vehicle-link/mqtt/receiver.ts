/**
 * Takes messages from one connection, many at a time, and acknowledges them in their order when they are durable.
 *
 * mqtt.js handles one message at a time: it sends the PUBACK and takes the next when `handleMessage` calls back,
 * and leaves the PUBACK out when that is with an error. So it is always called back with one, at once, and the
 * acknowledgements are written here, once the messages before have theirs [MQTT-4.6.0-2].
 */
import type { IPublishPacket, MqttClient } from 'mqtt';
import type { Intake } from './intake.ts';
import type { UplinkStats } from './uplink-stats.ts';

/** How much one connection may have under way; what its predecessors left counts, too. */
export interface Allowance {
  readonly messages: number;
  /** Payload. */
  readonly bytes: number;
}

export interface ReceiverOptions {
  readonly intake: Intake;
  readonly stats: UplinkStats;
  /** A message could not be delivered: neither it nor what came after it is acknowledged on this connection. */
  readonly onFailure: (error: unknown) => void;
}

interface Entry {
  /** Null for QoS 0. */
  readonly messageId: number | null;
  done: boolean;
}

const PUBACK_BYTES = 4;
/** While reading is held no answer to a ping is read; mqtt.js would take that for the end after 45 s. */
const HELD_PING_MS = 10_000;
/** mqtt.js must not acknowledge by itself. */
const ACKNOWLEDGED_LATER = new Error('acknowledged later');

/** Survives connections: what a connection left undelivered still takes memory. */
export class Receiver {
  allowance: Allowance;
  #options: ReceiverOptions;
  #messages = 0;
  #bytes = 0;
  #turn: Turn | null = null;

  constructor(allowance: Allowance, options: ReceiverOptions) {
    this.allowance = allowance;
    this.#options = options;
  }

  get inFlight(): number {
    return this.#messages;
  }

  /** Begins with a new connection: call it before its first packet. */
  attach(client: MqttClient): void {
    const turn = new Turn(client, this.#options);
    this.#turn?.end();
    this.#turn = turn;
    client.handleMessage = (packet, next) => {
      this.#take(turn, packet);
      if (this.#isFull()) turn.hold(() => next(ACKNOWLEDGED_LATER));
      else next(ACKNOWLEDGED_LATER);
    };
  }

  /** The session has no past: what the broker retains counts as news. */
  greetRetained(): void {
    if (this.#turn !== null) this.#turn.greet = true;
  }

  /** Takes nothing more from the connection; what was taken is still acknowledged. */
  drain(): void {
    this.#turn?.drain();
  }

  detach(): void {
    this.#turn?.end();
    this.#turn = null;
  }

  #isFull(): boolean {
    const { messages, bytes } = this.allowance;
    return this.#messages >= messages || this.#bytes >= bytes;
  }

  #take(turn: Turn, packet: IPublishPacket): void {
    if (turn.ended) return;
    const { intake, stats } = this.#options;
    const entry: Entry = { messageId: packet.qos === 0 ? null : (packet.messageId ?? null), done: false };
    turn.entries.push(entry);
    const size = packet.payload.length;
    const feedback = packet.topic.endsWith('/presence') ? 0 : 1;
    const settled = (): void => {
      this.#messages--;
      this.#bytes -= size;
      if (!this.#isFull()) this.#turn?.release();
    };
    const work = begin(() => intake.take(packet, turn.greet));
    if (work === null) {
      turn.settle(entry);
      return;
    }
    this.#messages++;
    this.#bytes += size;
    work
      .then(
        () => {
          stats.delivered += feedback;
          turn.settle(entry);
        },
        (error: unknown) => {
          stats.undelivered += feedback;
          turn.fail(error);
        },
      )
      .finally(settled)
      .catch(this.#options.onFailure);
  }
}

/** An error thrown on the spot is one like any other. */
function begin(work: () => Promise<void> | null): Promise<void> | null {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What belongs to one connection: packet ids mean nothing on another one. */
class Turn {
  readonly entries: Entry[] = [];
  greet = false;
  ended = false;
  #client: MqttClient;
  #options: ReceiverOptions;
  #first = 0;
  #flushing = false;
  #next: (() => void) | null = null;
  #pings: NodeJS.Timeout | null = null;
  #draining = false;

  constructor(client: MqttClient, options: ReceiverOptions) {
    this.#client = client;
    this.#options = options;
  }

  settle(entry: Entry): void {
    entry.done = true;
    if (this.ended || this.#flushing) return;
    this.#flushing = true;
    // Acknowledgements of one turn of the event loop leave together.
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  fail(error: unknown): void {
    if (this.ended) return;
    this.#flush();
    this.end();
    this.#options.onFailure(error);
  }

  hold(next: () => void): void {
    this.#options.stats.holds++;
    this.#next = next;
    this.#pings ??= setInterval(() => {
      this.#client.sendPing();
      this.#client.reschedulePing(true);
    }, HELD_PING_MS);
  }

  release(): void {
    if (this.#draining || this.#next === null) return;
    const next = this.#next;
    this.#stopHolding();
    next();
  }

  drain(): void {
    this.#draining = true;
    this.#client.handleMessage = (_packet, next) => this.hold(() => next(ACKNOWLEDGED_LATER));
  }

  end(): void {
    this.ended = true;
    this.entries.length = 0;
    this.#first = 0;
    this.#stopHolding();
  }

  #stopHolding(): void {
    this.#next = null;
    if (this.#pings !== null) clearInterval(this.#pings);
    this.#pings = null;
  }

  /** Acknowledges all up to the first that is not done. */
  #flush(): void {
    if (this.ended) return;
    const ids: number[] = [];
    let entry = this.entries[this.#first];
    while (entry?.done === true) {
      if (entry.messageId !== null) ids.push(entry.messageId);
      entry = this.entries[++this.#first];
    }
    if (this.#first * 2 > this.entries.length) {
      this.entries.splice(0, this.#first);
      this.#first = 0;
    }
    if (ids.length === 0) return;
    this.#client.stream.write(pubacks(ids));
  }
}

/** The same in MQTT 3.1.1 and 5, where a PUBACK of two bytes means success. */
function pubacks(messageIds: readonly number[]): Buffer {
  const packets = Buffer.allocUnsafe(messageIds.length * PUBACK_BYTES);
  for (const [index, id] of messageIds.entries()) {
    packets.writeUInt16BE(0x4002, index * PUBACK_BYTES);
    packets.writeUInt16BE(id, index * PUBACK_BYTES + 2);
  }
  return packets;
}
