import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Argument, Command, Option } from 'commander';
import { CliError, connect } from './client.ts';
import { serverOf, withServer } from './options.ts';

interface Flags {
  readonly server?: string;
  readonly key?: string;
  readonly dataDir?: string;
  readonly campaign?: string;
  readonly vehicle?: string;
  readonly format: string;
  readonly out?: string;
}

/** `fleetwave export`: a whole table as a file, for DuckDB, pandas, Spark or a spreadsheet. */
export const exportCommand = (): Command =>
  withServer(new Command('export'))
    .description(
      'write assignments, events of a campaign, the software history or the messages of vehicles as a table',
    )
    .addArgument(
      new Argument('<table>', 'which table').choices([
        'assignments',
        'events',
        'software-history',
        'messages',
      ]),
    )
    .option('--campaign <id>', 'of this campaign; events need it')
    .option('--vehicle <vin>', 'software-history of this vehicle only; messages need it')
    .addOption(
      new Option('--format <format>', 'form of the file')
        .choices(['csv', 'ndjson', 'parquet'])
        .default('parquet'),
    )
    .option('--out <file>', 'file to write; default: stdout')
    .action(async (table: string, flags: Flags) => {
      const { campaign, vehicle, format, out } = flags;
      if (out === undefined && format === 'parquet' && process.stdout.isTTY)
        throw new CliError('Parquet is no text: name a file with --out, or take --format csv.');
      const given = Object.entries({ campaign, vehicle, format }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      );
      const path = `/v1/exports/${table}?${new URLSearchParams(given)}`;
      const bytes = Readable.from(connect(serverOf(flags)).download(path));
      if (out === undefined) {
        await pipeline(bytes, process.stdout, { end: false });
        return;
      }
      // Under another name until it is whole: a file that was cut must not look like one.
      await pipeline(bytes, createWriteStream(`${out}.part`));
      await rename(`${out}.part`, out);
    });
