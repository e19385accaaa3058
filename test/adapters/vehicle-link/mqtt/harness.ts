/** A Mosquitto of its own, vehicles that may use it, and a scripted engine behind the uplink. */
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import {
  type MosquittoOptions,
  mosquitto,
  type RunningMosquitto,
} from '../../../../scripts/engines/mosquitto.ts';
import type { UplinkHandlers } from '../../../../src/adapters/vehicle-link/mqtt/uplink.ts';
import type { Log } from '../../../../src/app/ports/log.ts';
import { passwordLine } from '../../../../src/app/vehicle-link/mosquitto-files.ts';
import { topicOf } from '../../../../src/protocol/topics.ts';
import { serverDirectory } from '../../../support/engines.ts';

export const passwordOf = (vehicleId: string): string => `secret of ${vehicleId}`;

export interface Broker extends RunningMosquitto {
  /** Lets vehicles in, without the log. */
  admit(...vehicleIds: string[]): Promise<void>;
  /** Connects as a vehicle. */
  vehicle(vehicleId: string, options?: IClientOptions): Promise<MqttClient>;
  /** Connects as a service. */
  service(clientId: string, options?: IClientOptions): Promise<MqttClient>;
  connect(url: string, options: IClientOptions): Promise<MqttClient>;
  /** Stops it and whoever is connected. */
  close(): Promise<void>;
}

export async function startBroker(options: Partial<MosquittoOptions> = {}): Promise<Broker> {
  await mosquitto.install(() => undefined);
  const running = await mosquitto.start({ directory: serverDirectory('mosquitto'), ...options });
  const clients: MqttClient[] = [];
  const connect = (url: string, more: IClientOptions): Promise<MqttClient> => {
    const client = mqtt.connect(url, { reconnectPeriod: 0, ...more });
    clients.push(client);
    return new Promise((resolve, reject) => {
      client.once('connect', () => resolve(client));
      client.once('error', reject);
    });
  };
  const vehicle = (vehicleId: string, more: IClientOptions = {}): Promise<MqttClient> =>
    connect(running.vehiclesUrl, {
      clientId: vehicleId,
      username: vehicleId,
      password: passwordOf(vehicleId),
      ...more,
    });
  return {
    ...running,
    vehicle,
    connect,
    service: (clientId, more = {}) => connect(running.url, { clientId, ...more }),
    async admit(...vehicleIds) {
      const salt = randomBytes(12);
      const lines = vehicleIds.map((id) => passwordLine(id, passwordOf(id), { salt, iterations: 1 }));
      appendFileSync(running.files.passwords, lines.join(''));
      running.kill('SIGHUP');
      const last = vehicleIds.at(-1) ?? '';
      await eventuallyAsync(async () => (await vehicle(last)).endAsync());
    },
    async close() {
      for (const client of clients) client.end(true);
      await running.stop();
    },
  };
}

export interface Delivered {
  readonly vehicleId: string;
  readonly channel: string;
  readonly text: string;
}

export interface Engine extends UplinkHandlers {
  readonly delivered: Delivered[];
  readonly presences: string[];
  readonly arrivals: string[];
  /** How often it was said that vehicles can't be heard. */
  unheards: number;
  /** What happens to a message; default: taken at once. */
  onDeliver: (message: Delivered) => Promise<void>;
  onArrived: (vehicleIds: readonly string[]) => Promise<void>;
}

export function scriptedEngine(): Engine {
  const engine: Engine = {
    delivered: [],
    presences: [],
    arrivals: [],
    unheards: 0,
    onDeliver: async () => undefined,
    onArrived: async () => undefined,
    async deliver({ vehicleId, channel, payload }) {
      const message = { vehicleId, channel, text: Buffer.from(payload).toString() };
      engine.delivered.push(message);
      await engine.onDeliver(message);
    },
    unheard() {
      engine.unheards++;
    },
    presence(vehicleId, online) {
      engine.presences.push(`${vehicleId} ${online ? 'online' : 'offline'}`);
    },
    async arrived(vehicles) {
      const ids = vehicles.map(({ vehicleId }) => vehicleId);
      engine.arrivals.push(...ids);
      await engine.onArrived(ids);
    },
  };
  return engine;
}

export interface Logged {
  readonly level: string;
  readonly message: string;
}

export function recordingLog(): { readonly log: Log; readonly lines: Logged[] } {
  const lines: Logged[] = [];
  return { lines, log: (level, message) => lines.push({ level, message }) };
}

export const down = (vehicleId: string, topic: 'update' | 'grant' | 'receipt', text: string) => ({
  vehicleId,
  topic,
  payload: Buffer.from(text),
});

/** What a client is sent from now on, as `{topic's last part} {text}`. */
export function received(client: MqttClient): string[] {
  const all: string[] = [];
  client.on('message', (topic, payload) => all.push(`${topic.split('/').at(-1)} ${payload.toString()}`));
  return all;
}

export const subscribe = (
  client: MqttClient,
  vehicleId: string,
  ...topics: ('update' | 'grant' | 'receipt')[]
) =>
  client.subscribeAsync(
    topics.map((topic) => topicOf(vehicleId, topic)),
    { qos: 1 },
  );

const POLL_MS = 10;
const PATIENCE_MS = 20_000;

export async function eventuallyAsync(check: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(POLL_MS);
    }
  }
}

export const eventually = (check: () => void): Promise<void> => eventuallyAsync(async () => check());

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
