/** Opens single connections. Nothing of mqtt.js's own reconnecting, storing and resubscribing is used. */
import type { Socket } from 'node:net';
import mqtt, { type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import { addressOf, type MqttSettings } from './settings.ts';

export interface DialOptions {
  readonly clientId: string;
  /** Seconds the broker keeps the session after the connection has ended; 0 = none is kept. 3.1.1 knows no time. */
  readonly session_s: number;
  /** QoS 1 messages that the broker may leave unacknowledged (MQTT 5). */
  readonly receiveMaximum?: number;
  /** Larger packets are not sent to us (MQTT 5), bytes. */
  readonly maximumPacketSize?: number;
  /** Seconds; 0 = no pings. */
  readonly keepalive_s?: number;
  /** Called before the first packet can have come. */
  readonly prepare?: (client: MqttClient) => void;
}

/** What the broker says of itself (MQTT 5, 3.2.2.3); empty from an older one. */
export type BrokerLimits = NonNullable<IConnackPacket['properties']>;

export interface MqttConnection {
  readonly client: MqttClient;
  readonly protocolVersion: 4 | 5;
  /** The broker remembers our session: its subscriptions, and what came meanwhile. */
  readonly sessionPresent: boolean;
  readonly limits: BrokerLimits;
  /** Resolves once, when the connection is over, with the reason. */
  readonly closed: Promise<string>;
  /** Breaks off: the broker keeps the session. */
  destroy(): void;
  /** Says good-bye, within a second. `forget`: the broker drops the session (MQTT 5). */
  end(forget?: boolean): Promise<void>;
}

/** The broker can't be reached or does not want us. */
export class MqttConnectError extends Error {
  override readonly name = 'MqttConnectError';
  /** CONNACK's return code (3.1.1) or reason code (5); null when there was no CONNACK. */
  readonly code: number | null;

  constructor(message: string, code: number | null) {
    super(message);
    this.code = code;
  }
}

export type Dial = (options: DialOptions) => Promise<MqttConnection>;

const HANDSHAKE_MS = 5000;
const KEEPALIVE_S = 30;
const GOOD_BYE_MS = 1000;
/** "Unacceptable protocol version" in the words of 3.1.1 and of 5. */
const VERSION_REFUSED = [1, 132];

/** Takes MQTT 5, or 3.1.1 from the time on when the broker refused 5. @throws MqttSettingError */
export function createDialer(settings: MqttSettings): Dial {
  addressOf(settings);
  let version = settings.protocolVersion ?? 5;
  return async (options) => {
    try {
      return await openConnection(settings, version, options);
    } catch (error) {
      const refused =
        error instanceof MqttConnectError && error.code !== null && VERSION_REFUSED.includes(error.code);
      if (version === 4 || settings.protocolVersion !== undefined || !refused) throw error;
      const connection = await openConnection(settings, 4, options);
      version = 4;
      return connection;
    }
  };
}

/** @throws MqttConnectError within 5 s; MqttSettingError */
function openConnection(
  settings: MqttSettings,
  protocolVersion: 4 | 5,
  options: DialOptions,
): Promise<MqttConnection> {
  const client = mqtt.connect(clientOptions(settings, protocolVersion, options));
  options.prepare?.(client);
  let failure: { readonly message: string; readonly code: number | null } | null = null;
  client.on('error', (error) => {
    failure ??= { message: messageOf(error), code: codeOf(error) };
  });
  client.on('disconnect', ({ reasonCode }) => {
    failure ??= { message: `the broker ended the connection (reason ${reasonCode})`, code: null };
  });
  return new Promise((resolve, reject) => {
    const closed = new Promise<string>((over) => {
      client.once('close', () => {
        const { message, code } = failure ?? { message: 'the connection was closed', code: null };
        over(message);
        reject(new MqttConnectError(message, code));
      });
    });
    client.once('connect', ({ sessionPresent, properties }) => {
      // What is written are whole batches already; acknowledgements must not wait for each other.
      (client.stream as unknown as Socket).setNoDelay(true);
      const destroy = (): void => {
        client.end(true);
      };
      resolve({
        client,
        protocolVersion,
        sessionPresent,
        limits: properties ?? {},
        closed,
        destroy,
        async end(forget = false) {
          const bound = setTimeout(() => client.stream.destroy(), GOOD_BYE_MS);
          client.end(
            false,
            forget && protocolVersion === 5 ? { properties: { sessionExpiryInterval: 0 } } : {},
          );
          await closed;
          clearTimeout(bound);
        },
      });
    });
  });
}

function clientOptions(
  settings: MqttSettings,
  protocolVersion: 4 | 5,
  { clientId, session_s, receiveMaximum, maximumPacketSize, keepalive_s }: DialOptions,
): IClientOptions {
  const properties = {
    ...(session_s > 0 ? { sessionExpiryInterval: session_s } : {}),
    ...(receiveMaximum === undefined ? {} : { receiveMaximum }),
    ...(maximumPacketSize === undefined ? {} : { maximumPacketSize }),
  };
  return {
    ...addressOf(settings),
    clientId,
    protocolVersion,
    clean: session_s === 0,
    keepalive: keepalive_s ?? KEEPALIVE_S,
    connectTimeout: HANDSHAKE_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(protocolVersion === 5 ? { properties } : {}),
  };
}

const codeOf = (error: Error): number | null =>
  'code' in error && typeof error.code === 'number' ? error.code : null;

/** A refused connection to a name with several addresses has no message, only a code. */
const messageOf = (error: Error): string =>
  error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name;
