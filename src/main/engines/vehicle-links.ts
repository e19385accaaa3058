/** The way to vehicles and from them: the embedded broker, or connections to an external one. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '../../adapters/clock/system-clock.ts';
import {
  type EmbeddedBroker,
  startEmbeddedBroker,
} from '../../adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import type { FeedbackSink, PresenceSink, VehicleLink, VehicleLinkHandlers } from '../../app/ports.ts';
import { type Config, ConfigError, environmentName, type SettingKey } from '../../config.ts';
import type { Closing, Context, Counters } from '../context.ts';

export interface Downlink extends VehicleLink {
  /** After a connection was lost and made again: the broker may have lost what it kept. */
  onReconnected(listener: () => Promise<void>): void;
  /** Ids of vehicles for which the broker keeps an offer; nothing where it keeps none. */
  retainedOffers(): AsyncIterable<readonly string[]>;
  readonly connected: () => boolean;
  readonly stats: Counters;
}

export interface Uplink {
  /** Where vehicles reach the broker. */
  readonly url: string;
  readonly connected: () => boolean;
  readonly stats: Counters;
  /** Ends the connection of a vehicle whose credential is over, where the broker is ours. */
  disconnect(vehicleId: string): void;
  stop(): Promise<void>;
}

export interface UplinkOptions {
  readonly handlers: VehicleLinkHandlers;
  readonly feedback: FeedbackSink;
  readonly presence: PresenceSink;
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);
/** The same after a restart, so that the broker's session goes on with what it has kept. */
const clientId = (what: string, { instance }: Config): string =>
  `fleetwave-${what}-${instance ?? `${hostname()}-${process.pid}`}`;

/** Messages go to the embedded broker once it runs: nobody is connected before, and state is rendered on subscribe. */
export function embeddedDownlink(broker: () => EmbeddedBroker | null): Downlink {
  return {
    send: async (messages) => broker()?.send(messages),
    onReconnected: () => undefined,
    async *retainedOffers() {},
    connected: () => true,
    stats: () => ({}),
  };
}

export async function startEmbedded(
  { config, logger }: Context,
  { handlers }: UplinkOptions,
): Promise<Uplink & { readonly broker: EmbeddedBroker }> {
  const broker = await startEmbeddedBroker({
    host: config.mqttHost,
    port: config.mqttPort,
    now: systemClock.now,
    handlers,
    onError: (error) => logger.warn({ err: error }, 'a message of a vehicle was not taken'),
  });
  return {
    broker,
    url: `mqtt://${hostInUrl(config.mqttHost)}:${broker.port}`,
    connected: () => true,
    stats: () => ({ ...broker.stats() }),
    disconnect: (vehicleId) => broker.disconnect(vehicleId),
    stop: () => broker.stop(),
  };
}

/** @throws ConfigError naming the setting when a file can't be read. */
export function tlsOf(config: Config): { ca?: string; cert?: string; key?: string } {
  const read = (key: 'mqttCa' | 'mqttCert' | 'mqttKey'): string | undefined => {
    const path = config[key];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new ConfigError(`${environmentName(key satisfies SettingKey)}: ${(error as Error).message}`);
    }
  };
  const [ca, cert, key] = [read('mqttCa'), read('mqttCert'), read('mqttKey')];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** What is wrong with the address is said with the setting's name by who reads it. */
const unreachable = (error: unknown): ConfigError => {
  const setting = environmentName('mqtt');
  const what = error instanceof Error ? error.message : String(error);
  return new ConfigError(
    what.startsWith(setting) ? what : `${setting}: the MQTT broker can't be reached: ${what}`,
  );
};

export async function openDownlink(
  { config, log, logger }: Context,
  url: string,
  closing: Closing,
): Promise<Downlink> {
  const { openMqttDownlink } = await import('../../adapters/vehicle-link/mqtt/downlink.ts');
  const listeners = new Set<() => Promise<void>>();
  const link = await openMqttDownlink({
    url,
    tls: tlsOf(config),
    clientId: clientId('downlink', config),
    log,
    onReconnected: () => {
      for (const listener of listeners)
        listener().catch((error: unknown) => logger.error({ err: error }, 'after the broker came back'));
    },
  }).catch((error: unknown) => Promise.reject(unreachable(error)));
  closing.add('the way to vehicles', () => link.close());
  return {
    send: (messages) => link.send(messages),
    onReconnected: (listener) => listeners.add(listener),
    retainedOffers: () => link.retainedOffers(),
    connected: () => link.connected(),
    stats: () => link.stats(),
  };
}

export async function openUplink(
  { config, log }: Context,
  url: string,
  { handlers, feedback }: UplinkOptions,
): Promise<Uplink> {
  const { openMqttUplink } = await import('../../adapters/vehicle-link/mqtt/uplink.ts');
  const uplink = await openMqttUplink({
    url,
    tls: tlsOf(config),
    clientId: clientId('uplink', config),
    // Only a table that outlives this process has seen what is retained before it started.
    presence: config.kafka === undefined ? 'every' : 'shared',
    handlers: {
      deliver: handlers.deliver,
      presence: handlers.presence,
      arrived: (vehicles) => feedback.arrived(vehicles),
      unheard: () => feedback.unheard(),
    },
    now: systemClock.now,
    log,
  }).catch((error: unknown) => Promise.reject(unreachable(error)));
  return {
    url: config.mqttPublicUrl ?? withoutPassword(url),
    connected: () => uplink.connected(),
    stats: () => uplink.stats(),
    disconnect: () => undefined,
    stop: () => uplink.close(),
  };
}

export function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href.replace(/\/$/, '');
}
