import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mosquitto } from '../../../../scripts/engines/mosquitto.ts';
import {
  type MqttDownlink,
  type MqttDownlinkOptions,
  openMqttDownlink,
} from '../../../../src/adapters/vehicle-link/mqtt/downlink.ts';
import { freeze } from '../../../support/freeze.ts';
import {
  type Broker,
  down,
  eventually,
  pause,
  received,
  recordingLog,
  startBroker,
  subscribe,
} from './harness.ts';

let broker: Broker;
let links: MqttDownlink[] = [];
let reconnections = 0;
const { log, lines } = recordingLog();

beforeEach(async () => {
  reconnections = 0;
  lines.length = 0;
  broker = await startBroker();
});
afterEach(async () => {
  await Promise.all(links.map((link) => link.close()));
  links = [];
  await broker.close();
});

async function open(options: Partial<MqttDownlinkOptions> = {}): Promise<MqttDownlink> {
  const link = await openMqttDownlink({
    url: broker.url,
    clientId: 'test-downlink',
    log,
    onReconnected: () => {
      reconnections++;
    },
    pauses_ms: [20, 200],
    ...options,
  });
  links.push(link);
  return link;
}

async function collect(link: MqttDownlink): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of link.retainedOffers()) all.push(...batch);
  return all.sort();
}

describe('messages to vehicles', () => {
  it('reach those that have subscribed, and the newest update also those that come later', async () => {
    await broker.admit('V1');
    const link = await open();
    const early = await broker.vehicle('V1');
    const first = received(early);
    await subscribe(early, 'V1', 'update', 'grant', 'receipt');
    await link.send([
      down('V1', 'update', 'u1'),
      down('V1', 'grant', 'g1'),
      down('V1', 'receipt', 'r1'),
      down('V1', 'update', 'u2'),
    ]);
    await eventually(() => expect(first).toEqual(['update u1', 'grant g1', 'receipt r1', 'update u2']));
    await early.endAsync();
    const late = await broker.vehicle('V1');
    const second = received(late);
    await subscribe(late, 'V1', 'update', 'grant', 'receipt');
    await link.send([down('V1', 'receipt', 'now')]);
    await eventually(() => expect(second).toEqual(['update u2', 'receipt now']));
  });

  it('keep their order for a vehicle, whoever sends them, with more than fit into the window', async () => {
    await broker.admit('V1');
    const link = await open({ maxInFlight: 7 });
    const vehicle = await broker.vehicle('V1');
    const all = received(vehicle);
    await subscribe(vehicle, 'V1', 'receipt');
    const sends = Array.from({ length: 40 }, (_, batch) =>
      link.send(Array.from({ length: 25 }, (_, i) => down('V1', 'receipt', String(batch * 25 + i)))),
    );
    expect(link.stats()['inFlight']).toBe(7);
    expect(link.stats()['waiting']).toBe(993);
    await Promise.all(sends);
    await eventually(() => expect(all).toEqual(Array.from({ length: 1000 }, (_, i) => `receipt ${i}`)));
    expect(link.stats()).toMatchObject({ published: 1000, acknowledged: 1000, inFlight: 0, waiting: 0 });
  });

  it('are refused at once when too many wait', async () => {
    const link = await open({ maxInFlight: 1, maxWaiting: 10 });
    const many = Array.from({ length: 11 }, (_, i) => down('V1', 'receipt', String(i)));
    await expect(link.send(many)).rejects.toThrow('wait for the broker already');
    await link.send(many.slice(0, 10));
  });

  it('are refused with what to do when the broker takes no packets of that size', async () => {
    const link = await open();
    await expect(link.send([down('V1', 'update', 'x'.repeat(70_000))])).rejects.toThrow('max_packet_size');
    expect(link.connected()).toBe(true);
  });

  it('fail with the reason when the broker forbids one', async () => {
    await broker.admit('V1', 'V2');
    const link = await open({
      url: broker.url.replace(/\/\/.*@/, `//V1:${encodeURIComponent('secret of V1')}@`),
    });
    await expect(link.send([down('V2', 'receipt', 'x')])).rejects.toThrow('Not authorized');
    expect(link.stats()).toMatchObject({ refused: 1, failedSends: 1, connected: 1 });
  });
});

describe('when the broker is not there', () => {
  it('opening fails within its time and names the setting, without the password', async () => {
    await broker.stop();
    const opening = open({ openWithin_ms: 300 });
    await expect(opening).rejects.toThrow(
      /^FLEETWAVE_MQTT: mqtt:\/\/127\.0\.0\.1:\d+ can't be used: .*ECONNREFUSED/,
    );
  });

  it('opening fails with the reason when the password is wrong', async () => {
    const wrong = open({ url: broker.url.replace(/:[^:@/]+@/, ':wrong@'), openWithin_ms: 300 });
    await expect(wrong).rejects.toThrow(/not authori[sz]ed/i);
  });

  it.each(['http://127.0.0.1', 'mqtt://', 'nonsense'])('%s is no address', async (url) => {
    await expect(open({ url })).rejects.toThrow('FLEETWAVE_MQTT must be an address such as');
  });

  it('a send fails at once; after the broker has lost everything, the link comes back and says so', async () => {
    await broker.admit('V1');
    const link = await open();
    await link.send([down('V1', 'update', '{"v":1,"offers":[{}]}')]);
    broker.kill('SIGKILL');
    await eventually(() => expect(link.connected()).toBe(false));
    await expect(link.send([down('V1', 'receipt', 'x')])).rejects.toThrow('no connection');
    rmSync(join(broker.directory, 'data'), { recursive: true });
    await broker.stop();
    const again = await mosquitto.start({ directory: broker.directory });
    try {
      await eventually(() => expect([link.connected(), reconnections]).toEqual([true, 1]));
      expect(await collect(link)).toEqual([]);
      await link.send([down('V1', 'update', '{"v":1,"offers":[{}]}')]);
      expect(await collect(link)).toEqual(['V1']);
      expect(lines.filter(({ level }) => level === 'warn').length).toBeLessThanOrEqual(2);
      expect(lines.at(-1)?.message).toBe('MQTT downlink is connected again');
    } finally {
      await again.stop();
    }
  });

  it('what is under way fails when it acknowledges nothing any more, and nothing of it comes later', async () => {
    await broker.admit('V1');
    const link = await open({ stall_ms: 400, maxInFlight: 2 });
    const vehicle = await broker.vehicle('V1');
    const all = received(vehicle);
    await subscribe(vehicle, 'V1', 'receipt');
    await freeze(broker);
    const sends = ['a', 'b', 'c'].map((text) => link.send([down('V1', 'receipt', text)]));
    const results = await Promise.allSettled(sends);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    broker.kill('SIGCONT');
    await eventually(() => expect([link.connected(), reconnections]).toEqual([true, 1]));
    await link.send([down('V1', 'receipt', 'd')]);
    await eventually(() => expect(all).toContain('receipt d'));
    expect(all).not.toContain('receipt c');
    expect(all.at(-1)).toBe('receipt d');
  });
});

describe('what the broker retains', () => {
  it('is read in batches: vehicles with an offer, or with something that can’t be read', async () => {
    const link = await open();
    const offer = '{"v":1,"offers":[{"campaignId":"c"}]}';
    const ids = Array.from({ length: 2500 }, (_, i) => `R${i}`);
    await link.send(ids.map((id) => down(id, 'update', offer)));
    await link.send([down('N1', 'update', '{"v":1,"offers":[]}'), down('B1', 'update', 'rubbish')]);
    await link.send([down('R7', 'update', '{"v":1,"offers":[]}')]);
    const expected = [...ids.filter((id) => id !== 'R7'), 'B1'].sort();
    expect(await collect(link)).toEqual(expected);
  });

  it('is nothing on a new broker', async () => {
    expect(await collect(await open())).toEqual([]);
  });

  it('can be given up half way', async () => {
    const link = await open();
    await link.send(Array.from({ length: 3000 }, (_, i) => down(`R${i}`, 'update', '{"v":1,"offers":[{}]}')));
    for await (const batch of link.retainedOffers()) {
      expect(batch.length).toBe(1000);
      break;
    }
    expect((await collect(link)).length).toBe(3000);
  });

  it('is an error when the broker goes away meanwhile, not a short list', async () => {
    const link = await open();
    await link.send(Array.from({ length: 3000 }, (_, i) => down(`R${i}`, 'update', '{"v":1,"offers":[{}]}')));
    const reading = (async () => {
      for await (const _batch of link.retainedOffers()) {
        broker.kill('SIGKILL');
        await pause(50);
      }
    })();
    await expect(reading).rejects.toThrow();
  });
});
