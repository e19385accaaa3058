import type { MqttClient } from 'mqtt';

export const passwordOf = (vehicleId: string): string => `secret of ${vehicleId}`;

/** Resolves when the client is connected. */
export const connected = (client: MqttClient): Promise<MqttClient> =>
  new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.once('error', (error) => {
      client.end(true);
      reject(error);
    });
  });
