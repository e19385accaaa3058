import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedBroker } from '../../../../src/adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import { MAX_MESSAGE_BYTES, topicOf } from '../../../../src/protocol/topics.ts';
import { closed, eventually, type Harness, pause, scriptedEngine, startHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

const up = (vehicleId: string, text: string) => ({
  topic: topicOf(vehicleId, 'feedback'),
  payload: text,
  options: { qos: 1 as const },
});

describe('who may connect', () => {
  it('a vehicle with its password', async () => {
    const client = await harness.connect('V1');
    expect(client.connected).toBe(true);
    await eventually(() => expect(harness.broker.stats().connected).toBe(1));
  });

  it.each([
    ['a wrong password', 'V1', { password: 'wrong' }, 4],
    ['no password', 'V1', { password: '' }, 4],
    ['another client id', 'V1', { clientId: 'V2' }, 2],
    ['a name that is no vehicle id', '../V1', {}, 4],
    [
      'a will elsewhere',
      'V1',
      { will: { topic: topicOf('V2', 'presence'), payload: Buffer.from('x'), qos: 1, retain: true } },
      5,
    ],
    [
      'a will that is feedback',
      'V1',
      { will: { topic: topicOf('V1', 'feedback'), payload: Buffer.from('x'), qos: 1, retain: false } },
      5,
    ],
  ] as const)('not one with %s', async (_what, vehicleId, options, code) => {
    const error = await harness.connect(vehicleId, options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect(harness.broker.stats()).toMatchObject({ authenticationFailures: 1, connected: 0 });
    expect(harness.engine.presences).toEqual([]);
  });

  it('nobody while credentials can not be checked: unavailable, not refused', async () => {
    harness.engine.authenticate = async () => {
      throw new Error('store down');
    };
    await expect(harness.connect('V1')).rejects.toMatchObject({ code: 3 });
    expect(String(harness.errors[0])).toContain('store down');
  });

  it('the newer of two connections of a vehicle [MQTT-3.1.4-2]', async () => {
    const first = await harness.connect('V1');
    const gone = closed(first);
    const second = await harness.connect('V1');
    await gone;
    expect(second.connected).toBe(true);
    await second.publishAsync(topicOf('V1', 'feedback'), 'still here', { qos: 1 });
    expect(harness.broker.stats()).toMatchObject({ connected: 1, takenOver: 1 });
    expect(harness.engine.presences).toEqual(['V1 online', 'V1 offline', 'V1 online']);
  });

  it('a vehicle can be disconnected when its credential ends', async () => {
    const client = await harness.connect('V1');
    const gone = closed(client);
    harness.broker.disconnect('V1');
    harness.broker.disconnect('V2');
    await gone;
    await eventually(() => expect(harness.broker.stats().connected).toBe(0));
  });
});

describe('a vehicle is confined to its own topics', () => {
  it.each([
    topicOf('V2', 'feedback'),
    topicOf('V2', 'presence'),
    topicOf('V1', 'update'),
    topicOf('V1', 'grant'),
    topicOf('V1', 'receipt'),
    'fw/v1/V1/other',
    'fw/v2/V1/feedback',
    '$SYS/x',
    'a/b/c',
  ])('publishing to %s ends its connection', async (topic) => {
    const client = await harness.connect('V1');
    const gone = closed(client);
    client.publish(topic, 'x', { qos: 1 }, () => undefined);
    await gone;
    expect(harness.engine.delivered).toEqual([]);
    expect(harness.broker.stats().forbiddenPublishes).toBe(1);
  });

  it.each([
    topicOf('V2', 'update'),
    'fw/v1/+/update',
    'fw/v1/V1/#',
    '#',
    '$SYS/#',
    topicOf('V1', 'feedback'),
  ])('subscribing to %s is refused in the SUBACK', async (topic) => {
    const client = await harness.connect('V1');
    const granted = await new Promise((resolve) => {
      client.subscribe(topic, { qos: 1 }, (_error, _granted, packet) => resolve(packet?.granted));
    });
    expect(granted).toEqual([0x80]);
    expect(client.connected).toBe(true);
    expect(harness.broker.stats().forbiddenSubscriptions).toBe(1);
  });

  it('its own three are granted', async () => {
    const client = await harness.connect('V1');
    const topics = (['update', 'grant', 'receipt'] as const).map((name) => topicOf('V1', name));
    const granted = await client.subscribeAsync(topics, { qos: 1 });
    expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 1]);
  });
});

describe('feedback', () => {
  it('comes with its vehicle and channel, in the order it was sent', async () => {
    const client = await harness.connect('V1');
    const names = ['feedback', 'inventory'] as const;
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        client.publishAsync(topicOf('V1', names[i % 2] ?? 'feedback'), String(i), { qos: 1 }),
      ),
    );
    expect(harness.engine.delivered).toEqual(
      Array.from({ length: 200 }, (_, i) => ({ vehicleId: 'V1', channel: names[i % 2], text: String(i) })),
    );
    expect(harness.broker.stats()).toMatchObject({ received: 200, delivered: 200, undelivered: 0 });
  });

  it('is acknowledged only when it is safe, and in order [MQTT-4.6.0-2]', async () => {
    const waiting = new Map<string, () => void>();
    harness.engine.onDeliver = ({ text }) => new Promise((resolve) => waiting.set(text, resolve));
    const client = await harness.connect('V1');
    const acknowledged: string[] = [];
    for (const text of ['a', 'b'])
      client.publish(topicOf('V1', 'feedback'), text, { qos: 1 }, () => acknowledged.push(text));
    await eventually(() => expect(waiting.size).toBe(2));
    waiting.get('b')?.();
    await pause(30);
    expect(acknowledged).toEqual([]);
    waiting.get('a')?.();
    await eventually(() => expect(acknowledged).toEqual(['a', 'b']));
  });

  it('that can not be recorded is not acknowledged: the vehicle is cut off and sends again', async () => {
    let failing = true;
    harness.engine.onDeliver = async ({ text }) => {
      if (failing && text === 'b') throw new Error('append failed');
    };
    const client = await harness.connect('V1', { reconnectPeriod: 20, resubscribe: false });
    const acknowledged: string[] = [];
    const lost = closed(client);
    for (const text of ['a', 'b', 'c'])
      client.publish(
        topicOf('V1', 'feedback'),
        text,
        { qos: 1 },
        (error) => error ?? acknowledged.push(text),
      );
    await lost;
    expect(acknowledged).not.toContain('b');
    expect(acknowledged).not.toContain('c');
    failing = false;
    await eventually(() => expect(acknowledged).toEqual(['a', 'b', 'c']));
    expect(harness.engine.delivered.map(({ text }) => text)).toEqual(['a', 'b', 'c', 'b', 'c']);
    expect(harness.broker.stats().undelivered).toBe(2);
    expect(harness.errors.length).toBeGreaterThan(0);
  });

  it('of one stuck vehicle holds up nobody else', async () => {
    harness.engine.onDeliver = ({ vehicleId }) =>
      vehicleId === 'V1' ? new Promise(() => undefined) : Promise.resolve();
    const [stuck, other] = await Promise.all([harness.connect('V1'), harness.connect('V2')]);
    stuck.publish(topicOf('V1', 'feedback'), 'x', { qos: 1 }, () => undefined);
    await other.publishAsync(topicOf('V2', 'feedback'), 'y', { qos: 1 });
    await harness.close();
  }, 20_000);

  it('retained is not kept', async () => {
    const client = await harness.connect('V1');
    await client.publishAsync(topicOf('V1', 'feedback'), 'x', { qos: 1, retain: true });
    expect(harness.engine.delivered).toHaveLength(1);
  });

  it('with QoS 0 and 2 is taken too', async () => {
    const client = await harness.connect('V1');
    await client.publishAsync(topicOf('V1', 'feedback'), 'zero', { qos: 0 });
    await client.publishAsync(topicOf('V1', 'feedback'), 'two', { qos: 2 });
    await eventually(() => expect(harness.engine.delivered.map(({ text }) => text)).toEqual(['zero', 'two']));
  });

  it('of 64 KiB is taken, of a byte more ends the connection', async () => {
    const client = await harness.connect('V1');
    await client.publishAsync(topicOf('V1', 'feedback'), Buffer.alloc(MAX_MESSAGE_BYTES, 'x'), { qos: 1 });
    for (const size of [MAX_MESSAGE_BYTES + 1, 10_000_000]) {
      const other = await harness.connect('V2');
      const gone = closed(other);
      other.publish(topicOf('V2', 'feedback'), Buffer.alloc(size, 'x'), { qos: 1 }, () => undefined);
      await gone;
    }
    expect(harness.engine.delivered.map(({ text }) => text.length)).toEqual([MAX_MESSAGE_BYTES]);
    expect(harness.broker.stats().tooLarge).toBe(2);
  });
});

describe('presence', () => {
  it('follows the connection and what the vehicle says', async () => {
    const will = {
      topic: topicOf('V1', 'presence'),
      payload: Buffer.from('{"v":1,"state":"offline"}'),
      qos: 1,
      retain: true,
    } as const;
    const client = await harness.connect('V1', { will });
    await client.publishAsync(topicOf('V1', 'presence'), '{"v":1,"state":"online"}', {
      qos: 1,
      retain: true,
    });
    await client.publishAsync(topicOf('V1', 'presence'), 'rubbish', { qos: 1 });
    client.stream.destroy();
    await eventually(() =>
      expect(harness.engine.presences).toEqual(['V1 online', 'V1 online', 'V1 offline']),
    );
    expect(harness.broker.stats().malformedPresence).toBe(1);
    expect(harness.engine.delivered).toEqual([]);
  });
});

describe('the start and the stop', () => {
  it('a taken port names the setting and a free port', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const started = startEmbeddedBroker({
      host: '127.0.0.1',
      port,
      handlers: scriptedEngine(),
      onError: () => undefined,
    });
    await expect(started).rejects.toThrow(new RegExp(`${port}.*taken.*FLEETWAVE_MQTT_PORT.*such as \\d+`));
    await new Promise((resolve) => other.close(resolve));
  });

  it('stop answers what was taken, then closes everything', async () => {
    const releases: (() => void)[] = [];
    harness.engine.onDeliver = () => new Promise((resolve) => releases.push(resolve));
    const client = await harness.connect('V1');
    const { topic, payload, options } = up('V1', 'last');
    const acknowledged = client.publishAsync(topic, payload, options);
    await eventually(() => expect(releases).toHaveLength(1));
    const gone = closed(client);
    const stopped = harness.broker.stop();
    releases[0]?.();
    await acknowledged;
    await Promise.all([stopped, gone, harness.broker.stop()]);
    await expect(harness.connect('V2')).rejects.toThrow();
    expect(harness.broker.stats().connected).toBe(0);
  });

  it('stop does not wait for ever', async () => {
    const impatient = await startHarness({ stopTimeout_ms: 20 });
    impatient.engine.onDeliver = () => new Promise(() => undefined);
    const client = await impatient.connect('V1');
    client.publish(topicOf('V1', 'feedback'), 'x', { qos: 1 }, () => undefined);
    await eventually(() => expect(impatient.engine.delivered).toHaveLength(1));
    await impatient.close();
  });
});
