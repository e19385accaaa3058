import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe } from 'vitest';
import { mosquitto, type RunningMosquitto } from '../../../scripts/engines/mosquitto.ts';
import { openMqttDownlink } from '../../../src/adapters/vehicle-link/mqtt/downlink.ts';
import { openMqttUplink } from '../../../src/adapters/vehicle-link/mqtt/uplink.ts';
import { passwordLine } from '../../../src/app/vehicle-link/mosquitto-files.ts';
import { lane, serverDirectory } from '../../support/engines.ts';
import { connected, passwordOf } from './connected.ts';
import { vehicleLinkContract } from './vehicle-link-contract.ts';

let broker: RunningMosquitto;
let version = '';

beforeAll(async () => {
  await mosquitto.install(() => undefined);
  const directory = serverDirectory('mosquitto');
  broker = await mosquitto.start({ directory });
  version = broker.version.replace('mosquitto ', '');
  const salt = randomBytes(12);
  const lines = ['V1', 'V2'].map((id) => passwordLine(id, passwordOf(id), { salt, iterations: 1 }));
  appendFileSync(broker.files.passwords, lines.join(''));
  await broker.stop();
  broker = await mosquitto.start({ directory });
});
afterAll(() => broker.stop());

describe.each([5, 4] as const)('an external broker, MQTT %d', (protocolVersion) => {
  lane({
    suite: 'vehicle-link',
    adapter: `mqtt (${protocolVersion === 5 ? '5' : '3.1.1'})`,
    server: 'mosquitto',
    version: () => version,
  });

  vehicleLinkContract(async (engine) => {
    await forgetEverything();
    const common = { url: broker.url, protocolVersion, log: () => undefined };
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
      handlers: { ...engine, arrived: async () => undefined },
      now: Date.now,
      pauses_ms: [20, 100],
    });
    return {
      link: downlink,
      connect: (vehicleId, options) =>
        connected(
          mqtt.connect(broker.vehiclesUrl, {
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
});

/** Clears what the test before has left retained. */
async function forgetEverything(): Promise<void> {
  const client = await connected(mqtt.connect(broker.url, { clientId: 'cleaner', reconnectPeriod: 0 }));
  for (const vehicleId of ['V1', 'V2', 'V9'])
    for (const name of ['update', 'presence'])
      await client.publishAsync(`fw/v1/${vehicleId}/${name}`, '', { qos: 1, retain: true });
  await client.endAsync();
}
