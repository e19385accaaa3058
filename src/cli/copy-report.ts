/** What `fleetwave copy` says at its end. */
import type { Comparison, Difference, Tally } from '../app/copy/compare-logs.ts';
import type { VerifyProgress } from '../app/ports.ts';

export interface Report extends Comparison {
  readonly ok: boolean;
  readonly from: string;
  readonly to: string;
  /** Appends written by this run, and how many were there before; null when it only compared. */
  readonly copied: number | null;
  readonly held: number | null;
  /** Where the stored hashes do not belong to what is stored. */
  readonly problems: {
    readonly source: VerifyProgress['problems'];
    readonly target: VerifyProgress['problems'];
  };
  readonly sourceHasGrown: boolean;
}

const SAYS: Readonly<Record<Difference['kind'], string>> = {
  missing: 'is missing in the target',
  unexpected: 'is only in the target',
  altered: 'is another one in the target',
  order: 'comes in another order in the target',
};

export function printReport(report: Report): void {
  const { from, to, copied, held, source, target, differences, found, complete, problems } = report;
  if (copied !== null) console.log(`${copied} appends copied, ${held} were there before.`);
  console.log(`source  ${from}: ${tallyText(source)}`);
  console.log(`target  ${to}: ${tallyText(target)}`);
  for (const { kind, stream, revision } of differences)
    console.log(`  ${stream} at revision ${revision} ${SAYS[kind]}`);
  if (found > differences.length) console.log(`  and ${found - differences.length} more`);
  if (!complete)
    console.log('The logs have too little in common: the comparison was not carried to the end.');
  for (const side of ['source', 'target'] as const)
    for (const { stream, revision, what } of problems[side])
      console.log(`  ${side}: ${stream} at revision ${revision}: ${what}`);
  console.log(report.ok ? 'Both are equal, and every chain is whole.' : 'The logs differ.');
}

const tallyText = ({ appends, streams, events, digest }: Tally): string =>
  `${appends} appends with ${events} events in ${streams} streams, digest ${digest}`;
