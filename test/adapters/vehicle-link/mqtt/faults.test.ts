/** Both ways at once, over a broker that dies; certificates; what doctor finds. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuthority, readCertificate } from '../../../../scripts/engines/mosquitto/certificates.ts';
import { mosquitto } from '../../../../scripts/engines/mosquitto.ts';
import { openMqttDownlink } from '../../../../src/adapters/vehicle-link/mqtt/downlink.ts';
import { openMqttUplink } from '../../../../src/adapters/vehicle-link/mqtt/uplink.ts';
import { topicOf } from '../../../../src/protocol/topics.ts';
import {
  type Broker,
  down,
  type Engine,
  eventually,
  received,
  recordingLog,
  scriptedEngine,
  startBroker,
  subscribe,
} from './harness.ts';

const { log } = recordingLog();
const ONLINE = '{"v":1,"state":"online"}';

describe('a broker that is killed and loses what it has', () => {
  let broker: Broker;
  let engine: Engine;
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    engine = scriptedEngine();
    broker = await startBroker();
    await broker.admit('V1');
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    await broker.close();
  });

  it('is used again by itself, both ways, and vehicles that came back first are announced', async () => {
    let reconnections = 0;
    const downlink = await openMqttDownlink({
      url: broker.url,
      clientId: 'down',
      log,
      pauses_ms: [20, 200],
      onReconnected: () => {
        reconnections++;
      },
    });
    cleanups.push(() => downlink.close());
    const uplink = await openMqttUplink({
      url: broker.url,
      clientId: 'up',
      presence: 'shared',
      handlers: engine,
      now: Date.now,
      log,
      // It comes back after the vehicle.
      pauses_ms: [1000, 1000],
    });
    cleanups.push(() => uplink.close());

    expect(engine.unheards).toBe(0);
    broker.kill('SIGKILL');
    await eventually(() => expect([downlink.connected(), uplink.connected()]).toEqual([false, false]));
    await eventually(() => expect(engine.unheards).toBeGreaterThan(3));
    await broker.stop();
    rmSync(join(broker.directory, 'data'), { recursive: true });
    const again = await mosquitto.start({ directory: broker.directory });
    cleanups.push(() => again.stop());
    const vehicle = await broker.vehicle('V1');
    const all = received(vehicle);
    await subscribe(vehicle, 'V1', 'update', 'grant', 'receipt');
    await vehicle.publishAsync(topicOf('V1', 'presence'), ONLINE, { qos: 1, retain: true });
    expect(uplink.connected()).toBe(false);
    const unheards = engine.unheards;

    await eventually(() => expect([downlink.connected(), uplink.connected()]).toEqual([true, true]));
    await eventually(() => expect(engine.arrivals).toContain('V1'));
    expect(reconnections).toBe(1);
    expect(uplink.stats().reconnections).toBe(4);
    // What vehicles have kept comes from now on.
    expect(engine.unheards).toBeGreaterThanOrEqual(unheards + 4);
    await downlink.send([down('V1', 'grant', 'g')]);
    await eventually(() => expect(all).toEqual(['grant g']));
    await vehicle.publishAsync(topicOf('V1', 'feedback'), 'f', { qos: 1 });
    await eventually(() => expect(engine.delivered.map(({ text }) => text)).toEqual(['f']));
  });
});

describe('a broker that asks for certificates', () => {
  let broker: Broker;
  beforeEach(async () => {
    broker = await startBroker({ tls: true });
  });
  afterEach(() => broker.close());

  it('knows a vehicle by the CN of its certificate, and lets in nobody without one', async () => {
    const authority = await openAuthority(broker.tls?.authority ?? '');
    const ca = readFileSync(authority.ca, 'utf8');
    const tls = { ca, ...readCertificate(await authority.issue('V1', 'client')) };
    const url = broker.tls?.url ?? '';
    const engine = scriptedEngine();
    const uplink = await openMqttUplink({
      url: broker.url,
      clientId: 'up',
      presence: 'shared',
      handlers: engine,
      now: Date.now,
      log,
    });
    // It asks for a client id of ours, which must not take our session away.
    const vehicle = await broker.connect(url, { ...tls, clientId: 'up-0', clean: false });
    await vehicle.publishAsync(topicOf('V2', 'feedback'), 'foreign', { qos: 1 });
    await vehicle.publishAsync(topicOf('V1', 'feedback'), 'own', { qos: 1 });
    await eventually(() =>
      expect(engine.delivered).toEqual([{ vehicleId: 'V1', channel: 'feedback', text: 'own' }]),
    );
    expect(uplink.stats()).toMatchObject({ connections: 4, reconnections: 0 });
    // And through our own client.
    const link = await openMqttDownlink({ url, tls, clientId: 'any', log, onReconnected: () => undefined });
    await expect(link.send([down('V2', 'update', 'x')])).rejects.toThrow('Not authorized');
    await link.close();
    const { ca: _, ...uncertified } = tls;
    const refused = { clientId: 'any', log, openWithin_ms: 500, onReconnected: () => undefined };
    await expect(openMqttDownlink({ ...refused, url, tls: { ca } })).rejects.toThrow('FLEETWAVE_MQTT');
    await expect(openMqttDownlink({ ...refused, url, tls: uncertified })).rejects.toThrow(
      /self-signed certificate/,
    );
    await uplink.close();
  });

  it('settings that do not go together are refused before anything is opened', async () => {
    const options = { clientId: 'any', log, onReconnected: () => undefined };
    await expect(
      openMqttDownlink({ ...options, url: 'mqtt://127.0.0.1', tls: { ca: 'PEM' } }),
    ).rejects.toThrow('use mqtts://');
    await expect(
      openMqttDownlink({ ...options, url: 'mqtts://127.0.0.1', tls: { cert: 'PEM' } }),
    ).rejects.toThrow('the certificate and its key');
  });
});
