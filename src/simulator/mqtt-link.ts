/**
 * One MQTT 3.1.1 connection with QoS 1 and nothing that a TCU's outbox does better: no store, no reconnect,
 * no timers. About 11 KB a connection, a quarter of a full client, so that one process carries thousands.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate, type Packet, parser } from 'mqtt-packet';
import type { Broker } from './options.ts';

export interface LinkTarget extends Broker {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly keepalive_s: number;
  readonly will: { readonly topic: string; readonly payload: string };
  readonly topics: readonly string[];
}

export interface LinkHandlers {
  /** Connected and subscribed. */
  onReady(): void;
  onMessage(topic: string, payload: Buffer): void;
  /** Once, whatever ended it. `refused` = the broker does not accept the credential. */
  onClosed(why: 'refused' | 'lost'): void;
}

export interface MqttLink {
  /** QoS 1. Whether it arrived only the receipt tells. */
  publish(topic: string, payload: string, retain: boolean): void;
  /** Keeps the connection alive; breaks it when the ping before was not answered. */
  ping(): void;
  /** Says good-bye: the last will is not sent. */
  close(): void;
  /** Breaks off without a word. */
  destroy(): void;
}

const HANDSHAKE_TIMEOUT_MS = 30_000;
const NOT_AUTHORIZED = [4, 5];
const SUBSCRIBE_ID = 1;

export function openLink(target: LinkTarget, handlers: LinkHandlers): MqttLink {
  const socket = openSocket(target);
  const packets = parser({ protocolVersion: 4 });
  let messageId = SUBSCRIBE_ID;
  let awaitsPong = false;
  let closed = false;
  let refused = false;
  const write = (packet: Packet): void => {
    if (!socket.destroyed) socket.write(generate(packet));
  };
  const end = (): void => {
    socket.destroy();
    if (closed) return;
    closed = true;
    handlers.onClosed(refused ? 'refused' : 'lost');
  };
  socket.setTimeout(HANDSHAKE_TIMEOUT_MS, end);
  socket.on(target.tls === undefined ? 'connect' : 'secureConnect', () => write(connectPacket(target)));
  socket.on('data', (bytes: Buffer) => {
    // What one piece of data causes (acknowledgements, answers) leaves in one piece, too.
    socket.cork();
    packets.parse(bytes);
    socket.uncork();
  });
  socket.on('error', end);
  socket.on('close', end);
  packets.on('error', end);
  packets.on('packet', (packet) => {
    if (closed) return;
    switch (packet.cmd) {
      case 'connack':
        refused = NOT_AUTHORIZED.includes(packet.returnCode ?? 0);
        if (packet.returnCode !== 0) end();
        else write(subscribePacket(target.topics));
        break;
      case 'suback':
        socket.setTimeout(0);
        handlers.onReady();
        break;
      case 'publish':
        if (packet.qos > 0 && packet.messageId !== undefined)
          write({ cmd: 'puback', messageId: packet.messageId });
        handlers.onMessage(packet.topic, Buffer.from(packet.payload));
        break;
      case 'pingresp':
        awaitsPong = false;
        break;
      default:
        break;
    }
  });
  return {
    publish(topic, payload, retain) {
      messageId = messageId === 65_535 ? 1 : messageId + 1;
      write({ cmd: 'publish', topic, payload, qos: 1, dup: false, retain, messageId });
    },
    ping() {
      if (awaitsPong) {
        end();
        return;
      }
      awaitsPong = true;
      write({ cmd: 'pingreq' });
    },
    close() {
      sayGoodBye(socket);
    },
    destroy: end,
  };
}

function openSocket({ host, port, tls }: Broker): Socket {
  if (tls === undefined) return connect({ host, port, noDelay: true });
  const socket = connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) });
  return socket.setNoDelay(true);
}

const sayGoodBye = (socket: Socket): void => {
  if (socket.destroyed) return;
  socket.end(generate({ cmd: 'disconnect' }));
  socket.setTimeout(HANDSHAKE_TIMEOUT_MS);
};

const connectPacket = (target: LinkTarget): Packet => ({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  clientId: target.clientId,
  keepalive: target.keepalive_s,
  username: target.username,
  password: Buffer.from(target.password),
  will: { topic: target.will.topic, payload: target.will.payload, qos: 1, retain: true },
});

const subscribePacket = (topics: readonly string[]): Packet => ({
  cmd: 'subscribe',
  messageId: SUBSCRIBE_ID,
  subscriptions: topics.map((topic) => ({ topic, qos: 1 })),
});
