/** A broker on a free port, a scripted engine behind it, and clients of every kind. */
import { type Socket, connect as tcpConnect } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import {
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
  startEmbeddedBroker,
} from '../../../../src/adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import type { VehicleLinkHandlers } from '../../../../src/app/ports/vehicle-link.ts';

export interface Delivered {
  readonly vehicleId: string;
  readonly channel: string;
  readonly text: string;
}

export interface Engine extends VehicleLinkHandlers {
  readonly delivered: Delivered[];
  readonly presences: string[];
  readonly rendered: string[];
  /** What happens to a message; default: taken at once. */
  onDeliver: (message: Delivered) => Promise<void>;
  onRender: (vehicleId: string, topic: 'update' | 'grant') => Promise<Uint8Array | null>;
}

export const passwordOf = (vehicleId: string): string => `secret of ${vehicleId}`;

export function scriptedEngine(): Engine {
  const engine: Engine = {
    delivered: [],
    presences: [],
    rendered: [],
    onDeliver: async () => undefined,
    onRender: async () => null,
    authenticate: async (vehicleId, secret) => secret === passwordOf(vehicleId),
    async deliver({ vehicleId, channel, payload }) {
      const message = { vehicleId, channel, text: Buffer.from(payload).toString() };
      engine.delivered.push(message);
      await engine.onDeliver(message);
    },
    async render(vehicleId, topic) {
      engine.rendered.push(`${vehicleId}/${topic}`);
      return engine.onRender(vehicleId, topic);
    },
    presence(vehicleId, online) {
      engine.presences.push(`${vehicleId} ${online ? 'online' : 'offline'}`);
    },
  };
  return engine;
}

export interface Harness {
  readonly broker: EmbeddedBroker;
  readonly engine: Engine;
  readonly errors: unknown[];
  connect(vehicleId: string, options?: IClientOptions): Promise<MqttClient>;
  /** Connects without waiting. */
  client(vehicleId: string, options?: IClientOptions): MqttClient;
  tcp(): Promise<Socket>;
  close(): Promise<void>;
}

export async function startHarness(options: Partial<EmbeddedBrokerOptions> = {}): Promise<Harness> {
  const engine = scriptedEngine();
  const errors: unknown[] = [];
  const clients: MqttClient[] = [];
  const sockets: Socket[] = [];
  const broker = await startEmbeddedBroker({
    host: '127.0.0.1',
    port: 0,
    handlers: engine,
    onError: (error) => errors.push(error),
    stopTimeout_ms: 200,
    ...options,
  });
  const client = (vehicleId: string, more: IClientOptions = {}): MqttClient => {
    const made = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, {
      clientId: vehicleId,
      username: vehicleId,
      password: passwordOf(vehicleId),
      reconnectPeriod: 0,
      ...more,
    });
    made.on('error', () => undefined);
    clients.push(made);
    return made;
  };
  return {
    broker,
    engine,
    errors,
    client,
    connect: (vehicleId, more) =>
      new Promise((resolve, reject) => {
        const made = client(vehicleId, more);
        made.once('connect', () => resolve(made));
        made.once('error', reject);
        made.once('close', () => reject(new Error('closed')));
      }),
    tcp: () =>
      new Promise((resolve) => {
        const socket = tcpConnect(broker.port, '127.0.0.1', () => resolve(socket));
        socket.on('error', () => undefined);
        sockets.push(socket);
      }),
    async close() {
      for (const made of clients) made.end(true);
      for (const socket of sockets) socket.destroy();
      await broker.stop();
    },
  };
}

/** Resolves when the connection that stands now ends. */
export const closed = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => client.once('close', () => resolve()));

export async function eventually(check: () => void): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      check();
      return;
    } catch (error) {
      if (attempt >= 1000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
