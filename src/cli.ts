/** `fleetwave`: the command line. The server is loaded only by the commands that need it. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { backupCommand, restoreCommand } from './cli/backup.ts';
import { CliError } from './cli/client.ts';
import { configCommand } from './cli/config.ts';
import { copyCommand } from './cli/copy.ts';
import { doctorCommand } from './cli/doctor.ts';
import { exportCommand } from './cli/export.ts';
import { exportEventsCommand } from './cli/export-events.ts';
import { importCommand } from './cli/import.ts';
import { keysCommand } from './cli/keys.ts';
import { mosquittoFilesCommand } from './cli/mosquitto-files.ts';
import { demoCommand, reconcileCommand, simulateCommand } from './cli/programs.ts';
import { rebuildCommand } from './cli/rebuild.ts';
import { replayCommand } from './cli/replay.ts';
import { startCommand } from './cli/start.ts';
import { vehicleCredentialsCommand } from './cli/vehicle-credentials.ts';
import { verifyCommand } from './cli/verify.ts';
import { ConfigError } from './config.ts';

const program = new Command('fleetwave')
  .description('Event-sourced campaign engine for vehicle over-the-air updates')
  .showHelpAfterError('(add --help for what there is)')
  .addCommand(startCommand())
  .addCommand(demoCommand())
  .addCommand(simulateCommand())
  .addCommand(reconcileCommand())
  .addCommand(importCommand())
  .addCommand(rebuildCommand())
  .addCommand(replayCommand())
  .addCommand(exportEventsCommand())
  .addCommand(exportCommand())
  .addCommand(verifyCommand())
  .addCommand(copyCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(keysCommand())
  .addCommand(vehicleCredentialsCommand())
  .addCommand(
    mosquittoFilesCommand(async (config) => (await import('./main/open-for-files.ts')).openForFiles(config)),
  )
  .addCommand(configCommand())
  .addCommand(doctorCommand());

/** What a user can act on is said in a sentence; anything else is our fault and shows where. */
const EXPECTED = new Set([
  'CliError',
  'ConfigError',
  'CopyError',
  'EventStoreError',
  'KeyFileError',
  'BrokerPortError',
]);

try {
  // Variables that are set already win.
  if (existsSync('.env')) process.loadEnvFile('.env');
  await program.parseAsync();
} catch (error) {
  const expected =
    error instanceof CliError ||
    error instanceof ConfigError ||
    (error instanceof Error && EXPECTED.has(error.name));
  console.error(expected ? (error as Error).message : error);
  process.exitCode = 1;
}
