import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { CliError, connect } from './client.ts';
import { serverOf, withServer } from './options.ts';

type Flags = { server?: string; key?: string; dataDir?: string; format?: string };

/** `fleetwave import`: vehicles in bulk; a report per rejected line on stdout, the sum at the end. */
export const importCommand = (): Command =>
  withServer(new Command('import'))
    .description('register vehicles from an NDJSON or CSV file')
    .argument('<file>', 'file name; its ending tells the format')
    .option('--format <format>', 'ndjson or csv')
    .action(async (file: string, flags: Flags) => {
      const format = flags.format ?? (file.endsWith('.csv') ? 'csv' : 'ndjson');
      if (format !== 'csv' && format !== 'ndjson') throw new CliError('--format must be ndjson or csv.');
      const { size } = statSync(file, { throwIfNoEntry: false }) ?? {};
      if (size === undefined) throw new CliError(`There is no file ${file}.`);
      const bar = new SingleBar({
        format: 'sent {bar} {percentage}% | {eta_formatted} left',
        noTTYOutput: false,
      });
      if (process.stderr.isTTY) bar.start(size, 0);
      const source = createReadStream(file).on('data', (chunk) => bar.increment(chunk.length));
      const body = Readable.toWeb(source) as ReadableStream<Uint8Array>;
      const contentType = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
      let summary: { accepted: number; rejected: number } | null = null;
      for await (const line of connect(serverOf(flags)).send('/v1/vehicles/import', contentType, body)) {
        const row = JSON.parse(line) as { accepted?: number; rejected?: number };
        if (row.accepted !== undefined && row.rejected !== undefined)
          summary = { accepted: row.accepted, rejected: row.rejected };
        else console.log(line);
      }
      bar.stop();
      if (summary === null)
        throw new CliError(
          'The server ended the import without a summary: run it again, rows already there are no change.',
        );
      console.error(`${summary.accepted} accepted, ${summary.rejected} rejected.`);
      if (summary.rejected > 0) process.exitCode = 1;
    });
