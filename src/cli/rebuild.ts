import { Command } from 'commander';
import { rebuildProjection } from '../app/projector.ts';
import { type Config, loadConfig } from '../config.ts';
import { openReadModelWriter, readModelSpecOf } from '../main/engines/read-models.ts';
import { projections } from '../projections/all.ts';
import { CliError, findRunning } from './client.ts';
import { openConfiguredLog } from './configured-log.ts';
import { withDataDir } from './options.ts';
import { sayOnStderr } from './say.ts';

/** `fleetwave rebuild`: folds read models from the log again; the old ones serve until the new ones are whole. */
export const rebuildCommand = (): Command =>
  withDataDir(new Command('rebuild'))
    .description(
      'build the read models anew from the log (those in SQLite: with the server stopped; in MongoDB: at any time)',
    )
    .option('--only <projection>', `one of ${projections.map(({ name }) => name).join(', ')}`)
    .action(async (flags: { dataDir?: string; only?: string }) => {
      const config = loadConfig({ dataDir: flags.dataDir }, process.env);
      const wanted = projections.filter(({ name }) => flags.only === undefined || name === flags.only);
      if (wanted.length === 0) throw new CliError(`There is no projection ${flags.only}.`);
      const log = await openConfiguredLog(config);
      try {
        mustBeFree(config);
        const writer = await openReadModelWriter(readModelSpecOf(config), sayOnStderr);
        try {
          for (const projection of wanted) {
            const events = await rebuildProjection({ log, writer }, projection, (_, seen) => {
              if (process.stderr.isTTY) process.stderr.write(`\r${projection.name}: ${seen} events`);
            });
            console.log(`${process.stderr.isTTY ? '\r' : ''}${projection.name}: ${events} events`);
          }
        } finally {
          await writer.close();
        }
      } finally {
        await log.close();
      }
    });

/**
 * Those in SQLite belong to the process that writes them. Those in MongoDB are fenced: a projector at work is put
 * off when the new collections take the place of its own, and goes on with them from where they end.
 */
function mustBeFree(config: Config): void {
  if (readModelSpecOf(config).kind !== 'sqlite') return;
  const running = findRunning(config.paths.dataDir);
  if (running !== null)
    throw new CliError(`The server with pid ${running.pid} writes these read models: stop it first.`);
}
