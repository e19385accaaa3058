/** Arithmetic over a progress: rates, the time that is left, stages. */
import type { Progress, SliceShare } from './types.ts';

/** In flight, in the order in which a vehicle goes through them. */
export const STAGES = ['offered', 'accepted', 'downloading', 'downloaded', 'installing'] as const;

export const inFlightOf = (byPhase: Readonly<Record<string, number>>): number =>
  STAGES.reduce((sum, stage) => sum + (byPhase[stage] ?? 0), 0);

export const settledOf = ({ targets, pending }: { targets: number; pending: number }): number =>
  targets - pending;

/** Vehicles whose outcome says something about the update: the denominator of a failure rate. */
export const outcomesOf = ({ succeeded, failed }: Pick<SliceShare, 'succeeded' | 'failed'>): number =>
  succeeded + failed;

export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly settled: number;
}

export const sampleOf = (progress: Progress, at: number): Sample => ({
  at,
  succeeded: progress.succeeded,
  failed: progress.failed,
  settled: settledOf(progress),
});

/** Settled vehicles per second over the window before the newest sample; null while too little is known. */
export function rateOf(samples: readonly Sample[], window_ms: number): number | null {
  const last = samples.at(-1);
  if (last === undefined) return null;
  const first = samples.find(({ at }) => at >= last.at - window_ms);
  if (first === undefined || last.at - first.at < 2000) return null;
  return Math.max(0, ((last.settled - first.settled) / (last.at - first.at)) * 1000);
}
