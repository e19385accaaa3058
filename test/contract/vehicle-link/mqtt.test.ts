import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe } from 'vitest';
import { mosquitto, type RunningMosquitto } from '../../../scripts/engines/mosquitto.ts';
import { openMqttDownlink } from '../../../src/adapters/vehicle-link/mqtt/downlink.ts';
import { openMqttUplink } from '../../../src/adapters/vehicle-link/mqtt/uplink.ts';
import { passwordLine } from '../../../src/app/vehicle-link/mosquitto-files.ts';
import { onRealServers } from '../../support/containers.ts';
import { lane, serverDirectory } from '../../support/engines.ts';
import { connected, passwordOf } from './connected.ts';
import { vehicleLinkContract } from './vehicle-link-contract.ts';

const VERSIONS = [5, 4] as const;
type ProtocolVersion = (typeof VERSIONS)[number];

const of = (version: ProtocolVersion) => ({
  suite: 'vehicle-link',
  adapter: `mqtt (${version === 5 ? '5' : '3.1.1'})`,
  server: 'mosquitto',
});

interface Addresses {
  readonly url: string;
  /** Where vehicles connect. */
  readonly vehiclesUrl: string;
}

function contract(protocolVersion: ProtocolVersion, find: () => Promise<Addresses>): void {
  vehicleLinkContract(async (engine) => {
    const { url, vehiclesUrl } = await find();
    await forgetEverything(url);
    const common = { url, protocolVersion, log: () => undefined };
    // Sessions of the test before are not gone on with.
    const clientId = `contract-${randomUUID()}`;
    const downlink = await openMqttDownlink({
      ...common,
      clientId: `${clientId}-down`,
      onReconnected: () => undefined,
    });
    const uplink = await openMqttUplink({
      ...common,
      clientId: `${clientId}-up`,
      group: clientId,
      presence: 'shared',
      handlers: { ...engine, arrived: async () => undefined, unheard: () => undefined },
      now: Date.now,
      pauses_ms: [20, 100],
    });
    return {
      link: downlink,
      connect: (vehicleId, options) =>
        connected(
          mqtt.connect(vehiclesUrl, {
            clientId: vehicleId,
            username: vehicleId,
            password: passwordOf(vehicleId),
            ...options,
          }),
        ),
      async close() {
        await uplink.close();
        await downlink.close();
      },
    };
  });
}

/** Clears what the test before has left retained. */
async function forgetEverything(url: string): Promise<void> {
  const client = await connected(mqtt.connect(url, { clientId: 'cleaner', reconnectPeriod: 0 }));
  for (const vehicleId of ['V1', 'V2', 'V9'])
    for (const name of ['update', 'presence'])
      await client.publishAsync(`fw/v1/${vehicleId}/${name}`, '', { qos: 1, retain: true });
  await client.endAsync();
}

describe.each(VERSIONS)('a broker of our own, MQTT %d', (protocolVersion) => {
  let broker: RunningMosquitto;
  beforeAll(async () => {
    await mosquitto.install(() => undefined);
    const directory = serverDirectory('mosquitto');
    broker = await mosquitto.start({ directory });
    const salt = randomBytes(12);
    const lines = ['V1', 'V2'].map((id) => passwordLine(id, passwordOf(id), { salt, iterations: 1 }));
    appendFileSync(broker.files.passwords, lines.join(''));
    await broker.stop();
    broker = await mosquitto.start({ directory });
  });
  afterAll(() => broker.stop());

  lane({ ...of(protocolVersion), version: () => broker.version });
  contract(protocolVersion, () => Promise.resolve(broker));
});

for (const protocolVersion of VERSIONS)
  await onRealServers({ ...of(protocolVersion), container: 'mosquitto' }, (find) =>
    contract(protocolVersion, async () => {
      const url = await find();
      return { url, vehiclesUrl: `mqtt://${new URL(url).host}` };
    }),
  );
