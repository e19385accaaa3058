/** One connected vehicle: what it sends goes to the engine in order, what it is sent is bounded. */
import type { Client } from 'aedes';
import type { DownTopic, VehicleLinkHandlers } from '../../../app/ports/vehicle-link.ts';
import { topicOf } from '../../../protocol/topics.ts';
import type { GuardedConnection } from './guarded-connection.ts';
import { publishPacket } from './publish-packet.ts';
import type { BrokerStats } from './stats.ts';

export interface SessionContext {
  readonly handlers: VehicleLinkHandlers;
  readonly budget: { take(bytes: number): void; give(bytes: number): void };
  readonly stats: BrokerStats;
  /** Bytes given to a connection and not read by the vehicle yet. */
  readonly maxPendingBytes: number;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export interface Session {
  readonly vehicleId: string;
  readonly client: Client;
  readonly connection: GuardedConnection;
  /** Takes one message in; calls back when it may be acknowledged, with an error when it may not. */
  take(channel: 'feedback' | 'inventory', payload: Uint8Array, done: (error: Error | null) => void): void;
  send(topic: DownTopic, payload: Uint8Array): void;
  subscribed(topic: DownTopic, qos: number): void;
  unsubscribed(topic: DownTopic): void;
  /** Resolves when nothing of this vehicle is being decided any more. */
  idle(): Promise<void>;
}

const MAX_PACKET_ID = 65_535;

export function createSession(
  vehicleId: string,
  client: Client,
  connection: GuardedConnection,
  context: SessionContext,
): Session {
  const { handlers, stats } = context;
  /** Subscribed now, with the QoS granted: a message is never sent with a higher one [MQTT-3.8.4-6]. */
  const topics = new Map<DownTopic, number>();
  /** Topics being rendered, and whether something newer went out meanwhile. */
  const rendering = new Map<DownTopic, { again: boolean }>();
  let packetId = 0;
  let failed = false;
  let tail: Promise<void> = Promise.resolve();

  function write(topic: DownTopic, payload: Uint8Array): void {
    if (connection.pendingBytes + payload.length > context.maxPendingBytes) {
      // It will come back and subscribe, and then see the state as it is then.
      stats.slowConsumers++;
      stats.dropped++;
      topics.clear();
      connection.destroy();
      return;
    }
    stats.sent++;
    if (topics.get(topic) === 0) {
      connection.write(publishPacket(topicOf(vehicleId, topic), payload, null));
      return;
    }
    packetId = (packetId % MAX_PACKET_ID) + 1;
    connection.write(publishPacket(topicOf(vehicleId, topic), payload, packetId));
  }

  /**
   * Renders until nothing was sent on the topic during the rendering: what was rendered before a send may be
   * older than it, and the vehicle must end with the newest.
   */
  async function show(topic: 'update' | 'grant'): Promise<void> {
    if (rendering.has(topic)) return;
    const mine = { again: true };
    rendering.set(topic, mine);
    try {
      while (mine.again && topics.has(topic)) {
        mine.again = false;
        const payload = await handlers.render(vehicleId, topic);
        if (!mine.again && payload !== null && topics.has(topic)) write(topic, payload);
      }
    } finally {
      rendering.delete(topic);
    }
  }

  /** Called in the order of arrival, before anything is awaited. */
  async function deliver(channel: 'feedback' | 'inventory', payload: Uint8Array): Promise<boolean> {
    try {
      await handlers.deliver({ vehicleId, channel, payload, receivedAt: context.now() });
      return true;
    } catch (error) {
      context.onError(error);
      return false;
    }
  }

  /** Nothing is acknowledged after a message that failed: the connection ends, and the vehicle sends again. */
  async function answer(safe: boolean, done: (error: Error | null) => void): Promise<void> {
    const ok = safe && !failed;
    // A turn for the acknowledgements of those before to leave.
    if (!ok && !failed) await new Promise((resolve) => setImmediate(resolve));
    failed = !ok;
    stats[ok ? 'delivered' : 'undelivered']++;
    done(ok ? null : new Error('the message could not be recorded'));
  }

  return {
    vehicleId,
    client,
    connection,

    take(channel, payload, done) {
      stats.received++;
      context.budget.take(payload.length);
      const safe = deliver(channel, payload);
      // One after another, as they came [MQTT-4.6.0-2].
      tail = tail
        .then(async () => answer(await safe, done))
        .catch(context.onError)
        .finally(() => {
          context.budget.give(payload.length);
          connection.settled();
        });
    },

    send(topic, payload) {
      const busy = rendering.get(topic);
      if (busy !== undefined) busy.again = true;
      if (topics.has(topic)) write(topic, payload);
      else stats.dropped++;
    },

    subscribed(topic, qos) {
      topics.set(topic, qos);
      if (topic !== 'receipt')
        show(topic).catch((error: unknown) => {
          context.onError(error);
          connection.destroy();
        });
    },

    unsubscribed(topic) {
      topics.delete(topic);
    },

    idle: () => tail,
  };
}
