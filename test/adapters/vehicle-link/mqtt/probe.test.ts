import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedBroker } from '../../../../src/adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import { probeMqtt } from '../../../../src/adapters/vehicle-link/mqtt/probe-mqtt.ts';
import { openMqttUplink } from '../../../../src/adapters/vehicle-link/mqtt/uplink.ts';
import { renderAcl } from '../../../../src/app/vehicle-link/mosquitto-files.ts';
import { type Broker, eventually, passwordOf, scriptedEngine, startBroker } from './harness.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
  await broker.admit('V1');
});
afterAll(() => broker.close());

const failed = async (url: string): Promise<string[]> =>
  (await probeMqtt({ url })).filter(({ ok }) => !ok).map(({ check }) => check);

describe('what doctor says of a broker', () => {
  it('that is as it should be: everything is good, and nobody has noticed', async () => {
    const engine = scriptedEngine();
    const uplink = await openMqttUplink({
      url: broker.url,
      clientId: 'up',
      presence: 'every',
      handlers: engine,
      now: Date.now,
      log: () => undefined,
    });
    const findings = await probeMqtt({ url: broker.url });
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.map(({ detail }) => detail)).toContainEqual(expect.stringContaining('speaks MQTT 5'));
    expect(findings).toContainEqual({
      check: 'MQTT shared subscriptions',
      ok: true,
      detail: 'available',
      advice: '',
    });
    await eventually(() => expect(uplink.stats().malformedPresence).toBe(1));
    expect([engine.delivered, engine.presences, engine.arrivals]).toEqual([[], [], []]);
    await uplink.close();
    const service = await broker.service('looker');
    const retained: string[] = [];
    service.on('message', (topic) => retained.push(topic));
    await service.subscribeAsync('fw/v1/+/update', { qos: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(retained).toEqual([]);
  });

  it('of 3.1.1: that nothing can be shared is said, and is no fault', async () => {
    const findings = await probeMqtt({ url: broker.url, protocolVersion: 4 });
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.map(({ detail }) => detail).join()).toContain('not available: one connection');
  });

  it('whose user has too few rights: which, and what to do', async () => {
    const url = broker.url.replace(/\/\/.*@/, `//V1:${encodeURIComponent(passwordOf('V1'))}@`);
    const findings = await probeMqtt({ url });
    expect(findings.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual([
      'MQTT rights from vehicles',
      'MQTT rights to vehicles',
      'MQTT retained messages',
      'MQTT shared subscriptions',
    ]);
    expect(findings.find(({ ok }) => !ok)?.advice).toContain('topic readwrite fw/v1/#');
  });

  it('that lets it write but not read', async () => {
    writeFileSync(broker.files.acl, `user fleetwave\ntopic write fw/v1/#\n\n${renderAcl([], [])}`);
    broker.kill('SIGHUP');
    await eventuallyFailed(['MQTT rights from vehicles', 'MQTT rights to vehicles']);
    writeFileSync(broker.files.acl, renderAcl(['fleetwave'], []));
    broker.kill('SIGHUP');
  });

  async function eventuallyFailed(checks: readonly string[]): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const found = await failed(broker.url);
      if (checks.every((check) => found.includes(check))) return;
    }
    expect(await failed(broker.url)).toEqual(expect.arrayContaining([...checks]));
  }

  it('that is not there, that does not want it, and an address that is none', async () => {
    expect(await failed('mqtt://127.0.0.1:1')).toEqual(['MQTT broker']);
    expect(await failed(broker.url.replace(/:[^:@/]+@/, ':wrong@'))).toEqual(['MQTT broker']);
    expect(await failed('http://127.0.0.1')).toEqual(['MQTT settings']);
    const embedded = await startEmbeddedBroker({
      host: '127.0.0.1',
      port: 0,
      handlers: { ...scriptedEngine(), authenticate: async () => true, render: async () => null },
      onError: () => undefined,
    });
    expect(await failed(`mqtt://127.0.0.1:${embedded.port}`)).toEqual(['MQTT broker']);
    await embedded.stop();
  });

  it('that accepts a connection and says nothing: it does not wait for ever', async () => {
    const sockets: Socket[] = [];
    const silent: Server = createServer((socket) => sockets.push(socket));
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, '127.0.0.1', () => {
        const address = silent.address();
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
      });
    });
    const [finding] = await probeMqtt({ url: `mqtt://127.0.0.1:${port}` });
    expect(finding).toMatchObject({ ok: false, check: 'MQTT broker' });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
