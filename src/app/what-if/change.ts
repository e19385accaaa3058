/** What is asked to be otherwise. */

import { waveSizes } from '../../domain/campaign/plan.ts';
import type { CampaignPolicy } from '../../domain/campaign/policy.ts';
import { canonicalJson } from '../../domain/shared/canonical.ts';

/** Parts of the plan; what is left out is as it was at each time, with its amendments. */
export type PlanChange = Partial<
  Pick<CampaignPolicy, 'waves' | 'offersPerMinute' | 'maxInFlight' | 'window'>
>;

export interface Change {
  readonly plan: PlanChange;
  /** Failure share of any model in any region that stops the campaign when exceeded beyond doubt, percent. */
  readonly sliceFailurePercent: number | null;
  /** How long a person takes: to stop it for a slice, or to confirm a wave that nobody confirmed on record; seconds. */
  readonly reaction_s: number;
  /** Whether people pause, resume, confirm, amend and abort as they did, or nobody does anything but confirm. */
  readonly people: 'as-recorded' | 'nobody';
}

export const AS_RECORDED: Change = {
  plan: {},
  sliceFailurePercent: null,
  reaction_s: 0,
  people: 'as-recorded',
};

/** Waves of the same vehicles under both plans, by number from 1. */
export function sameWaves(
  targets: number,
  before: CampaignPolicy,
  after: CampaignPolicy,
): ReadonlySet<number> {
  const [old, now] = [endsOf(targets, before), endsOf(targets, after)];
  const isSame = (index: number): boolean =>
    index < old.length && old[index] === now[index] && (old[index - 1] ?? 0) === (now[index - 1] ?? 0);
  return new Set(now.flatMap((_, index) => (isSame(index) ? [index + 1] : [])));
}

/** A soak that is longer only delays, so it does not make another gate of it. */
export function sameLimits(wave: number, before: CampaignPolicy, after: CampaignPolicy): boolean {
  const limits = ({ waves }: CampaignPolicy): string | null => {
    const gate = waves[wave - 1]?.gate;
    return gate === undefined ? null : canonicalJson({ ...gate, soak_s: 0 });
  };
  return limits(before) === limits(after);
}

/** Ranks at which waves end. */
export function endsOf(targets: number, { waves }: Pick<CampaignPolicy, 'waves'>): readonly number[] {
  let end = 0;
  return waveSizes(targets, waves).map((size) => {
    end += size;
    return end;
  });
}
