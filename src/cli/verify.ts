import { Command } from 'commander';
import type { VerifyProgress } from '../app/ports.ts';
import { loadConfig } from '../config.ts';
import { openConfiguredLog } from './configured-log.ts';
import { withDataDir } from './options.ts';

/** `fleetwave verify`: recomputes the hash chain; may run while the server writes. */
export const verifyCommand = (): Command =>
  withDataDir(new Command('verify'))
    .description('recompute the hash chain of every stream and say where the log was altered')
    .option('--stream <name>', 'only this stream')
    .option('--json', 'one JSON object at the end')
    .action(async (flags: { dataDir?: string; stream?: string; json?: boolean }) => {
      const reader = await openConfiguredLog(loadConfig({ dataDir: flags.dataDir }, process.env));
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
