import { Command } from 'commander';
import { connect } from './client.ts';
import { serverOf, withServer } from './options.ts';

/** `fleetwave vehicle-credentials`: what a TCU needs to connect to the broker. */
export const vehicleCredentialsCommand = (): Command =>
  withServer(new Command('vehicle-credentials'))
    .description('print the MQTT credential of vehicles (issued where there is none), as NDJSON')
    .argument('<vin...>', 'VINs or vehicle ids')
    .action(async (vins: string[], flags: { server?: string; key?: string; dataDir?: string }) => {
      const answer = (await connect(serverOf(flags)).request('POST', '/v1/vehicles/credentials', {
        vehicleIds: vins,
      })) as {
        credentials: unknown[];
      };
      for (const credential of answer.credentials) console.log(JSON.stringify(credential));
    });
