/** `fleetwave`: the command line. Each command loads only what it needs. */
import { Command } from 'commander';
import { CliError } from './cli/client.ts';
import { doctorCommand } from './cli/doctor.ts';
import { exportEventsCommand } from './cli/export-events.ts';
import { importCommand } from './cli/import.ts';
import { keysCommand } from './cli/keys.ts';
import { vehicleCredentialsCommand } from './cli/vehicle-credentials.ts';
import { replayCommand } from './cli/replay.ts';
import { verifyCommand } from './cli/verify.ts';
import { ConfigError } from './config.ts';

const program = new Command('fleetwave')
  .description('Event-sourced campaign engine for vehicle over-the-air updates')
  .showHelpAfterError()
  .addCommand(importCommand())
  .addCommand(keysCommand())
  .addCommand(vehicleCredentialsCommand())
  .addCommand(exportEventsCommand())
  .addCommand(replayCommand())
  .addCommand(verifyCommand())
  .addCommand(doctorCommand());

try {
  await program.parseAsync();
} catch (error) {
  // What a user can act on needs no stack; anything else is our fault and shows where.
  if (error instanceof CliError || error instanceof ConfigError) console.error(error.message);
  else console.error(error);
  process.exitCode = 1;
}
