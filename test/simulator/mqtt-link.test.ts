/** The simulator's own MQTT client against a real broker, in the open and encrypted. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAuthority } from '../../scripts/engines/mosquitto/certificates.ts';
import { topicOf } from '../../src/protocol/topics.ts';
import {
  type LinkHandlers,
  type LinkTarget,
  type MqttLink,
  openLink,
} from '../../src/simulator/mqtt-link.ts';
import { type Broker, eventually, passwordOf, startBroker } from '../adapters/vehicle-link/mqtt/harness.ts';

let broker: Broker;
let front: Server;
let ca: string;
const sockets = new Set<Socket>();
const links: MqttLink[] = [];

beforeAll(async () => {
  broker = await startBroker();
  await broker.admit('V1');
  const authority = await openAuthority(join(broker.directory, 'front'));
  ca = readFileSync(authority.ca, 'utf8');
  const { cert, key } = await authority.issue('localhost', 'server');
  // Encrypts what the broker has in the open: vehicles with passwords behind a TLS terminator.
  front = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (encrypted) => {
    const open = connect(Number(new URL(broker.vehiclesUrl).port), '127.0.0.1');
    for (const socket of [encrypted, open]) sockets.add(socket.on('error', () => undefined));
    encrypted.pipe(open).pipe(encrypted);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const link of links) link.destroy();
  for (const socket of sockets) socket.destroy();
  front.close();
  await broker.close();
});

const port = (): number => {
  const address = front.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
};
const plain = () => ({ host: '127.0.0.1', port: Number(new URL(broker.vehiclesUrl).port) });

interface Seen {
  readonly events: string[];
  readonly link: MqttLink;
}

function open(where: Pick<LinkTarget, 'host' | 'port' | 'tls'>, password = passwordOf('V1')): Seen {
  const events: string[] = [];
  const handlers: LinkHandlers = {
    onReady: () => events.push('ready'),
    onMessage: (topic, payload) => events.push(`${topic} ${payload}`),
    onClosed: (why) => events.push(why),
  };
  const link = openLink(
    {
      ...where,
      clientId: 'V1',
      username: 'V1',
      password,
      keepalive_s: 60,
      will: { topic: topicOf('V1', 'presence'), payload: '{"v":1,"state":"offline"}' },
      topics: [topicOf('V1', 'update')],
    },
    handlers,
  );
  links.push(link);
  return { events, link };
}

describe.each([
  ['in the open', plain],
  ['encrypted', () => ({ host: '127.0.0.1', port: port(), tls: { ca } })],
  ['encrypted, by name', () => ({ host: 'localhost', port: port(), tls: { ca } })],
])('a vehicle of the simulator, %s', (_how, where) => {
  it('talks with the broker both ways', async () => {
    const service = await broker.service('service');
    const got: string[] = [];
    service.on('message', (_topic, payload) => got.push(payload.toString()));
    await service.subscribeAsync(topicOf('V1', 'feedback'), { qos: 1 });
    const { events, link } = open(where());
    await eventually(() => expect(events).toEqual(['ready']));
    link.publish(topicOf('V1', 'feedback'), 'f', false);
    await eventually(() => expect(got).toEqual(['f']));
    await service.publishAsync(topicOf('V1', 'update'), 'u', { qos: 1 });
    await eventually(() => expect(events).toEqual(['ready', 'fw/v1/V1/update u']));
    link.close();
    await eventually(() => expect(events.at(-1)).toBe('lost'));
    await service.endAsync();
  });

  it('is told that its password is wrong', async () => {
    const { events } = open(where(), 'wrong');
    await eventually(() => expect(events).toEqual(['refused']));
  });
});

describe('an authority that is not the broker’s', () => {
  it('is not trusted: the connection ends before anything is said', async () => {
    const { events } = open({ host: '127.0.0.1', port: port(), tls: {} });
    await eventually(() => expect(events).toEqual(['lost']));
  });
});
