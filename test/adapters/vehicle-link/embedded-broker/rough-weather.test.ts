import { randomBytes } from 'node:crypto';
import mqttPacket from 'mqtt-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { topicOf } from '../../../../src/protocol/topics.ts';
import { eventually, type Harness, passwordOf, pause, startHarness } from './harness.ts';

let harness: Harness | null = null;
const start = async (options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> => {
  harness = await startHarness(options);
  return harness;
};
afterEach(async () => {
  await harness?.close();
  harness = null;
});

const connectPacket = (vehicleId: string): Buffer =>
  mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: vehicleId,
    keepalive: 0,
    username: vehicleId,
    password: Buffer.from(passwordOf(vehicleId)),
  });
const publishPacket = (vehicleId: string, messageId: number, payload: string | Buffer): Buffer =>
  mqttPacket.generate({
    cmd: 'publish',
    topic: topicOf(vehicleId, 'feedback'),
    payload,
    qos: 1,
    messageId,
    dup: false,
    retain: false,
  });

describe('rubbish on the port', () => {
  it.each([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['zero bytes', Buffer.alloc(1000)],
    ['a CONNECT that never ends', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff])],
    [
      'a CONNECT of a megabyte',
      Buffer.concat([Buffer.from([0x10, 0x80, 0x80, 0x40]), Buffer.alloc(100_000)]),
    ],
    ['a CONNECT with nonsense inside', Buffer.from([0x10, 4, 1, 2, 3, 4])],
    ['a PUBLISH before CONNECT', publishPacket('V1', 1, 'x')],
  ])('%s closes the connection', async (_what, bytes) => {
    const { tcp, engine, connect } = await start();
    const socket = await tcp();
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    socket.write(bytes);
    await gone;
    expect(engine.delivered).toEqual([]);
    await connect('V1');
  });

  it('random bytes, before and after a good CONNECT, end nothing but their connection', async () => {
    const { tcp, connect, broker, errors } = await start();
    for (let i = 0; i < 60; i++) {
      const socket = await tcp();
      socket.resume();
      socket.write(
        i % 2 === 0 ? randomBytes(300) : Buffer.concat([connectPacket(`R${i}`), randomBytes(300)]),
      );
      if (i % 3 === 0) socket.destroy();
      else socket.end();
    }
    const client = await connect('V1');
    await client.publishAsync(topicOf('V1', 'feedback'), 'x', { qos: 1 });
    await eventually(() => expect(broker.stats().connected).toBe(1));
    expect(errors).toEqual([]);
  });

  it('who connects and says nothing is let go', async () => {
    const { tcp } = await start({ connectTimeout_ms: 30 });
    const socket = await tcp();
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  });

  it('more connections than allowed are closed and counted', async () => {
    const { connect, broker } = await start({ maxConnections: 2 });
    await Promise.all([connect('V1'), connect('V2')]);
    await expect(connect('V3')).rejects.toThrow();
    expect(broker.stats()).toMatchObject({ connected: 2, connectionsRefused: 1 });
  });
});

describe('back-pressure', () => {
  it('no more messages of a vehicle wait for the engine than allowed, and all come through in the end', async () => {
    const { tcp, engine, broker } = await start({ maxInFlightPerClient: 4 });
    let waiting = 0;
    let most = 0;
    const releases: (() => void)[] = [];
    engine.onDeliver = async () => {
      waiting++;
      most = Math.max(most, waiting);
      await new Promise<void>((resolve) => releases.push(resolve));
      waiting--;
    };
    const socket = await tcp();
    socket.resume();
    // One packet at a time and all in a heap, with a packet cut in two by the way.
    const packets = Array.from({ length: 100 }, (_, i) => publishPacket('V1', i + 1, String(i)));
    socket.write(connectPacket('V1'));
    const stream = Buffer.concat(packets);
    for (let at = 0; at < stream.length; at += 37) socket.write(stream.subarray(at, at + 37));
    for (let done = 0; done < 100; done++) {
      await eventually(() => expect(releases.length).toBeGreaterThan(0));
      releases.shift()?.();
    }
    await eventually(() => expect(broker.stats().delivered).toBe(100));
    expect(most).toBe(4);
    expect(engine.delivered.map(({ text }) => Number(text))).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('a full budget over all vehicles lets nobody send more until there is room', async () => {
    const { connect, engine, broker } = await start({ maxInFlightBytes: 10_000 });
    const releases: (() => void)[] = [];
    engine.onDeliver = () => new Promise((resolve) => releases.push(resolve));
    const vehicles = Array.from({ length: 10 }, (_, i) => `V${i}`);
    const clients = await Promise.all(vehicles.map((vehicleId) => connect(vehicleId)));
    const send = (i: number) =>
      clients[i]?.publishAsync(topicOf(`V${i}`, 'feedback'), 'x'.repeat(6000), { qos: 1 });
    const first = [send(0), send(1)];
    await eventually(() => expect(releases).toHaveLength(2));
    const rest = vehicles.slice(2).map((_, i) => send(i + 2));
    await pause(50);
    expect(releases).toHaveLength(2);
    for (let done = 0; done < 10; done++) {
      await eventually(() => expect(releases.length).toBeGreaterThan(0));
      releases.shift()?.();
    }
    await Promise.all([...first, ...rest]);
    expect(broker.stats().delivered).toBe(10);
  });

  it('a vehicle that goes away while its messages wait leaves nothing behind', async () => {
    const { connect, engine, broker } = await start({ maxInFlightBytes: 10_000 });
    const releases: (() => void)[] = [];
    engine.onDeliver = () => new Promise((resolve) => releases.push(resolve));
    const client = await connect('V1');
    client.publish(topicOf('V1', 'feedback'), 'x'.repeat(11_000), { qos: 1 }, () => undefined);
    await eventually(() => expect(releases).toHaveLength(1));
    client.stream.destroy();
    await eventually(() => expect(broker.stats().connected).toBe(0));
    const other = await connect('V2');
    const published = other.publishAsync(topicOf('V2', 'feedback'), 'y', { qos: 1 });
    releases[0]?.();
    await eventually(() => expect(releases).toHaveLength(2));
    releases[1]?.();
    await published;
  });
});

describe('many vehicles', () => {
  it('500 at once, each with messages both ways', async () => {
    const { connect, broker, engine } = await start();
    engine.onRender = async (vehicleId) => Buffer.from(`for ${vehicleId}`);
    const vehicles = Array.from({ length: 500 }, (_, i) => `M${i}`);
    const seen = new Map<string, string>();
    await Promise.all(
      vehicles.map(async (vehicleId) => {
        const client = await connect(vehicleId, { connectTimeout: 30_000 });
        client.on('message', (_topic, payload) => seen.set(vehicleId, payload.toString()));
        await client.subscribeAsync(topicOf(vehicleId, 'update'), { qos: 1 });
        for (let i = 0; i < 3; i++)
          await client.publishAsync(topicOf(vehicleId, 'feedback'), String(i), { qos: 1 });
      }),
    );
    await eventually(() => expect(seen.size).toBe(500));
    for (const vehicleId of vehicles) expect(seen.get(vehicleId)).toBe(`for ${vehicleId}`);
    expect(broker.stats()).toMatchObject({ connected: 500, received: 1500, delivered: 1500 });
  });
});
