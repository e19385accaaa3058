/** What other limits would have done, over what was recorded. Pure: moments in, a finding out. */
import { inFlightOf, outcomesOf } from '../lib/progress.ts';
import { wilson } from '../lib/statistics.ts';
import type { Progress } from '../lib/types.ts';

export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Null before the campaign was created. */
  readonly progress: Progress | null;
}

export interface Limits {
  /** Failed of all targets of a wave, percent; wave 1 first. */
  readonly waves: readonly number[];
  /** Failure rate of any vehicle type in any region that is exceeded beyond doubt (95 %), percent; null = not looked at. */
  readonly slice: number | null;
  /** How long a person or rule takes to stop it, seconds. */
  readonly reaction_s: number;
}

export interface Breach {
  /** Index of the first moment at which a limit is exceeded. */
  readonly index: number;
  readonly why: string;
}

export interface Finding {
  readonly breach: Breach;
  readonly noticedAt: number;
  readonly stoppedAt: number;
  readonly succeeded: number;
  readonly failed: number;
  /** In flight when it stopped: they finish, and some of them fail. */
  readonly inFlight: number;
  /** Of those, as many as failed until then of all outcomes. */
  readonly expectedMore: number;
  /** Failures that did happen, less those that would have. */
  readonly spared: number;
  /** Vehicles that got it later, and would not have got it. */
  readonly without: number;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Fewer say nothing, whatever their rate. */
const LEAST_OUTCOMES = 5;

function whyAt(progress: Progress, { waves, slice }: Limits): string | null {
  for (const { wave, name, failed, targets } of progress.waves) {
    const limit = waves[wave - 1];
    if (limit === undefined || targets === 0 || failed / targets <= limit / 100) continue;
    return `Wave ${wave} (${name}): ${failed} of ${targets} targets failed, ${percent(failed / targets)} > ${limit} %`;
  }
  if (slice === null) return null;
  for (const [name, share] of Object.entries(progress.byModelRegion)) {
    const outcomes = outcomesOf(share);
    const { low, rate } = wilson(share.failed, outcomes);
    if (outcomes >= LEAST_OUTCOMES && low > slice / 100)
      return `${name}: ${share.failed} of ${outcomes} failed, ${percent(rate)}, beyond doubt > ${slice} %`;
  }
  return null;
}

/** The first moment at which a limit is exceeded. */
export function firstBreach(moments: readonly Moment[], limits: Limits): Breach | null {
  for (const [index, { progress }] of moments.entries()) {
    const why = progress === null ? null : whyAt(progress, limits);
    if (why !== null) return { index, why };
  }
  return null;
}

const momentAt = (moments: readonly Moment[], at: number): Moment | undefined =>
  moments.find((moment) => moment.at >= at) ?? moments.at(-1);

/** Null when no limit is exceeded at any moment. */
export function whatIf(moments: readonly Moment[], limits: Limits): Finding | null {
  const breach = firstBreach(moments, limits);
  const noticed = breach === null ? undefined : moments[breach.index];
  const end = moments.at(-1)?.progress ?? null;
  if (breach === null || noticed === undefined || end === null) return null;
  const stopped = momentAt(moments, noticed.at + limits.reaction_s * 1000);
  const then = stopped?.progress;
  if (stopped === undefined || then === undefined || then === null) return null;
  const inFlight = inFlightOf(then.byPhase);
  const outcomes = outcomesOf(then);
  const rate = outcomes === 0 ? 0 : then.failed / outcomes;
  const expectedMore = Math.round(inFlight * rate);
  return {
    breach,
    noticedAt: noticed.at,
    stoppedAt: stopped.at,
    succeeded: then.succeeded,
    failed: then.failed,
    inFlight,
    expectedMore,
    spared: Math.max(0, end.failed - then.failed - expectedMore),
    without: Math.max(0, end.succeeded - then.succeeded - (inFlight - expectedMore)),
  };
}
