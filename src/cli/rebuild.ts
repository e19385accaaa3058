import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { openSqliteEventReader } from '../adapters/event-store/sqlite/sqlite-event-reader.ts';
import { openSqliteReadModel } from '../adapters/read-model/sqlite/sqlite-writer.ts';
import { rebuildProjection } from '../app/projector.ts';
import { pathsOf } from '../config.ts';
import { projections } from '../projections/all.ts';
import { CliError, findRunning } from './client.ts';
import { dataDirOf, withDataDir } from './options.ts';

/** `fleetwave rebuild`: folds read models from the log again; the old ones serve until the new ones are whole. */
export const rebuildCommand = (): Command =>
  withDataDir(new Command('rebuild'))
    .description('build the read models anew from the log (the server must be stopped)')
    .option('--only <projection>', `one of ${projections.map(({ name }) => name).join(', ')}`)
    .action(async (flags: { dataDir?: string; only?: string }) => {
      const dataDir = dataDirOf(flags);
      const paths = pathsOf(dataDir);
      if (!existsSync(paths.log))
        throw new CliError(`There is no log at ${paths.log}: name the data directory with --data-dir.`);
      const running = findRunning(dataDir);
      if (running !== null)
        throw new CliError(`The server with pid ${running.pid} writes these read models: stop it first.`);
      const wanted = projections.filter(({ name }) => flags.only === undefined || name === flags.only);
      if (wanted.length === 0) throw new CliError(`There is no projection ${flags.only}.`);
      const log = openSqliteEventReader({ path: paths.log });
      const writer = openSqliteReadModel(paths.readModels);
      try {
        for (const projection of wanted) {
          const events = await rebuildProjection({ log, writer }, projection, (_, seen) => {
            if (process.stderr.isTTY) process.stderr.write(`\r${projection.name}: ${seen} events`);
          });
          console.log(`${process.stderr.isTTY ? '\r' : ''}${projection.name}: ${events} events`);
        }
      } finally {
        await writer.close();
        await log.close();
      }
    });
