import { Command } from 'commander';
import { effectiveSettings, loadConfig } from '../config.ts';
import { withDataDir } from './options.ts';

/** `fleetwave config`: what a server started here would run with. */
export const configCommand = (): Command =>
  withDataDir(new Command('config'))
    .description('print the settings in force, secrets masked, and where each came from')
    .option('--json', 'as JSON')
    .action((flags: { dataDir?: string; json?: boolean }) => {
      const found = effectiveSettings(loadConfig({ dataDir: flags.dataDir }, process.env));
      if (flags.json === true) {
        console.log(JSON.stringify(found));
        return;
      }
      const width = Math.max(...found.map(({ name }) => name.length));
      for (const { name, value, origin } of found)
        console.log(`${name.padEnd(width)}  ${origin.padEnd(11)}  ${value ?? '(not set)'}`);
    });
