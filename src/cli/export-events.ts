import { Command } from 'commander';
import { connect } from './client.ts';
import { serverOf, withServer } from './options.ts';

/** `fleetwave export-events`: a campaign's whole history as NDJSON. */
export const exportEventsCommand = (): Command =>
  withServer(new Command('export-events'))
    .description('write every event of a campaign to stdout as NDJSON, in the order of the log')
    .argument('<campaign>', 'campaign id')
    .action(async (campaign: string, flags: { server?: string; key?: string; dataDir?: string }) => {
      for await (const line of connect(serverOf(flags)).stream(
        `/v1/campaigns/${encodeURIComponent(campaign)}/events`,
      )) {
        if (!process.stdout.write(`${line}\n`))
          await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    });
