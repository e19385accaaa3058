/** The server's numbers beside those counted anew from its events, and beside what the seed says. */
import { DEFECTS, type Defect, type Findings, type Recount } from '../reconcile/findings.ts';
import { table } from './output.ts';
import { CAMPAIGN, type Progress } from './run-campaign.ts';

/** The last line of `--json`. */
export interface DemoResult {
  readonly campaignId: string;
  readonly state: string;
  readonly targets: number;
  readonly incompatible: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly pending: number;
  readonly lost: number;
  readonly countedTwice: number;
  readonly digestFailures: number;
  readonly seconds: number;
}

export interface Expected {
  readonly targets: number;
  readonly incompatible: number;
  /** Ids of the vehicles that must have failed in the end. */
  readonly failing: ReadonlySet<string>;
}

export interface Verdict {
  readonly ok: boolean;
  /** What is not as it must be, a sentence each. */
  readonly complaints: readonly string[];
}

const NOTHING: Recount = { targets: 0, incompatible: 0, byPhase: {}, failed: [] };
const recountOf = (findings: Findings): Recount => findings.campaigns.get(CAMPAIGN) ?? NOTHING;

/** The demo is good only if nothing is left to complain about. */
export function judge(progress: Progress, findings: Findings, expected: Expected): Verdict {
  const complaints: string[] = [];
  const must = (what: string, is: unknown, wanted: unknown): void => {
    if (is !== wanted) complaints.push(`${what} is ${String(is)}, not ${String(wanted)}.`);
  };
  must('The state', progress.state, 'completed');
  must('Pending', progress.pending, 0);
  must('The number of targets', progress.targets, expected.targets);
  must('The number of incompatible vehicles', progress.incompatible, expected.incompatible);
  must('The number of failed vehicles', progress.failed, expected.failing.size);
  const recount = recountOf(findings);
  must('The recount of targets', recount.targets, progress.targets);
  must('The recount of incompatible vehicles', recount.incompatible, progress.incompatible);
  for (const phase of new Set([...Object.keys(recount.byPhase), ...Object.keys(progress.byPhase)]))
    must(`The recount of "${phase}"`, recount.byPhase[phase] ?? 0, progress.byPhase[phase] ?? 0);
  const strangers = recount.failed.filter((vehicleId) => !expected.failing.has(vehicleId));
  if (strangers.length > 0)
    complaints.push(`Failed, but not by the seed: ${strangers.slice(0, 5).join(', ')}`);
  for (const [defect, meaning] of Object.entries(DEFECTS) as [Defect, string][]) {
    const count = findings.counts[defect];
    if (count === 0) continue;
    const [example = ''] = findings.examples[defect];
    complaints.push(`${count} ${meaning}, such as ${example}`);
  }
  return { ok: complaints.length === 0, complaints };
}

export const resultOf = (progress: Progress, findings: Findings, seconds: number): DemoResult => ({
  campaignId: CAMPAIGN,
  state: progress.state,
  targets: progress.targets,
  incompatible: progress.incompatible,
  succeeded: progress.succeeded,
  failed: progress.failed,
  pending: progress.pending,
  lost: findings.counts.lost,
  countedTwice: findings.counts.countedTwice,
  digestFailures: findings.counts.digestFailures,
  seconds,
});

const SETTLED_WELL = ['succeeded', 'satisfied'];
const SETTLED_BADLY = ['failed', 'timed-out', 'reverted'];

export function closingTable(progress: Progress, findings: Findings): string {
  const { byPhase, targets } = recountOf(findings);
  const sum = (phases: readonly string[]): number =>
    phases.reduce((total, phase) => total + (byPhase[phase] ?? 0), 0);
  const [well, badly] = [sum(SETTLED_WELL), sum(SETTLED_BADLY)];
  const rows = progress.waves.map(({ name, state, targets: all, succeeded, failed, pending }) => [
    `wave ${name} (${state})`,
    all,
    succeeded,
    failed,
    pending,
  ]);
  return [
    table([
      ['', 'targets', 'succeeded', 'failed', 'pending'],
      ...rows,
      ['all, as the server says', progress.targets, progress.succeeded, progress.failed, progress.pending],
      ['all, counted from its events', targets, well, badly, progress.pending],
    ]),
    '',
    `${progress.incompatible} vehicles could not take the update. ${findings.messages} messages, ${findings.receipted} receipted:`,
    `${findings.counts.lost} lost, ${findings.counts.countedTwice} counted twice, ${findings.counts.wrong} wrong, ` +
      `${findings.counts.digestFailures} digest failures, ${findings.counts.ungranted} installed without a grant.`,
  ].join('\n');
}
