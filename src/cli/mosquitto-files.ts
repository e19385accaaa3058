import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { KeyRing, Log } from '../app/ports.ts';
import type { ServiceUser } from '../app/vehicle-link/mosquitto-files.ts';
import { type Config, environmentName, loadConfig } from '../config.ts';
import { CliError } from './client.ts';
import { type MosquittoFilesOptions, writeMosquittoFiles } from './mosquitto-writer.ts';
import { withDataDir } from './options.ts';

/** What the command reads from. */
export interface OpenedForFiles {
  readonly store: MosquittoFilesOptions['store'];
  readonly fleetSecrets: KeyRing;
  readonly log: Log;
  close(): Promise<void>;
}

interface Flags {
  readonly dataDir?: string;
  readonly directory: string;
  readonly pidFile?: string;
  readonly serviceUsers?: string;
  readonly follow?: boolean;
  readonly every: number;
}

/** `fleetwave mosquitto-files`: who may do what on a Mosquitto, from the log. May run beside the server. */
export const mosquittoFilesCommand = (open: (config: Config) => Promise<OpenedForFiles>): Command =>
  withDataDir(new Command('mosquitto-files'))
    .description("write Mosquitto's password and ACL files from the log (may run beside the server)")
    .requiredOption('--directory <dir>', 'where `passwords` and `acl` go; new files get its owner')
    .option('--pid-file <file>', "the broker's pid file: it is told (SIGHUP) when the files have changed")
    .option(
      '--service-users <file>',
      `lines of name:password of those who may do everything, beside the user of ${environmentName('mqtt')}`,
    )
    .option('--follow', 'go on with every change of the log, until stopped')
    .option('--every <seconds>', 'exchange the files at most this often', seconds, 1)
    .action(async (flags: Flags) => {
      const config = loadConfig({ dataDir: flags.dataDir }, process.env);
      const serviceUsers = [...userOf(config), ...usersIn(flags.serviceUsers)];
      if (serviceUsers.length === 0)
        throw new CliError(
          `Set ${environmentName('mqtt')} with user and password, or give --service-users: without one the server itself could not use the broker.`,
        );
      if (!existsSync(flags.directory)) throw new CliError(`There is no directory ${flags.directory}.`);
      const opened = await open(config);
      try {
        await run(flags, serviceUsers, opened);
      } finally {
        await opened.close();
      }
    });

async function run(
  { directory, pidFile, follow = false, every }: Flags,
  serviceUsers: readonly ServiceUser[],
  opened: OpenedForFiles,
): Promise<void> {
  const settings = { directory, pidFile, serviceUsers, follow, every_ms: every * 1000 };
  const files = await writeMosquittoFiles({ ...opened, ...settings });
  const { admitted, shutOut, written } = files.stats();
  console.log(
    `${directory}: ${admitted} vehicles admitted, ${shutOut} shut out, ${serviceUsers.length} service users${written === 0 ? ' (as before)' : ''}`,
  );
  if (!follow) return;
  const stop = (): void => {
    files.stop().catch((error: unknown) => opened.log('error', 'could not stop in good order', { error }));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  await files.ended;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 86_400)) throw new CliError('--every must be a number from 0.1 to 86400.');
  return value;
}

function userOf({ mqtt }: Config): ServiceUser[] {
  const url = mqtt === undefined ? null : new URL(mqtt);
  if (url === null || url.username === '') return [];
  return [{ name: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }];
}

/** @throws CliError naming the line that is none. */
function usersIn(path: string | undefined): ServiceUser[] {
  if (path === undefined) return [];
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const [, name, password] = /^([^:]+):(.+)$/.exec(line) ?? [];
    if (name === undefined || password === undefined)
      throw new CliError(`${path}:${index + 1} is no name:password.`);
    return [{ name, password }];
  });
}
