/** Where the broker is and how it knows us, as the user wrote it; checked, and in mqtt.js's terms. */
import type { IClientOptions } from 'mqtt';

/** PEM texts. */
export interface MqttTls {
  /** Who vouches for the broker; without it, the authorities that Node knows. */
  readonly ca?: string;
  /** Our certificate and its key, for a broker that asks for one. */
  readonly cert?: string;
  readonly key?: string;
}

export interface MqttSettings {
  /** `mqtt://user:password@host:port` or `mqtts://…`; ports 1883 and 8883 when there is none. */
  readonly url: string;
  readonly tls?: MqttTls;
  /** Default: 5, and 3.1.1 (4 on the wire) with a broker that refuses 5. */
  readonly protocolVersion?: 4 | 5;
}

/** The settings can't be used. The message names the setting. */
export class MqttSettingError extends Error {
  override readonly name = 'MqttSettingError';
}

const PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

type Address = Required<Pick<IClientOptions, 'protocol' | 'host' | 'port'>> &
  Pick<IClientOptions, 'username' | 'password' | 'ca' | 'cert' | 'key'>;

/** @throws MqttSettingError */
export function addressOf({ url, tls = {} }: MqttSettings): Address {
  const parsed = URL.parse(url);
  const port = parsed === null ? undefined : PORTS[parsed.protocol];
  if (parsed === null || port === undefined || parsed.hostname === '')
    throw new MqttSettingError(
      'FLEETWAVE_MQTT must be an address such as mqtt://user:password@127.0.0.1:1883 or mqtts://broker:8883.',
    );
  const secure = parsed.protocol === 'mqtts:';
  if (!secure && Object.keys(tls).length > 0)
    throw new MqttSettingError(
      'FLEETWAVE_MQTT has certificates but no TLS: use mqtts://, or leave them out.',
    );
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw new MqttSettingError('FLEETWAVE_MQTT needs the certificate and its key, or neither of them.');
  return {
    protocol: secure ? 'mqtts' : 'mqtt',
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(parsed.port) || port,
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...tls,
  };
}

/** For messages: without user and password. */
export function shown(settings: MqttSettings): string {
  const { protocol, host, port } = addressOf(settings);
  return `${protocol}://${host}:${port}`;
}
