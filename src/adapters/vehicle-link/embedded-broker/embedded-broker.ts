/**
 * The MQTT 3.1.1 broker inside the server (aedes). It keeps nothing: no retained message, no session, no queue
 * for who is away. What a vehicle should see is rendered from the engine's state when it subscribes; what it
 * sends is acknowledged when the engine says that it is safe (DESIGN §4.1, §6).
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { VehicleLink, VehicleLinkHandlers } from '../../../app/ports/vehicle-link.ts';
import { MAX_MESSAGE_BYTES } from '../../../protocol/topics.ts';
import { type Budget, createBudget, GuardedConnection } from './guarded-connection.ts';
import { createHooks } from './hooks.ts';
import { listen } from './listen.ts';
import { createForgetfulStore, silentBus } from './nothing-kept.ts';
import { type BrokerStats, newStats } from './stats.ts';
import { createVehicleSessions, type VehicleSessions } from './vehicle-sessions.ts';

export interface EmbeddedBrokerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly handlers: VehicleLinkHandlers;
  /** Told of every error of a handler; the vehicle concerned has been disconnected. */
  readonly onError: (error: unknown) => void;
  readonly maxConnections?: number;
  /** PUBLISH packets of one vehicle that wait for the engine. */
  readonly maxInFlightPerClient?: number;
  /** Payload of all vehicles that waits for the engine, bytes. */
  readonly maxInFlightBytes?: number;
  /** Sent to one vehicle and not read by it, bytes; beyond it is disconnected. */
  readonly maxPendingBytesPerClient?: number;
  /** From TCP connection to CONNECT, milliseconds. */
  readonly connectTimeout_ms?: number;
  /** How long `stop` waits for what is being decided, milliseconds. */
  readonly stopTimeout_ms?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface EmbeddedBroker extends VehicleLink {
  readonly port: number;
  stats(): Readonly<BrokerStats>;
  /** Ends the connection of a vehicle whose credential was revoked; nothing when it is not connected. */
  disconnect(vehicleId: string): void;
  /** Takes nothing more, answers what it has taken, and closes. */
  stop(): Promise<void>;
}

/** Topic and packet id come on top of the payload. */
const MAX_PACKET_BYTES = MAX_MESSAGE_BYTES + 128;
/** Probes of TCP find vehicles that went without a word, also those that asked for no MQTT keep-alive. */
const TCP_KEEP_ALIVE_MS = 60_000;

const DEFAULT_CONNECTIONS = 50_000;
const DEFAULT_IN_FLIGHT = 64;
const DEFAULT_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
const DEFAULT_PENDING_BYTES = 1024 * 1024;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_STOP_TIMEOUT_MS = 5000;

/** @throws BrokerPortError naming the setting when the port can't be had. */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const stats = newStats();
  const budget = createBudget(options.maxInFlightBytes ?? DEFAULT_IN_FLIGHT_BYTES);
  const context = {
    handlers: options.handlers,
    budget,
    stats,
    maxPendingBytes: options.maxPendingBytesPerClient ?? DEFAULT_PENDING_BYTES,
    now: options.now ?? Date.now,
    onError: options.onError,
  };
  const sessions = createVehicleSessions(context);
  const broker = await Aedes.createBroker({
    ...createHooks(sessions, context),
    mq: silentBus,
    persistence: createForgetfulStore(),
    connectTimeout: options.connectTimeout_ms ?? DEFAULT_CONNECT_TIMEOUT_MS,
    // QoS 2 is not in the protocol; who uses it all the same gets a window that costs nothing.
    maxInflightInbound: 4,
  });
  follow(broker, sessions, options.onError);
  const connections = new Set<GuardedConnection>();
  const server = acceptConnections(broker, connections, budget, stats, options);
  const port = await listen(server, options.port, options.host).catch(async (error: unknown) => {
    await closeBroker(broker);
    throw error;
  });
  let stopped: Promise<void> | null = null;

  return {
    port,
    stats: () => ({ ...stats }),
    send: async (messages) => sessions.send(messages),
    disconnect: sessions.disconnect,
    stop() {
      stopped ??= shutDown(
        { server, broker, connections, sessions },
        options.stopTimeout_ms ?? DEFAULT_STOP_TIMEOUT_MS,
      );
      return stopped;
    },
  };
}

const closeBroker = (broker: Aedes): Promise<void> =>
  new Promise((resolve) => {
    broker.close(() => resolve());
  });

function follow(broker: Aedes, sessions: VehicleSessions, onError: (error: unknown) => void): void {
  broker.on('client', sessions.opened);
  broker.on('clientDisconnect', sessions.closed);
  broker.on('subscribe', (subscriptions, client) => {
    // What was refused comes with 0x80, which the types do not know.
    sessions.subscribed(
      client,
      subscriptions.filter(({ qos }) => Number(qos) <= 2),
    );
  });
  broker.on('unsubscribe', (topics, client) => sessions.unsubscribed(client, topics));
  // An event of the broker's own that its types leave out: without a listener it would end the process.
  (broker as NodeJS.EventEmitter).on('error', onError);
}

function acceptConnections(
  broker: Aedes,
  connections: Set<GuardedConnection>,
  budget: Budget,
  stats: BrokerStats,
  options: EmbeddedBrokerOptions,
): Server {
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  });
  server.maxConnections = options.maxConnections ?? DEFAULT_CONNECTIONS;
  server.on('drop', () => {
    stats.connectionsRefused++;
  });
  server.on('connection', (socket: Socket) => {
    const connection = new GuardedConnection(socket, {
      maxPacketBytes: MAX_PACKET_BYTES,
      maxInFlight: options.maxInFlightPerClient ?? DEFAULT_IN_FLIGHT,
      budget,
      onViolation(what) {
        stats[what === 'packet-too-large' ? 'tooLarge' : 'notMqtt']++;
      },
    });
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    broker.handle(connection);
  });
  return server;
}

async function shutDown(
  parts: {
    readonly server: Server;
    readonly broker: Aedes;
    readonly connections: ReadonlySet<GuardedConnection>;
    readonly sessions: VehicleSessions;
  },
  timeout_ms: number,
): Promise<void> {
  const { server, broker, connections, sessions } = parts;
  const closed = new Promise((resolve) => server.close(resolve));
  for (const connection of connections) connection.hold();
  const enough = new AbortController();
  await Promise.race([sessions.idle(), after(timeout_ms, enough.signal)]);
  enough.abort();
  // A turn for the acknowledgements to leave.
  await new Promise((resolve) => setImmediate(resolve));
  await closeBroker(broker);
  for (const connection of connections) connection.destroy();
  await closed;
}

const after = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
