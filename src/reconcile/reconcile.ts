/**
 * `fleetwave reconcile`: compares the ledger of a simulated fleet with the server's public event export. It
 * knows nothing of the server but these files, so that it can't repeat the server's mistakes.
 */
import { readLedger } from './book.ts';
import { compareTruth, compareVehicles, findLost } from './compare.ts';
import { Collector, type Findings } from './findings.ts';
import { foldEvents } from './fold.ts';
import { tableOf } from './report.ts';

export interface ReconcileOptions {
  readonly ledger: string;
  /** NDJSON of `GET /v1/campaigns/{id}/events`, or of several campaigns one after another. */
  readonly events: string;
  /** NDJSON of vehicles as the server knows them at the end. */
  readonly vehicles?: string | undefined;
  readonly json?: boolean | undefined;
}

export const reconcileOptions = [
  { flags: '--ledger <file>', description: 'what the simulator wrote down', mandatory: true },
  {
    flags: '--events <file>',
    description: 'NDJSON of GET /v1/campaigns/{id}/events',
    mandatory: true,
  },
  {
    flags: '--vehicles <file>',
    description: 'NDJSON of vehicles as the server knows them, to compare their software',
    mandatory: false,
  },
  { flags: '--json', description: 'one line of JSON instead of a table', mandatory: false },
] as const;

/** @throws Error with file and line for input that can't be read. */
export async function reconcile(options: ReconcileOptions): Promise<Findings> {
  const findings = new Collector();
  const book = await readLedger(options.ledger, findings);
  const fold = await foldEvents(options.events, book, findings);
  if (fold.campaigns.size === 0) findings.found('truncated', `${options.events} has no event of a campaign`);
  const receipted = findLost(book, fold, findings);
  compareTruth(book, fold, findings);
  if (options.vehicles !== undefined) await compareVehicles(options.vehicles, book, findings);
  const { counts, examples } = findings;
  return {
    counts,
    examples,
    campaigns: fold.campaigns,
    messages: book.messages,
    receipted,
    events: fold.events,
    reconciled: Object.values(counts).every((count) => count === 0),
  };
}

/** Prints what was found. @returns 0 only when every count is zero. */
export async function runReconcile(options: ReconcileOptions): Promise<number> {
  const findings = await reconcile(options);
  process.stdout.write(options.json === true ? `${JSON.stringify(lineOf(findings))}\n` : tableOf(findings));
  return findings.reconciled ? 0 : 1;
}

const lineOf = ({ counts, messages, receipted, events, reconciled, campaigns }: Findings): object => ({
  reconciled,
  ...counts,
  messages,
  receipted,
  events,
  campaigns: Object.fromEntries(
    [...campaigns].map(([id, { targets, incompatible, byPhase }]) => [
      id,
      { targets, incompatible, byPhase },
    ]),
  ),
});
