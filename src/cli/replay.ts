import { Command } from 'commander';
import { type CampaignStateAt, NOW, replayStates } from '../api/history/campaign-state.ts';
import { diffOf } from '../api/history/diff.ts';
import { type CampaignSeries, inBuckets, instantsOf, MAX_BUCKETS, seriesOf } from '../api/history/series.ts';
import { campaignHistory } from '../app/replay.ts';
import { loadConfig } from '../config.ts';
import type { Cut } from '../domain/shared/cut.ts';
import { CliError } from './client.ts';
import { type LogReader, openConfiguredLog } from './configured-log.ts';
import { withDataDir } from './options.ts';

interface Flags {
  readonly dataDir?: string;
  readonly asOf?: string;
  readonly position?: string;
  readonly diff?: boolean;
  readonly series?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** `fleetwave replay`: a campaign as it stood; reads the log beside a running server, writes nothing. */
export const replayCommand = (): Command =>
  withDataDir(new Command('replay'))
    .description(
      'fold a campaign from its events: as it is, at a past instant, over time, or between two instants',
    )
    .argument('<campaign>', 'campaign id')
    .option('--as-of <time>', 'instant, ISO 8601, such as 2027-03-01T12:00:00Z; default: now')
    .option(
      '--position <position>',
      'position of an event, as the API and the export give it, instead of --as-of',
    )
    .option('--diff', 'what changed between --from and --to')
    .option(
      '--series <steps>',
      `the totals in so many equal steps between --from and --to, at most ${MAX_BUCKETS}`,
    )
    .option('--from <time>', 'default: the first event of the campaign')
    .option('--to <time>', 'default: its last event')
    .option('--json', 'JSON of the same form as the answer of the API')
    .action(async (campaignId: string, flags: Flags) => {
      const log = await openConfiguredLog(loadConfig({ dataDir: flags.dataDir }, process.env));
      try {
        if (flags.series !== undefined) await series(log, campaignId, flags);
        else if (flags.diff === true) await diff(log, campaignId, flags);
        else await state(log, campaignId, flags);
      } finally {
        await log.close();
      }
    });

async function state(log: LogReader, campaignId: string, flags: Flags): Promise<void> {
  if (flags.asOf !== undefined && flags.position !== undefined)
    throw new CliError('Give --as-of or --position, not both.');
  const [replayed] = await replayStates(log, campaignId, [cutOf(flags)]);
  if (replayed === undefined || replayed.events === 0) {
    const before = flags.asOf ?? flags.position;
    throw new CliError(
      `There is no event of a campaign ${campaignId}${before === undefined ? '' : ` up to ${before}`}.`,
    );
  }
  const { unknown, ...answer } = replayed;
  if (flags.json === true) console.log(JSON.stringify(answer));
  else printState(answer);
  if (unknown.length > 0) console.error(`skipped, of a newer version: ${unknown.join(', ')}`);
}

async function diff(log: LogReader, campaignId: string, flags: Flags): Promise<void> {
  const { from_ms, to_ms } = await spanOf(log, campaignId, flags);
  const [before, after] = await replayStates(log, campaignId, [
    { instant_ms: from_ms },
    { instant_ms: to_ms },
  ]);
  if (before === undefined || after === undefined) throw new Error('a replay gives one state for each cut');
  const answer = diffOf(before, after);
  if (flags.json === true) {
    console.log(JSON.stringify(answer));
    return;
  }
  console.log(`${answer.from.state ?? 'absent'} → ${answer.to.state ?? 'absent'}, ${answer.events} events`);
  console.table(answer.counts.byPhase);
  for (const [code, attempts] of Object.entries(answer.failureCodes))
    console.log(`failed with ${code}: ${attempts}`);
  for (const { at, type, by, reason } of answer.decisions)
    console.log(`${at} ${type} by ${by}${reason === null ? '' : `: ${reason}`}`);
}

async function series(log: LogReader, campaignId: string, flags: Flags): Promise<void> {
  const buckets = Number(flags.series);
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > MAX_BUCKETS)
    throw new CliError(`--series ${flags.series} is not a number of steps from 1 to ${MAX_BUCKETS}.`);
  const steps = inBuckets(await spanOf(log, campaignId, flags), buckets);
  const states = await replayStates(
    log,
    campaignId,
    instantsOf(steps).map((instant_ms) => ({ instant_ms })),
  );
  const totals = states.map(({ events, position, at, progress }) => {
    const { byPhase, attempts } = progress ?? { byPhase: {}, attempts: {} };
    return { events, position, at, byPhase, attempts };
  });
  const answer = seriesOf(campaignId, steps, totals);
  if (flags.json === true) console.log(JSON.stringify(answer));
  else printSeries(answer);
}

/** What is not given is asked of the log: when the campaign began, and when it last changed. */
async function spanOf(
  log: LogReader,
  campaignId: string,
  flags: Flags,
): Promise<{ readonly from_ms: number; readonly to_ms: number }> {
  let first: number | null = null;
  let latest = Number.NEGATIVE_INFINITY;
  const asked = flags.from !== undefined && flags.to !== undefined;
  for await (const events of campaignHistory(log, campaignId)) {
    for (const { metadata } of events) latest = Math.max(latest, Date.parse(metadata.time));
    first ??= Date.parse(events[0]?.metadata.time ?? '');
    if (asked) break;
  }
  if (first === null) throw new CliError(`There is no event of a campaign ${campaignId}.`);
  const from_ms = flags.from === undefined ? first : instantOf('--from', flags.from);
  const to_ms = flags.to === undefined ? latest : instantOf('--to', flags.to);
  if (from_ms > to_ms) throw new CliError('--to lies before --from.');
  return { from_ms, to_ms };
}

function cutOf({ asOf, position }: Flags): Cut {
  if (position !== undefined) return { position };
  return asOf === undefined ? NOW : { instant_ms: instantOf('--as-of', asOf) };
}

function instantOf(flag: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new CliError(`${flag} ${text} is no time: write it like 2027-03-01T12:00:00Z.`);
  return time;
}

function printState({ campaign, progress, events, position, at }: CampaignStateAt): void {
  console.log(`${campaign?.state ?? 'absent'} after ${events} events, the last at ${at} (${position})`);
  if (campaign !== null) console.log(campaign.title);
  if (progress === null) return;
  for (const { wave, name, state: waveState, targets, succeeded, failed, pending } of progress.waves)
    console.log(
      `wave ${wave} ${name}: ${waveState}; ${succeeded} succeeded, ${failed} failed, ${pending} pending of ${targets}`,
    );
  console.table(progress.byPhase);
  for (const [code, attempts] of Object.entries(progress.failureCodes))
    console.log(`failed with ${code}: ${attempts}`);
}

const printSeries = ({ points }: CampaignSeries): void =>
  console.table(
    points.map(({ at, succeeded, failed, excused, pending }) => ({
      at,
      succeeded,
      failed,
      excused,
      pending,
    })),
  );
