/**
 * Publishes over one connection, first in, first out, with a bound on what the broker has not acknowledged. What
 * waits is held here and not in mqtt.js, whose store has no bound and outlives the connection: a message that is
 * sent again after a newer one of its topic went out would bring back an old state.
 */
import type { DownMessage } from '../../../app/ports/vehicle-link.ts';
import { topicOf } from '../../../protocol/topics.ts';
import type { MqttConnection } from './dialer.ts';

/** The messages were not, or not all, acknowledged by the broker. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
}

export interface WindowLimits {
  /** Messages not acknowledged yet. */
  readonly inFlight: number;
  /** Their payload. */
  readonly bytes: number;
  /** Messages waiting for a place. */
  readonly waiting: number;
  /** Without an acknowledgement for this long, the connection counts as dead, milliseconds. */
  readonly stall_ms: number;
}

export interface WindowStats {
  published: number;
  acknowledged: number;
  refused: number;
}

interface Batch {
  readonly messages: readonly DownMessage[];
  next: number;
  unacknowledged: number;
  failure: Error | null;
  readonly done: (failure: Error | null) => void;
}

/** A topic and its packet id come on top of the payload. */
const PACKET_OVERHEAD = 128;

export class PublishWindow {
  #connection: MqttConnection;
  #limits: WindowLimits;
  #stats: WindowStats;
  #batches: Batch[] = [];
  #open = new Set<Batch>();
  #waiting = 0;
  #inFlight = 0;
  #bytes = 0;
  #progressAt = 0;
  #watch: NodeJS.Timeout | null = null;
  #broken: Error | null = null;
  #pumping = false;

  constructor(connection: MqttConnection, limits: WindowLimits, stats: WindowStats) {
    this.#connection = connection;
    this.#stats = stats;
    const inFlight = Math.min(limits.inFlight, connection.limits.receiveMaximum ?? limits.inFlight);
    this.#limits = { ...limits, inFlight };
  }

  get inFlight(): number {
    return this.#inFlight;
  }
  get waiting(): number {
    return this.#waiting;
  }

  /** Calls back once, when all are acknowledged or when it is known that not all will be. */
  send(messages: readonly DownMessage[], done: (failure: Error | null) => void): void {
    const refusal = this.#broken ?? this.#refusal(messages);
    if (refusal !== null || messages.length === 0) {
      done(refusal);
      return;
    }
    const batch: Batch = { messages, next: 0, unacknowledged: messages.length, failure: null, done };
    this.#batches.push(batch);
    this.#open.add(batch);
    this.#waiting += messages.length;
    this.#pump();
  }

  /** The connection is over: nothing of what is open will be acknowledged any more. */
  break(failure: Error): void {
    this.#broken = failure;
    if (this.#watch !== null) clearInterval(this.#watch);
    const open = [...this.#open];
    this.#open.clear();
    this.#batches = [];
    this.#waiting = 0;
    for (const { done } of open) done(failure);
  }

  #refusal(messages: readonly DownMessage[]): Error | null {
    if (this.#waiting + messages.length > this.#limits.waiting)
      return new NotSentError(`${this.#waiting} messages to vehicles wait for the broker already`);
    const most = this.#connection.limits.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    const large = messages.find(({ payload }) => payload.length + PACKET_OVERHEAD > most);
    if (large === undefined) return null;
    return new NotSentError(
      `the broker takes packets up to ${most} bytes, a message to ${large.vehicleId} has ${large.payload.length}: raise its limit (Mosquitto: max_packet_size)`,
    );
  }

  #pump(): void {
    // A client that is ending refuses on the spot, which calls for more from within.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#inFlight < this.#limits.inFlight && this.#bytes < this.#limits.bytes) {
      const batch = this.#batches[0];
      const message = batch?.messages[batch.next];
      if (batch === undefined) break;
      if (message === undefined) this.#batches.shift();
      else this.#publish(batch, message);
    }
    this.#pumping = false;
  }

  #publish(batch: Batch, { vehicleId, topic, payload }: DownMessage): void {
    batch.next++;
    if (this.#inFlight === 0) this.#progressAt = performance.now();
    this.#waiting--;
    this.#inFlight++;
    this.#bytes += payload.length;
    this.#stats.published++;
    this.#watch ??= setInterval(() => this.#check(), this.#limits.stall_ms / 4);
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    // The whole state is kept by the broker for who comes later; grants hold secrets and may not lie on its disk.
    const retain = topic === 'update';
    this.#connection.client.publish(topicOf(vehicleId, topic), bytes, { qos: 1, retain }, (error) => {
      this.#inFlight--;
      this.#bytes -= payload.length;
      if (this.#broken === null) this.#answered(batch, error ?? null);
    });
  }

  #answered(batch: Batch, error: Error | null): void {
    this.#progressAt = performance.now();
    this.#stats[error === null ? 'acknowledged' : 'refused']++;
    if (error !== null)
      batch.failure ??= new NotSentError(`the broker refused a message: ${error.message}`, { cause: error });
    if (--batch.unacknowledged === 0) {
      this.#open.delete(batch);
      batch.done(batch.failure);
    }
    this.#pump();
  }

  #check(): void {
    if (this.#inFlight === 0 || performance.now() - this.#progressAt < this.#limits.stall_ms) return;
    this.break(new NotSentError(`the broker has acknowledged nothing for ${this.#limits.stall_ms} ms`));
    this.#connection.destroy();
  }
}
