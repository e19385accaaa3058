/** What a reconciliation finds: counts that must all be zero, a few examples of each, and its own recount. */

export const DEFECTS = {
  lost: 'receipted messages that nobody recorded',
  countedTwice: 'messages or outcomes recorded twice',
  wrong: 'records that differ from what the vehicle truly did',
  orderBroken: 'events that do not follow on the one before',
  invented: 'recorded reports that no vehicle sent',
  ungranted: 'installations without a grant for that very offer',
  digestFailures: 'downloads that were not what was signed',
  signatureFailures: 'offers with a bad signature',
  receiptsForNothing: 'receipts for messages that were never sent',
  truncated: 'files that are not whole: a ledger without an end, an export without a campaign',
} as const;
export type Defect = keyof typeof DEFECTS;

const MAX_EXAMPLES = 5;

/** Counted again from the events alone. */
export interface Recount {
  targets: number;
  incompatible: number;
  /** Targets by the phase they are in at the end. */
  byPhase: Record<string, number>;
  /** Vehicles whose last phase is `failed`. */
  failed: string[];
}

export interface Findings {
  readonly counts: Record<Defect, number>;
  readonly examples: Record<Defect, string[]>;
  readonly campaigns: Map<string, Recount>;
  /** Read and compared. */
  readonly messages: number;
  readonly receipted: number;
  readonly events: number;
  readonly reconciled: boolean;
}

const perDefect = <T>(make: () => T): Record<Defect, T> =>
  Object.fromEntries(Object.keys(DEFECTS).map((name) => [name, make()])) as Record<Defect, T>;

export class Collector {
  readonly counts = perDefect(() => 0);
  readonly examples = perDefect<string[]>(() => []);

  found(defect: Defect, example: string): void {
    this.counts[defect]++;
    if (this.examples[defect].length < MAX_EXAMPLES) this.examples[defect].push(example);
  }
}
