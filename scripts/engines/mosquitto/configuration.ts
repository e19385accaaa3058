/** Mosquitto's configuration for Fleetwave; `docs/engines.md` says why each value is what it is. */
import { MAX_MESSAGE_BYTES } from '../../../src/protocol/topics.ts';

export interface MosquittoPorts {
  /** For Fleetwave's own processes. */
  readonly services: number;
  /** For vehicles with a password. */
  readonly vehicles: number;
  /** For vehicles with a certificate; null = none. */
  readonly tls: number | null;
}

export interface MosquittoPaths {
  readonly data: string;
  readonly passwords: string;
  readonly acl: string;
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
}

/** @param user Whom the broker becomes when it is started as root; null = it stays who it is. */
export function mosquittoConf(ports: MosquittoPorts, paths: MosquittoPaths, user: string | null): string {
  const lines = [
    ...(user === null ? [] : [`user ${user}`]),
    'allow_anonymous false',
    `password_file ${paths.passwords}`,
    `acl_file ${paths.acl}`,
    'persistence true',
    `persistence_location ${paths.data}/`,
    'autosave_interval 60',
    'persistent_client_expiration 1h',
    'max_inflight_messages 1000',
    'max_queued_messages 100000',
    `max_packet_size ${MAX_MESSAGE_BYTES + 1024}`,
    'set_tcp_nodelay true',
    'connection_messages false',
    'log_dest stdout',
    'log_type error',
    'log_type warning',
    '',
    `listener ${ports.services} 127.0.0.1`,
    '',
    `listener ${ports.vehicles} 127.0.0.1`,
    'use_username_as_clientid true',
  ];
  if (ports.tls !== null)
    lines.push(
      '',
      `listener ${ports.tls} 127.0.0.1`,
      `cafile ${paths.ca}`,
      `certfile ${paths.serverCert}`,
      `keyfile ${paths.serverKey}`,
      'require_certificate true',
      'use_identity_as_username true',
      'use_username_as_clientid true',
    );
  return `${lines.join('\n')}\n`;
}
