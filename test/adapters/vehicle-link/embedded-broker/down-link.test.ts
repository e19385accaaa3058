import type { MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { topicOf } from '../../../../src/protocol/topics.ts';
import { closed, eventually, type Harness, pause, startHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness({ maxPendingBytesPerClient: 256 * 1024 });
});
afterEach(() => harness.close());

const bytes = (text: string): Uint8Array => Buffer.from(text);
const down = (vehicleId: string, topic: 'update' | 'grant' | 'receipt', text: string) => ({
  vehicleId,
  topic,
  payload: bytes(text),
});
function received(client: MqttClient): string[] {
  const all: string[] = [];
  client.on('message', (topic, payload) => all.push(`${topic.split('/').at(-1)} ${payload.toString()}`));
  return all;
}
const subscribe = (client: MqttClient, vehicleId: string, ...topics: ('update' | 'grant' | 'receipt')[]) =>
  client.subscribeAsync(
    topics.map((topic) => topicOf(vehicleId, topic)),
    { qos: 1 },
  );

describe('what a vehicle is shown when it subscribes', () => {
  it('is rendered then, once per topic, and comes with QoS 1', async () => {
    harness.engine.onRender = async (_vehicle, topic) => bytes(`state of ${topic}`);
    const client = await harness.connect('V1');
    const all = received(client);
    const qos: number[] = [];
    client.on('message', (_topic, _payload, packet) => qos.push(packet.qos));
    await subscribe(client, 'V1', 'update', 'grant', 'receipt');
    await eventually(() =>
      expect([...all].sort()).toEqual(['grant state of grant', 'update state of update']),
    );
    expect(qos).toEqual([1, 1]);
    expect(harness.engine.rendered).toEqual(['V1/update', 'V1/grant']);
  });

  it('is nothing when there is nothing', async () => {
    const client = await harness.connect('V1');
    const all = received(client);
    await subscribe(client, 'V1', 'update');
    await harness.broker.send([down('V1', 'update', 'later')]);
    await eventually(() => expect(all).toEqual(['update later']));
  });

  it('is rendered again when something went out meanwhile: the newest comes last', async () => {
    const renders: ((value: Uint8Array) => void)[] = [];
    harness.engine.onRender = () => new Promise((resolve) => renders.push(resolve));
    const client = await harness.connect('V1');
    const all = received(client);
    await subscribe(client, 'V1', 'update');
    await eventually(() => expect(renders).toHaveLength(1));
    await harness.broker.send([down('V1', 'update', 'sent meanwhile')]);
    renders[0]?.(bytes('rendered before'));
    await eventually(() => expect(renders).toHaveLength(2));
    renders[1]?.(bytes('rendered after'));
    await eventually(() => expect(all).toEqual(['update sent meanwhile', 'update rendered after']));
  });

  it('a state that can not be rendered ends the connection, so that the vehicle asks again', async () => {
    harness.engine.onRender = async () => {
      throw new Error('no state');
    };
    const client = await harness.connect('V1');
    const gone = closed(client);
    client.subscribe(topicOf('V1', 'update'), { qos: 1 }, () => undefined);
    await gone;
    expect(String(harness.errors[0])).toContain('no state');
  });
});

describe('what is sent to a vehicle', () => {
  it('comes to it, in order, and to nobody else', async () => {
    const [first, second] = await Promise.all([harness.connect('V1'), harness.connect('V2')]);
    const [ofFirst, ofSecond] = [received(first), received(second)];
    await subscribe(first, 'V1', 'receipt');
    await subscribe(second, 'V2', 'receipt');
    const texts = Array.from({ length: 100 }, (_, i) => String(i));
    await harness.broker.send(texts.map((text) => down('V1', 'receipt', text)));
    await eventually(() => expect(ofFirst).toEqual(texts.map((text) => `receipt ${text}`)));
    expect(ofSecond).toEqual([]);
    expect(harness.broker.stats()).toMatchObject({ sent: 100, dropped: 0 });
  });

  it('comes whole, whatever its size, and with no higher QoS than subscribed to', async () => {
    const client = await harness.connect('V1');
    const sizes: [number, number][] = [];
    client.on('message', (_topic, payload, packet) => sizes.push([payload.length, packet.qos]));
    await client.subscribeAsync(topicOf('V1', 'receipt'), { qos: 0 });
    const lengths = [0, 1, 97, 98, 106, 107, 16_355, 16_360, 65_536];
    await harness.broker.send(lengths.map((length) => down('V1', 'receipt', 'x'.repeat(length))));
    await eventually(() => expect(sizes).toEqual(lengths.map((length) => [length, 0])));
    await client.subscribeAsync(topicOf('V1', 'receipt'), { qos: 2 });
    await harness.broker.send([down('V1', 'receipt', 'y')]);
    await eventually(() => expect(sizes.at(-1)).toEqual([1, 1]));
  });

  it('is dropped when it is not there, has not subscribed, or has unsubscribed', async () => {
    await harness.broker.send([down('V9', 'update', 'x')]);
    const client = await harness.connect('V1');
    const all = received(client);
    await harness.broker.send([down('V1', 'update', 'x')]);
    await subscribe(client, 'V1', 'update');
    await client.unsubscribeAsync(topicOf('V1', 'update'));
    await harness.broker.send([down('V1', 'update', 'x')]);
    await subscribe(client, 'V1', 'grant');
    await harness.broker.send([down('V1', 'grant', 'y')]);
    await eventually(() => expect(all).toEqual(['grant y']));
    expect(harness.broker.stats()).toMatchObject({ sent: 1, dropped: 3 });
  });

  it('is not kept for a session: a client that asks for one subscribes anew', async () => {
    const first = await harness.connect('V1', { clean: false });
    await subscribe(first, 'V1', 'update');
    await first.endAsync();
    await eventually(() => expect(harness.broker.stats().connected).toBe(0));
    await harness.broker.send([down('V1', 'update', 'while away')]);
    const second = harness.client('V1', { clean: false });
    const all = received(second);
    const present = await new Promise((resolve) =>
      second.once('connect', (ack) => resolve(ack.sessionPresent)),
    );
    expect(present).toBe(false);
    await subscribe(second, 'V1', 'update');
    await harness.broker.send([down('V1', 'update', 'now')]);
    await eventually(() => expect(all).toEqual(['update now']));
  });

  it('is bounded for one that does not read: it is cut off', async () => {
    const client = await harness.connect('V1');
    await subscribe(client, 'V1', 'receipt');
    client.stream.pause();
    const big = 'x'.repeat(60_000);
    for (let i = 0; i < 400 && harness.broker.stats().slowConsumers === 0; i++) {
      await harness.broker.send([down('V1', 'receipt', big)]);
      await pause(1);
    }
    expect(harness.broker.stats().slowConsumers).toBe(1);
    await eventually(() => expect(harness.broker.stats().connected).toBe(0));
    await harness.broker.send([down('V1', 'receipt', big)]);
    expect(harness.broker.stats().slowConsumers).toBe(1);
  });

  it('and a burst in one go is bounded in the same way', async () => {
    const client = await harness.connect('V1');
    await subscribe(client, 'V1', 'receipt');
    await harness.broker.send(Array.from({ length: 1000 }, () => down('V1', 'receipt', 'x'.repeat(60_000))));
    const { slowConsumers, sent, dropped } = harness.broker.stats();
    expect([slowConsumers, sent + dropped]).toEqual([1, 1000]);
    expect(dropped).toBeGreaterThan(500);
  });
});
