import { Command } from 'commander';
import { agrees, type Comparison, compareLogs } from '../app/copy/compare-logs.ts';
import { type CopyProgress, copyLog } from '../app/copy/copy-log.ts';
import type { EventStore, Position, VerifyProgress } from '../app/ports.ts';
import { type LogSpec, openEventLog, openLogReader } from '../main/engines/event-log.ts';
import { CliError } from './client.ts';
import { printReport, type Report } from './copy-report.ts';
import { fractionOf, LOG_ADDRESS, labelOf, logAt } from './log-address.ts';
import { startProgress } from './progress.ts';
import { sayOnStderr } from './say.ts';

interface Flags {
  readonly from: string;
  readonly to: string;
  readonly verifyOnly?: boolean;
  readonly json?: boolean;
}

type Readable = Pick<EventStore, 'appends' | 'head' | 'verify' | 'close'>;
type Problems = VerifyProgress['problems'];

/** SQLite takes the appends of a call in one transaction; EventStoreDB takes each alone. */
const PER_CALL = { sqlite: 1000, eventstoredb: 1 } as const;

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
      const report = await run(source, target, verifyOnly === true);
      if (json === true) console.log(JSON.stringify(report));
      else printReport(report);
      if (!report.ok) process.exitCode = 1;
    });

async function run(from: LogSpec, to: LogSpec, verifyOnly: boolean): Promise<Report> {
  const source = await openLogReader(from, sayOnStderr, '--from');
  try {
    const head = await source.head();
    if (verifyOnly) {
      const target = await openLogReader(to, sayOnStderr, '--to');
      return await closing(target, () => verifyCopy(from, to, { source, target, until: head, copied: null }));
    }
    const { store: target } = await openEventLog(to, sayOnStderr, '--to');
    return await closing(target, async () => {
      const progress = startProgress('copying');
      const copied = await copyLog({
        source,
        target,
        perCall: PER_CALL[to.kind],
        onProgress: ({ position, held, copied: written }) =>
          progress.at(fractionOf(position, head), `${held + written} appends, ${held} of them were there`),
      }).finally(() => progress.end());
      return await verifyCopy(from, to, { source, target, until: copied.position, copied });
    });
  } finally {
    await source.close();
  }
}

async function closing<T>(store: Readable, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await store.close();
  }
}

interface Copied {
  readonly source: Readable;
  readonly target: Readable;
  readonly until: Position;
  readonly copied: CopyProgress | null;
}

/** Equal hashes in equal order, and on each side hashes that belong to what is stored there. */
async function verifyCopy(
  from: LogSpec,
  to: LogSpec,
  { source, target, until, copied }: Copied,
): Promise<Report> {
  const progress = startProgress('comparing');
  const comparison: Comparison = await compareLogs(source, target, {
    until,
    onProgress: (position, appends) => progress.at(fractionOf(position, until), `${appends} appends`),
  }).finally(() => progress.end());
  const problems = {
    source: await chainProblems(source, 'hashing the source', comparison.source.appends),
    target: await chainProblems(target, 'hashing the target', comparison.target.appends),
  };
  const whole = problems.source.length + problems.target.length === 0;
  return {
    ok: agrees(comparison) && whole,
    from: labelOf(from),
    to: labelOf(to),
    copied: copied?.copied ?? null,
    held: copied?.held ?? null,
    ...comparison,
    problems,
    sourceHasGrown: (await source.head()) > until,
  };
}

async function chainProblems(store: Readable, what: string, appends: number): Promise<Problems> {
  const progress = startProgress(what);
  let problems: Problems = [];
  for await (const step of store.verify()) {
    problems = step.problems;
    progress.at(Math.min(1, step.appends / Math.max(1, appends)), `${step.appends} appends`);
  }
  progress.end();
  return problems;
}
