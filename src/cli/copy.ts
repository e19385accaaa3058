import { Command } from 'commander';
import { CliError } from './client.ts';
import { copyAndVerify } from './copy-and-verify.ts';
import { printReport, type Report } from './copy-report.ts';
import { LOG_ADDRESS, labelOf, logAt } from './log-address.ts';

interface Flags {
  readonly from: string;
  readonly to: string;
  readonly verifyOnly?: boolean;
  readonly json?: boolean;
}

/** `fleetwave copy`: a log into another store, append by append; stopped anywhere, it goes on when run again. */
export const copyCommand = (): Command =>
  new Command('copy')
    .description('copy an event log into another store, and prove that both are equal')
    .requiredOption('--from <log>', LOG_ADDRESS)
    .requiredOption('--to <log>', 'the same; empty, or what an earlier copy has begun')
    .option('--verify-only', 'compare the two logs, write nothing')
    .option('--json', 'one JSON object at the end')
    .addHelpText(
      'after',
      `
Streams, append boundaries, event ids and hash chains come out equal. The source may be in use by a server: what it
writes meanwhile is copied by the next run. Stop the server before the last one. The target must not be in use.
\`configured\` is what FLEETWAVE_EVENT_STORE says: so a password need not be on the command line.
Exit code 1 when the logs differ.`,
    )
    .action(async ({ from, to, verifyOnly, json }: Flags) => {
      const [source, target] = [logAt(from, '--from'), logAt(to, '--to')];
      if (labelOf(source) === labelOf(target))
        throw new CliError(`--from and --to are the same log: ${labelOf(source)}.`);
      const report = await copyAndVerify(
        { spec: source, name: '--from' },
        { spec: target, name: '--to' },
        verifyOnly === true,
      );
      if (json === true) console.log(JSON.stringify(report));
      else print(report);
      if (!report.ok) process.exitCode = 1;
    });

function print(report: Report): void {
  printReport(report);
  if (report.sourceHasGrown)
    console.log(
      'The source has grown meanwhile: run this again for the rest, for the last time with the server stopped.',
    );
}
