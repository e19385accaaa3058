import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedBroker } from '../../../../src/adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import {
  type MqttUplink,
  type MqttUplinkOptions,
  openMqttUplink,
} from '../../../../src/adapters/vehicle-link/mqtt/uplink.ts';
import { MAX_MESSAGE_BYTES, topicOf } from '../../../../src/protocol/topics.ts';
import {
  type Broker,
  type Engine,
  eventually,
  eventuallyAsync,
  pause,
  recordingLog,
  scriptedEngine,
  startBroker,
} from './harness.ts';

let broker: Broker;
let engine: Engine;
let links: MqttUplink[] = [];
const { log, lines } = recordingLog();
const NOW = 1_700_000_000_000;
const ONLINE = '{"v":1,"state":"online"}';
const OFFLINE = '{"v":1,"state":"offline"}';

beforeEach(async () => {
  lines.length = 0;
  engine = scriptedEngine();
  broker = await startBroker();
});
afterEach(async () => {
  await Promise.all(links.map((link) => link.close()));
  links = [];
  await broker.close();
});

async function open(options: Partial<MqttUplinkOptions> = {}): Promise<MqttUplink> {
  const link = await openMqttUplink({
    url: broker.url,
    clientId: 'test-uplink',
    presence: 'shared',
    handlers: engine,
    now: () => NOW,
    log,
    pauses_ms: [20, 200],
    ...options,
  });
  links.push(link);
  return link;
}

/** Publishes numbers from 0 on as feedback of a vehicle, as a service may for every vehicle. */
async function publishMany(count: number, vehicleId: (i: number) => string, from = 0): Promise<void> {
  const client = await broker.service(`publisher-${from}-${Math.random()}`);
  for (let at = 0; at < count; at += 500)
    await Promise.all(
      Array.from({ length: Math.min(500, count - at) }, (_, i) =>
        client.publishAsync(topicOf(vehicleId(from + at + i), 'feedback'), String(from + at + i), { qos: 1 }),
      ),
    );
  await client.endAsync();
}
const texts = (of: Engine): string[] => of.delivered.map(({ text }) => text);
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const sorted = (all: readonly string[]): string[] => [...all].sort((a, b) => Number(a) - Number(b));

describe('messages from vehicles', () => {
  it('are delivered with vehicle, channel, bytes and the time they came', async () => {
    await broker.admit('V1');
    const records: unknown[] = [];
    await open({ handlers: { ...engine, deliver: async (record) => void records.push(record) } });
    const vehicle = await broker.vehicle('V1');
    await vehicle.publishAsync(topicOf('V1', 'feedback'), 'f', { qos: 1 });
    await vehicle.publishAsync(topicOf('V1', 'inventory'), 'i', { qos: 0 });
    await eventually(() => expect(records.length).toBe(2));
    const common = { vehicleId: 'V1', receivedAt: NOW };
    expect(records).toContainEqual({ ...common, channel: 'feedback', payload: Buffer.from('f') });
    expect(records).toContainEqual({ ...common, channel: 'inventory', payload: Buffer.from('i') });
  });

  it('never come under a name that is not the vehicle’s own', async () => {
    await broker.admit('V1', 'V2');
    const link = await open();
    const vehicle = await broker.vehicle('V1', { protocolVersion: 5 });
    await expect(vehicle.publishAsync(topicOf('V2', 'feedback'), 'x', { qos: 1 })).rejects.toThrow(
      'Not authorized',
    );
    // An older one is told that all is well.
    const old = await broker.vehicle('V2', { protocolVersion: 4 });
    await old.publishAsync(topicOf('V1', 'feedback'), 'x', { qos: 1 });
    await old.publishAsync(topicOf('V2', 'feedback'), 'own', { qos: 1 });
    await eventually(() => expect(texts(engine)).toEqual(['own']));
    expect(link.stats()).toMatchObject({ received: 1, delivered: 1 });
  });

  it('on other topics and over the limit are counted and not delivered', async () => {
    const link = await open({ presence: 'every' });
    const service = await broker.service('other');
    await service.publishAsync('fw/v1/not-an-id/feedback', 'x', { qos: 1 });
    await service.publishAsync(topicOf('V1', 'feedback'), 'x'.repeat(MAX_MESSAGE_BYTES + 1), { qos: 1 });
    await service.publishAsync(topicOf('V1', 'presence'), 'rubbish', { qos: 1 });
    await service.publishAsync(topicOf('V1', 'feedback'), 'rubbish', { qos: 1 });
    await eventually(() => expect(texts(engine)).toEqual(['rubbish']));
    await eventually(() =>
      expect(link.stats()).toMatchObject({
        foreignTopics: 1,
        tooLarge: 1,
        malformedPresence: 1,
        presence: 0,
      }),
    );
  });
});

describe('presence', () => {
  it('tells of vehicles that come and go, also without a word, and announces those that come', async () => {
    await broker.admit('V1');
    const link = await open();
    const vehicle = await broker.vehicle('V1', {
      will: { topic: topicOf('V1', 'presence'), payload: Buffer.from(OFFLINE), qos: 1, retain: true },
    });
    await vehicle.publishAsync(topicOf('V1', 'presence'), ONLINE, { qos: 1, retain: true });
    await eventually(() => expect(engine.arrivals).toEqual(['V1']));
    vehicle.stream.destroy();
    await eventually(() => expect(engine.presences).toEqual(['V1 online', 'V1 offline']));
    expect(link.stats()).toMatchObject({ presence: 2, arrivals: 1 });
  });

  it('announces in batches', async () => {
    const batches: number[] = [];
    engine.onArrived = async (ids) => void batches.push(ids.length);
    await open();
    const service = await broker.service('many');
    const online = numbers(500).map((i) =>
      service.publishAsync(topicOf(`P${i}`, 'presence'), ONLINE, { qos: 1 }),
    );
    await Promise.all(online);
    await eventually(() => expect(engine.arrivals.length).toBe(500));
    expect(batches.length).toBeLessThan(100);
  });

  it('announces again what could not be announced', async () => {
    let failures = 2;
    engine.onArrived = async () => {
      if (failures-- > 0) throw new Error('the queue is away');
    };
    const link = await open({ connections: 1 });
    const service = await broker.service('one');
    await service.publishAsync(topicOf('V1', 'presence'), ONLINE, { qos: 1 });
    await eventually(() => expect(link.stats()).toMatchObject({ arrivals: 1, cycles: 2 }));
  });

  it.each(['shared', 'every'] as const)(
    'of those who were there first is read by a new session, not by one that goes on (%s)',
    async (presence) => {
      const service = await broker.service('first');
      await service.publishAsync(topicOf('V1', 'presence'), ONLINE, { qos: 1, retain: true });
      await service.publishAsync(topicOf('V2', 'presence'), OFFLINE, { qos: 1, retain: true });
      const first = await open({ presence });
      await eventually(() => expect(engine.arrivals).toContain('V1'));
      await first.close();
      const before = engine.arrivals.length;
      const second = await open({ presence });
      await service.publishAsync(topicOf('V3', 'presence'), ONLINE, { qos: 1 });
      await eventually(() => expect(engine.arrivals).toContain('V3'));
      await second.close();
      expect(engine.arrivals.slice(before)).toEqual(['V3']);
      expect(engine.arrivals).not.toContain('V2');
    },
  );

  it('with `every` comes to each process, with what is retained; feedback to one of them', async () => {
    const service = await broker.service('first');
    await service.publishAsync(topicOf('V1', 'presence'), ONLINE, { qos: 1, retain: true });
    const other = scriptedEngine();
    await open({ presence: 'every' });
    await open({ presence: 'every', clientId: 'other', handlers: other });
    await service.publishAsync(topicOf('V1', 'presence'), OFFLINE, { qos: 1, retain: true });
    const both = ['V1 online', 'V1 offline'];
    await eventually(() => expect([engine.presences, other.presences]).toEqual([both, both]));
    await publishMany(100, () => 'V1');
    await eventually(() => expect(sorted([...texts(engine), ...texts(other)])).toEqual(numbers(100)));
  });
});

describe('a broker that shares', () => {
  it('splits messages over connections and processes, each message once', async () => {
    const other = scriptedEngine();
    const link = await open();
    await open({ clientId: 'other', handlers: other });
    expect(link.stats().connections).toBe(4);
    await publishMany(2000, (i) => `S${i}`);
    await eventually(() => expect(engine.delivered.length + other.delivered.length).toBe(2000));
    expect(sorted([...texts(engine), ...texts(other)])).toEqual(numbers(2000));
    expect(engine.delivered.length).toBe(1000);
  });

  it('gives the others everything when one has left', async () => {
    const other = scriptedEngine();
    await open();
    const leaving = await open({ clientId: 'other', handlers: other });
    await leaving.close({ leave: true });
    await publishMany(400, (i) => `S${i}`);
    await eventually(() => expect(sorted(texts(engine))).toEqual(numbers(400)));
    expect(other.delivered).toEqual([]);
  });

  it('gives the others everything when the sessions of one that died have ended', async () => {
    const other = scriptedEngine();
    await open();
    const dying = await open({ clientId: 'other', handlers: other, session_s: 1 });
    await dying.close();
    // Until then every second message waits for it.
    await eventuallyAsync(async () => {
      const before = engine.delivered.length;
      await publishMany(8, (i) => `S${i}`);
      await pause(100);
      expect(engine.delivered.length).toBe(before + 8);
    });
    expect(other.delivered).toEqual([]);
  });

  it('keeps what comes while a process is away, for its session', async () => {
    const first = await open();
    await first.close();
    await publishMany(400, (i) => `S${i}`);
    expect(engine.delivered).toEqual([]);
    await open();
    await eventually(() => expect(sorted(texts(engine))).toEqual(numbers(400)));
  });
});

describe('a broker of MQTT 3.1.1', () => {
  it('gives everything to one connection, each message once and in order', async () => {
    const link = await open({ protocolVersion: 4 });
    expect(link.stats().connections).toBe(1);
    await publishMany(1000, (i) => `S${i}`);
    await eventually(() => expect(texts(engine)).toEqual(numbers(1000)));
  });

  it('keeps what comes while the process is away', async () => {
    const first = await open({ protocolVersion: 4 });
    await first.close();
    await publishMany(100, (i) => `S${i}`);
    await open({ protocolVersion: 4 });
    await eventually(() => expect(texts(engine)).toEqual(numbers(100)));
  });

  it('is found out by its refusal of version 5', async () => {
    const old = await startEmbeddedBroker({
      host: '127.0.0.1',
      port: 0,
      handlers: {
        ...engine,
        authenticate: async () => true,
        render: async () => null,
      },
      onError: () => undefined,
    });
    const opening = open({ url: `mqtt://V1:x@127.0.0.1:${old.port}`, clientId: 'V1', openWithin_ms: 500 });
    // It takes no clients but vehicles; that it says so means that it was asked in its own version.
    await expect(opening).rejects.toThrow('Identifier rejected');
    await old.stop();
  });

  it('that was upgraded is shared from the next start on, without receiving twice', async () => {
    const first = await open({ protocolVersion: 4 });
    await first.close();
    await open({ connections: 2 });
    await publishMany(100, (i) => `S${i}`);
    await eventually(() => expect(sorted(texts(engine))).toEqual(numbers(100)));
    await pause(100);
    expect(engine.delivered.length).toBe(100);
  });
});

describe('when messages can’t be delivered', () => {
  it.each([4, 5] as const)(
    'no more is taken than is allowed, and nothing is lost (version %d)',
    async (protocolVersion) => {
      const gate = Promise.withResolvers<void>();
      engine.onDeliver = () => gate.promise;
      const link = await open({ protocolVersion, connections: 2, maxInFlight: 200 });
      await publishMany(5000, (i) => `S${i}`);
      await eventually(() => expect(link.stats().inFlight).toBe(200));
      await pause(200);
      expect(link.stats()).toMatchObject({ inFlight: 200, received: 200, delivered: 0 });
      expect(link.connected()).toBe(true);
      gate.resolve();
      await eventually(() =>
        expect(link.stats()).toMatchObject({ delivered: 5000, inFlight: 0, repeated: 0 }),
      );
      expect(sorted(texts(engine))).toEqual(numbers(5000));
    },
  );

  it('QoS 0 is held, too', async () => {
    const gate = Promise.withResolvers<void>();
    engine.onDeliver = () => gate.promise;
    const link = await open({ connections: 1, maxInFlight: 50 });
    const client = await broker.service('qos0');
    for (const i of numbers(500)) await client.publishAsync(topicOf('V1', 'feedback'), i, { qos: 0 });
    await eventually(() => expect(link.stats()).toMatchObject({ inFlight: 50, received: 50, holds: 1 }));
    gate.resolve();
    await eventually(() => expect(texts(engine)).toEqual(numbers(500)));
  });

  it('they are not acknowledged: a process that ends without them gets them again', async () => {
    engine.onDeliver = () => new Promise(() => undefined);
    await open({ connections: 1, maxInFlight: 10 });
    await publishMany(30, () => 'V1');
    await eventually(() => expect(engine.delivered.length).toBe(10));
    const next = scriptedEngine();
    // Takes the session over, as a new process does after a kill.
    await open({ connections: 1, handlers: next });
    await eventually(() => expect(texts(next)).toEqual(numbers(30)));
  });

  it('they come again in order after a failure, with a growing pause, and other vehicles’ too', async () => {
    let failures = 4;
    engine.onDeliver = async ({ text }) => {
      await pause(1);
      if (text === '20' && failures-- > 0) throw new Error('the log is away');
    };
    const link = await open({ connections: 1 });
    await publishMany(100, () => 'V1');
    await eventually(() => expect(link.stats()).toMatchObject({ inFlight: 0, cycles: 4, undelivered: 4 }));
    await eventually(() => expect(texts(engine).at(-1)).toBe('99'));
    const lastRun = texts(engine).slice(texts(engine).lastIndexOf('20'));
    expect(lastRun).toEqual(numbers(100).slice(20));
    expect(new Set(texts(engine)).size).toBe(100);
    const warnings = lines.filter(({ message }) => message.includes('the log is away'));
    expect(warnings.length).toBeGreaterThanOrEqual(1);
  });

  it('what was undelivered counts against the limit also after the connection was cycled', async () => {
    const gate = Promise.withResolvers<void>();
    let fail = true;
    engine.onDeliver = async ({ text }) => {
      if (text === '0' && fail) {
        fail = false;
        throw new Error('once');
      }
      await gate.promise;
    };
    const link = await open({ connections: 1, maxInFlight: 50 });
    await publishMany(500, (i) => `S${i}`);
    await eventually(() => expect(link.stats()).toMatchObject({ cycles: 1, reconnections: 1 }));
    await pause(200);
    expect(link.stats().inFlight).toBeLessThanOrEqual(51);
    gate.resolve();
    await eventuallyAsync(async () => expect(new Set(texts(engine)).size).toBe(500));
  });

  it('an error thrown on the spot is no crash', async () => {
    let failures = 1;
    const deliver = (record: Parameters<Engine['deliver']>[0]): Promise<void> => {
      if (failures-- > 0) throw new Error('at once');
      return engine.deliver(record);
    };
    const link = await open({ connections: 1, handlers: { ...engine, deliver } });
    await publishMany(1, () => 'V1');
    await eventually(() => expect(texts(engine)).toEqual(['0']));
    expect(link.stats().cycles).toBe(1);
  });
});
