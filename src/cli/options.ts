/** Flags that several commands share. */
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import type { ServerOptions } from './client.ts';

export const withServer = (command: Command): Command =>
  command
    .option('--server <url>', 'address of the server; default: the one running on the data directory')
    .option('--key <key>', 'API key; default: FLEETWAVE_KEY, or the admin key of the data directory')
    .option('--data-dir <dir>', 'data directory of a server on this machine (FLEETWAVE_DATA_DIR)');

export const withDataDir = (command: Command): Command =>
  command.option('--data-dir <dir>', 'data directory (FLEETWAVE_DATA_DIR)');

export const dataDirOf = (flags: { dataDir?: string }): string =>
  loadConfig({ dataDir: flags.dataDir }, process.env).paths.dataDir;

export const serverOf = (flags: { server?: string; key?: string; dataDir?: string }): ServerOptions => ({
  server: flags.server,
  key: flags.key,
  paths: loadConfig({ dataDir: flags.dataDir }, process.env).paths,
});
