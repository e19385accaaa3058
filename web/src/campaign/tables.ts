/** The figures of the live view as tables to take away: raw numbers, shares in percent. */
import { outcomesOf, STAGES } from '../lib/progress.ts';
import { judge, wilson } from '../lib/statistics.ts';
import type { Campaign, Progress, SliceShare } from '../lib/types.ts';

type Cell = string | number | null | undefined;
type Row = readonly Cell[];

const inPercent = (share: number): number => Math.round(share * 10_000) / 100;

const COUNTS = ['Targets', 'Succeeded', 'Failed', 'Pending', 'Failed % of outcomes'];
const SURE = ['Low % (95%)', 'High % (95 %)', 'Verdict'];

const countsOf = ({ targets, succeeded, failed, pending }: Omit<SliceShare, 'byPhase'>): Row => {
  const outcomes = succeeded + failed;
  return [targets, succeeded, failed, pending, outcomes === 0 ? null : inPercent(failed / outcomes)];
};

/** @param limit failure rate that the gate allows, from 0 to 1. */
function sureOf(share: SliceShare, limit: number): Row {
  const outcomes = outcomesOf(share);
  const interval = wilson(share.failed, outcomes);
  return [inPercent(interval.low), inPercent(interval.high), judge(interval, outcomes, limit)];
}

export const SLICE_HEAD = ['Vehicle type', 'Region', ...COUNTS, ...SURE];

/** A row for each vehicle type in each region; what is summed up in a spreadsheet must not hold sums. */
export const sliceRows = (
  { byModelRegion }: Pick<Progress, 'byModelRegion'>,
  limit: number,
): readonly Row[] =>
  Object.entries(byModelRegion).map(([slice, share]) => {
    // A region has no slash; a vehicle type may.
    const at = slice.lastIndexOf('/');
    return [slice.slice(0, at), slice.slice(at + 1), ...countsOf(share), ...sureOf(share, limit)];
  });

export const REGION_HEAD = ['Region', ...COUNTS, ...SURE];

export const regionRows = ({ byRegion }: Pick<Progress, 'byRegion'>, limit: number): readonly Row[] =>
  Object.entries(byRegion).map(([region, share]) => [region, ...countsOf(share), ...sureOf(share, limit)]);

export const WAVE_HEAD = [
  'Wave',
  'Name',
  'State',
  ...COUNTS,
  'Success ≥ %',
  'Failure ≤ %',
  'Soak, s',
  'Decision',
];

/** A wave that has no targets yet has those of the plan. */
export const waveRows = ({ waves, plan, policy }: Campaign, progress: Progress): readonly Row[] =>
  waves.map(({ wave, name, state, gate }) => {
    const planned = plan?.waves[wave - 1] ?? 0;
    const share = progress.waves.find((one) => one.wave === wave);
    const counted = share ?? { targets: planned, succeeded: 0, failed: 0, pending: planned };
    const limits = policy.waves[wave - 1]?.gate;
    return [
      wave,
      name,
      waveState(state, share?.state),
      ...countsOf(counted),
      limits?.successPercent,
      limits?.failurePercent,
      limits?.soak_s,
      gate?.reason,
    ];
  });

/** Live numbers know of a decision before the campaign is read again. */
export const waveState = (read: string, live: string | undefined): string =>
  live === undefined || live === 'unknown' ? read : live;

export const CODE_HEAD = ['Failure code', 'Failed attempts'];

/** Most frequent first. */
export const codeRows = (codes: Readonly<Record<string, number>>): readonly (readonly [string, number])[] =>
  Object.entries(codes).sort(([, a], [, b]) => b - a);

export const STAGE_HEAD = ['Stage', 'Vehicles'];

export const stageRows = ({ byPhase }: Pick<Progress, 'byPhase'>): readonly (readonly [string, number])[] =>
  STAGES.map((stage) => [stage, byPhase[stage] ?? 0]);
