import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { openSqliteEventReader } from '../adapters/event-store/sqlite/sqlite-event-reader.ts';
import type { VerifyProgress } from '../app/ports.ts';
import { pathsOf } from '../config.ts';
import { CliError } from './client.ts';
import { dataDirOf, withDataDir } from './options.ts';

/** `fleetwave verify`: recomputes the hash chain; may run while the server writes. */
export const verifyCommand = (): Command =>
  withDataDir(new Command('verify'))
    .description('recompute the hash chain of every stream and say where the log was altered')
    .option('--stream <name>', 'only this stream')
    .option('--json', 'one JSON object at the end')
    .action(async (flags: { dataDir?: string; stream?: string; json?: boolean }) => {
      const { log } = pathsOf(dataDirOf(flags));
      if (!existsSync(log))
        throw new CliError(`There is no log at ${log}: name the data directory with --data-dir.`);
      const reader = openSqliteEventReader({ path: log });
      let last: VerifyProgress = { appends: 0, streams: 0, problems: [] };
      try {
        for await (const progress of reader.verify(flags.stream)) {
          last = progress;
          if (process.stderr.isTTY)
            process.stderr.write(`\r${progress.appends} appends, ${progress.problems.length} problems`);
        }
      } finally {
        await reader.close();
      }
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
      if (flags.json === true) console.log(JSON.stringify(last));
      else {
        for (const problem of last.problems)
          console.log(`${problem.stream} at revision ${problem.revision}: ${problem.what}`);
        const verdict =
          last.problems.length === 0 ? 'the chain is whole' : `${last.problems.length} problems`;
        console.log(`${last.appends} appends in ${last.streams} streams: ${verdict}.`);
      }
      if (last.problems.length > 0) process.exitCode = 1;
    });
