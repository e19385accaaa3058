/**
 * What a failure rate says against the gate's limit, and how it looks: the same in the heat map and on the map. Colour
 * says how high it is, paleness and hatching how little it is known.
 */
import { count, percent } from '../lib/format.ts';
import { outcomesOf } from '../lib/progress.ts';
import { judge, type Verdict, wilson } from '../lib/statistics.ts';
import type { SliceShare } from '../lib/types.ts';

const SAID: Readonly<Record<Verdict, string>> = {
  none: 'no outcome yet',
  unsure: 'too few to tell',
  fine: 'within the limit',
  high: 'above the limit, may be chance',
  bad: 'above the limit beyond doubt',
};

export interface Judged {
  readonly verdict: Verdict;
  /** The verdict in words. */
  readonly said: string;
  /** Share of outcomes that failed, or a dash while there is none. */
  readonly rate: string;
  /** Failed of outcomes. */
  readonly of: string;
  /** With the interval and the number of targets. */
  readonly detail: string;
  readonly fill: string;
  /** From 0 to 1. */
  readonly opacity: number;
}

/** @param limit failure rate that the gate allows, from 0 to 1. */
export function judged(share: Pick<SliceShare, 'targets' | 'succeeded' | 'failed'>, limit: number): Judged {
  const outcomes = outcomesOf(share);
  const interval = wilson(share.failed, outcomes);
  const verdict = judge(interval, outcomes, limit);
  const said = SAID[verdict];
  const range = `between ${percent(interval.low)} and ${percent(interval.high)}`;
  const certainty = Math.max(0, 1 - (interval.high - interval.low) * 1.6);
  return {
    verdict,
    said,
    rate: outcomes === 0 ? '–' : percent(interval.rate),
    of: `${count(share.failed)} of ${count(outcomes)}`,
    detail: `${said}; ${range} (95%); ${count(share.targets)} targets`,
    fill: interval.rate > limit ? 'var(--bad-fill)' : 'var(--good)',
    opacity: outcomes === 0 ? 0 : strength(interval.rate, limit) * (0.15 + 0.85 * certainty),
  };
}

/** Pale at the limit, full at four times it; what is fine stays in the background. */
const strength = (rate: number, limit: number): number =>
  rate <= limit ? 0.16 : Math.min(0.62, 0.25 + (0.37 * (rate - limit)) / Math.max(limit * 3, 0.05));
