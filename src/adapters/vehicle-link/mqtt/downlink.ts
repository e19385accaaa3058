/** Messages to vehicles over an external broker. It keeps the newest `update` of each vehicle for who comes later. */
import { randomUUID } from 'node:crypto';
import type { Log } from '../../../app/ports/log.ts';
import type { VehicleLink } from '../../../app/ports/vehicle-link.ts';
import { parseTopic } from '../../../protocol/topics.ts';
import { createDialer } from './dialer.ts';
import { type KeptConnection, keepConnected } from './kept-connection.ts';
import { NotSentError, PublishWindow, type WindowLimits } from './publish-window.ts';
import { type RetainedMessage, readRetained } from './retained.ts';
import { type MqttSettings, shown } from './settings.ts';

export interface MqttDownlinkOptions extends MqttSettings {
  /**
   * One for each process and the same after its restart: by it the broker ends the connection of a predecessor
   * that is only half gone, so that nothing old comes out of it after what is new.
   */
  readonly clientId: string;
  readonly log: Log;
  /** After every connection but the first: the broker may have lost what it was given. */
  readonly onReconnected: () => void;
  /** Messages that the broker has not acknowledged; default 1000. A broker that grants less has its way. */
  readonly maxInFlight?: number;
  /** Messages that wait for a place among these; default 100,000. */
  readonly maxWaiting?: number;
  /** Without an acknowledgement for this long, what is under way has failed, milliseconds; default 5000. */
  readonly stall_ms?: number;
  /** How long opening waits for the broker, milliseconds; default 10,000. */
  readonly openWithin_ms?: number;
  /** First and longest pause between attempts to connect, milliseconds. */
  readonly pauses_ms?: readonly [number, number];
}

export interface MqttDownlink extends VehicleLink {
  /**
   * Resolves when the broker has acknowledged all messages. Messages of one vehicle and topic keep their order.
   * @throws NotSentError at once when there is no connection or too much waits, and as soon as the connection is
   *   lost or has stalled: it is not known then which of them the broker has.
   */
  send: VehicleLink['send'];
  /**
   * Vehicles for which the broker retains an offer (or something that can't be read), in batches.
   * @throws Error when the connection ends before all were read.
   */
  retainedOffers(): AsyncIterable<readonly string[]>;
  connected(): boolean;
  stats(): Readonly<Record<string, number>>;
  /** Waits a little for what is under way. */
  close(): Promise<void>;
}

const MAX_IN_FLIGHT = 1000;
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024;
const MAX_WAITING = 100_000;
const STALL_MS = 5000;
const OPEN_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 2000;
const POLL_MS = 10;

/** @throws Error naming FLEETWAVE_MQTT when the broker can't be had. */
export async function openMqttDownlink(options: MqttDownlinkOptions): Promise<MqttDownlink> {
  const dial = createDialer(options);
  const limits: WindowLimits = {
    inFlight: options.maxInFlight ?? MAX_IN_FLIGHT,
    bytes: MAX_IN_FLIGHT_BYTES,
    waiting: options.maxWaiting ?? MAX_WAITING,
    stall_ms: options.stall_ms ?? STALL_MS,
  };
  const stats = { published: 0, acknowledged: 0, refused: 0, failedSends: 0, reconnections: 0 };
  let window: PublishWindow | null = null;
  let closing = false;

  const kept: KeptConnection = keepConnected({
    name: 'downlink',
    log: options.log,
    ...(options.pauses_ms === undefined ? {} : { pauses_ms: options.pauses_ms }),
    open: () => dial({ clientId: options.clientId, session_s: 0 }),
    async ready(connection, times) {
      window = new PublishWindow(connection, limits, stats);
      if (times === 1) return;
      stats.reconnections++;
      // In a turn of its own: it may send.
      setImmediate(options.onReconnected);
    },
    lost() {
      window?.break(new NotSentError('the connection to the MQTT broker was lost'));
      window = null;
    },
  });
  await kept.first(options.openWithin_ms ?? OPEN_WITHIN_MS).catch(async (error: Error) => {
    await kept.stop();
    throw new Error(`FLEETWAVE_MQTT: ${shown(options)} can't be used: ${error.message}.`, { cause: error });
  });

  return {
    send: (messages) =>
      new Promise((resolve, reject) => {
        const done = (failure: Error | null): void => {
          if (failure !== null) stats.failedSends++;
          if (failure === null) resolve();
          else reject(failure);
        };
        if (closing) done(new NotSentError('the connection to the MQTT broker is being closed'));
        else if (window === null) done(new NotSentError('there is no connection to the MQTT broker'));
        else window.send(messages, done);
      }),
    async *retainedOffers() {
      const clientId = `${options.clientId}-retained-${randomUUID().slice(0, 8)}`;
      for await (const messages of readRetained(dial, { clientId, filter: 'fw/v1/+/update' })) {
        const vehicles = messages
          .filter(holdsAnOffer)
          .flatMap(({ topic }) => parseTopic(topic)?.vehicleId ?? []);
        if (vehicles.length > 0) yield vehicles;
      }
    },
    connected: () => kept.current() !== null,
    stats: () => ({
      ...stats,
      connected: kept.current() === null ? 0 : 1,
      inFlight: window?.inFlight ?? 0,
      waiting: window?.waiting ?? 0,
    }),
    async close() {
      closing = true;
      const deadline = performance.now() + CLOSE_WITHIN_MS;
      while (window !== null && window.inFlight > 0 && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await kept.stop();
    },
  };
}

/** What can't be read counts as one: it is to be replaced. */
function holdsAnOffer({ payload }: RetainedMessage): boolean {
  if (payload.length === 0) return false;
  try {
    const { offers } = JSON.parse(payload.toString()) as { readonly offers: readonly unknown[] };
    return offers.length > 0;
  } catch {
    return true;
  }
}
