import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Config, environmentName, loadConfig, pathsOf } from '../config.ts';
import { CliError } from './client.ts';
import { printReport } from './copy-report.ts';
import { withDataDir } from './options.ts';
import { configuredSite, directorySite, type Transferred, transfer } from './site.ts';

interface Flags {
  readonly dataDir?: string;
  readonly artifacts: boolean;
  readonly json?: boolean;
}

const shared = (command: Command): Command =>
  withDataDir(command)
    .option('--no-artifacts', 'leave artifacts out, where the bucket is kept safe by other means')
    .option('--json', 'one JSON object at the end');

/** `fleetwave backup`: log, artifacts and keys as a data directory; brings an earlier backup up to date. */
export const backupCommand = (): Command =>
  shared(new Command('backup'))
    .description(
      'copy log, artifacts and keys into a directory, beside the running server, and prove the copy',
    )
    .argument(
      '<directory>',
      'a new one, or an earlier backup of the same deployment, which is brought up to date',
    )
    .addHelpText('after', `\n${ABOUT}`)
    .action(async (directory: string, flags: Flags) => {
      const config = checked(directory, flags);
      if (!existsSync(config.paths.keys))
        throw new CliError(
          `There is no deployment yet: ${config.paths.keys} is missing. Name the data directory with --data-dir.`,
        );
      const options = { artifacts: flags.artifacts, replaceKeys: true };
      tell(await transfer(configuredSite(config), directorySite(directory), options), flags, config);
    });

/** `fleetwave restore`: a backup, or the data directory of a stopped server, into what the settings name. */
export const restoreCommand = (): Command =>
  shared(new Command('restore'))
    .description('copy a backup into the data directory and engines that are configured, and prove the copy')
    .argument('<directory>', 'a backup, or the data directory of a stopped server')
    .addHelpText('after', `\n${ABOUT}`)
    .action(async (directory: string, flags: Flags) => {
      const config = checked(directory, flags);
      const { log, keys, blobs } = pathsOf(directory);
      for (const path of [log, keys])
        if (!existsSync(path)) throw new CliError(`${directory} is no backup: ${path} is missing.`);
      if (flags.artifacts && !existsSync(blobs))
        throw new CliError(
          `${directory} has no artifacts: ${blobs} is missing. Give --no-artifacts where they are kept by other means.`,
        );
      const options = { artifacts: flags.artifacts, replaceKeys: false };
      tell(await transfer(directorySite(directory), configuredSite(config), options), flags, config);
    });

const ABOUT = `A backup is a data directory: a server can be started on a copy of it. It holds secrets: keep it as safe as the keys.
Read models are not in it: they are folded from the log. Stopped anywhere, both commands go on when run again.
Exit code 1 when the copy differs, or an artifact is damaged.`;

function checked(directory: string, { dataDir }: Flags): Config {
  const config = loadConfig({ dataDir }, process.env);
  if (resolve(directory) === config.paths.dataDir)
    throw new CliError(`${directory} is the data directory itself.`);
  return config;
}

function tell(done: Transferred, { json }: Flags, { masterKey }: Config): void {
  if (json === true) console.log(JSON.stringify(done));
  else print(done);
  if (masterKey !== undefined)
    console.error(
      `The master key is not among the keys: ${environmentName('masterKey')} holds it. Keep it too.`,
    );
  if (!done.ok) process.exitCode = 1;
}

function print({ log, artifacts, keyFiles }: Transferred): void {
  printReport(log);
  if (artifacts !== null) {
    const { copied, held, bytes, damaged, damagedCount } = artifacts;
    console.log(`artifacts  ${copied} files with ${bytes} bytes copied, ${held} were there before.`);
    for (const sha256 of damaged) console.log(`  ${sha256} is damaged and was left out`);
    if (damagedCount > damaged.length) console.log(`  and ${damagedCount - damaged.length} more`);
  }
  console.log(`keys       ${keyFiles} files.`);
}
