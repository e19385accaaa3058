import mqtt from 'mqtt';
import { describe } from 'vitest';
import { startEmbeddedBroker } from '../../../src/adapters/vehicle-link/embedded-broker/embedded-broker.ts';
import { lane } from '../../support/engines.ts';
import { connected, passwordOf } from './connected.ts';
import { vehicleLinkContract } from './vehicle-link-contract.ts';

describe('the embedded broker', () => {
  lane({ suite: 'vehicle-link', adapter: 'embedded-broker', server: 'aedes', version: 'in the process' });

  vehicleLinkContract(async (engine) => {
    const broker = await startEmbeddedBroker({
      host: '127.0.0.1',
      port: 0,
      handlers: {
        ...engine,
        authenticate: async (vehicleId, secret) =>
          ['V1', 'V2'].includes(vehicleId) && secret === passwordOf(vehicleId),
      },
      onError: () => undefined,
      stopTimeout_ms: 200,
    });
    return {
      link: broker,
      connect: (vehicleId, options) =>
        connected(
          mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, {
            clientId: vehicleId,
            username: vehicleId,
            password: passwordOf(vehicleId),
            ...options,
          }),
        ),
      close: () => broker.stop(),
    };
  });
});
