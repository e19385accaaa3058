/** The connected vehicles: one session each, the newest. */
import type { Client } from 'aedes';
import type { DownMessage } from '../../../app/ports/vehicle-link.ts';
import { downTopicOf } from './confinement.ts';
import { GuardedConnection } from './guarded-connection.ts';
import { createSession, type Session, type SessionContext } from './session.ts';

export interface VehicleSessions {
  /** The session that this very client has; null when it has none any more. */
  of(client: Client | null): Session | null;
  has(vehicleId: string): boolean;
  opened(client: Client): void;
  closed(client: Client): void;
  subscribed(client: Client, granted: readonly { readonly topic: string; readonly qos: number }[]): void;
  unsubscribed(client: Client, topics: readonly string[]): void;
  send(messages: readonly DownMessage[]): void;
  disconnect(vehicleId: string): void;
  /** Resolves when nothing of anyone is being decided any more. */
  idle(): Promise<void>;
}

export function createVehicleSessions(context: SessionContext): VehicleSessions {
  const { handlers, stats, now } = context;
  const sessions = new Map<string, Session>();
  const of = (client: Client | null): Session | null => {
    const session = client === null ? undefined : sessions.get(client.id);
    return session !== undefined && session.client === client ? session : null;
  };
  return {
    of,
    has: (vehicleId) => sessions.has(vehicleId),

    opened(client) {
      const connection = client.conn;
      if (!(connection instanceof GuardedConnection))
        throw new Error('a client without a guarded connection');
      // The broker has closed an older connection by now, unless two came at the very same time.
      sessions.get(client.id)?.connection.destroy();
      sessions.set(client.id, createSession(client.id, client, connection, context));
      stats.connected = sessions.size;
      handlers.presence(client.id, true, now());
    },

    closed(client) {
      if (of(client) === null) return;
      sessions.delete(client.id);
      stats.connected = sessions.size;
      handlers.presence(client.id, false, now());
    },

    subscribed(client, granted) {
      for (const { topic, qos } of granted) {
        const name = downTopicOf(client.id, topic);
        if (name !== null) of(client)?.subscribed(name, qos);
      }
    },

    unsubscribed(client, topics) {
      for (const topic of topics) {
        const name = downTopicOf(client.id, topic);
        if (name !== null) of(client)?.unsubscribed(name);
      }
    },

    send(messages) {
      for (const { vehicleId, topic, payload } of messages) {
        const session = sessions.get(vehicleId);
        if (session === undefined) stats.dropped++;
        else session.send(topic, payload);
      }
    },

    disconnect: (vehicleId) => sessions.get(vehicleId)?.connection.destroy(),

    async idle() {
      await Promise.all([...sessions.values()].map((session) => session.idle()));
    },
  };
}
