import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { VerifyProgress } from '../app/ports.ts';
import { loadConfig } from '../config.ts';
import { CliError } from './client.ts';
import { openConfiguredLog } from './configured-log.ts';
import { withDataDir } from './options.ts';
import { checkBundle, compareWithLog } from './verify-bundle.ts';

interface Flags {
  readonly dataDir?: string;
  readonly stream?: string;
  readonly bundle?: string;
  readonly keys?: string;
  readonly withLog?: boolean;
  readonly json?: boolean;
}

/** `fleetwave verify`: recomputes the hash chain, of the log or of a bundle of evidence. */
export const verifyCommand = (): Command =>
  withDataDir(new Command('verify'))
    .description(
      'recompute the hash chain of every stream and say where the log was altered, or check a bundle of evidence',
    )
    .option('--stream <name>', 'only this stream')
    .option('--bundle <file>', 'check this bundle of evidence, without server and log')
    .option('--keys <file>', 'answer of /v1/keys, to check who signed the bundle')
    .option('--with-log', 'compare the links of the bundle with those of the log as well')
    .option('--json', 'one JSON object at the end')
    .action((flags: Flags) =>
      flags.bundle === undefined ? verifyLog(flags) : verifyBundle(flags, flags.bundle),
    );

async function verifyLog(flags: Flags): Promise<void> {
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
    const verdict = last.problems.length === 0 ? 'the chain is whole' : `${last.problems.length} problems`;
    console.log(`${last.appends} appends in ${last.streams} streams: ${verdict}.`);
  }
  if (last.problems.length > 0) process.exitCode = 1;
}

async function verifyBundle(flags: Flags, path: string): Promise<void> {
  const text = read(path);
  const report = checkBundle(text, flags.keys === undefined ? null : read(flags.keys));
  const compare = flags.withLog === true && report.items > 0;
  const problems = [...report.problems, ...(compare ? await withLog(flags, text) : [])];
  if (flags.json === true) console.log(JSON.stringify({ ...report, problems }));
  else {
    console.log(`Evidence of ${report.subject}, made ${report.madeAt}. Items: ${report.items}`);
    console.log(`Appends recomputed: ${report.recomputed}; there in part only: ${report.partial}`);
    if (report.signedBy !== null) console.log(`Signed by ${report.signedBy}.`);
    for (const problem of problems) console.log(problem);
    console.log(problems.length === 0 ? 'It is as it was made.' : `${problems.length} problems.`);
  }
  if (problems.length > 0) process.exitCode = 1;
}

async function withLog(flags: Flags, text: string): Promise<readonly string[]> {
  const reader = await openConfiguredLog(loadConfig({ dataDir: flags.dataDir }, process.env));
  try {
    return await compareWithLog(text, reader);
  } finally {
    await reader.close();
  }
}

function read(path: string): string {
  if (!existsSync(path)) throw new CliError(`There is no file ${path}.`);
  return readFileSync(path, 'utf8');
}
