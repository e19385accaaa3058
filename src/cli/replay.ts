import { Command } from 'commander';
import { type Replayed, replayCampaign } from '../app/replay.ts';
import { loadConfig } from '../config.ts';
import { CliError } from './client.ts';
import { openConfiguredLog } from './configured-log.ts';
import { withDataDir } from './options.ts';

/** `fleetwave replay`: a campaign as it stood; reads the log beside a running server, writes nothing. */
export const replayCommand = (): Command =>
  withDataDir(new Command('replay'))
    .description('fold a campaign from its events, now or as of a past instant')
    .argument('<campaign>', 'campaign id')
    .option('--as-of <time>', 'instant, ISO 8601, such as 2027-03-01T12:00:00Z; default: now')
    .option('--json', 'the whole state as JSON')
    .action(async (campaignId: string, flags: { dataDir?: string; asOf?: string; json?: boolean }) => {
      const asOf = flags.asOf === undefined ? null : instantOf(flags.asOf);
      const reader = await openConfiguredLog(loadConfig({ dataDir: flags.dataDir }, process.env));
      try {
        const replayed = await replayCampaign(reader, campaignId, asOf);
        if (replayed.events === 0)
          throw new CliError(
            `There is no event of a campaign ${campaignId}${asOf === null ? '' : ` before ${asOf}`}.`,
          );
        if (flags.json === true) console.log(JSON.stringify(replayed));
        else print(replayed);
      } finally {
        await reader.close();
      }
    });

function instantOf(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new CliError(`--as-of ${text} is no time: write it like 2027-03-01T12:00:00Z.`);
  return new Date(time).toISOString();
}

function print({ campaign, tally, failureCodes, events, at, unknown }: Replayed): void {
  console.log(`${campaign.phase} after ${events} events, the last at ${at}`);
  if (campaign.phase !== 'absent')
    console.log(
      `${campaign.title}: ${campaign.policy.artifacts.join(', ')}, wave ${campaign.releasedWave} of ${campaign.policy.waves.length} released`,
    );
  if (tally !== null)
    console.table(Object.fromEntries(Object.entries(tally.totals).filter(([, vehicles]) => vehicles > 0)));
  for (const { code, attempts } of failureCodes) console.log(`failed with ${code}: ${attempts}`);
  if (unknown.length > 0) console.log(`skipped, of a newer version: ${unknown.join(', ')}`);
}
