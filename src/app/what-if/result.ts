/** What a re-run came to, beside what is on record. */
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import type { CampaignPolicy } from '../../domain/campaign/policy.ts';
import type { GateOutcome } from '../../domain/campaign/state.ts';
import { endsOf } from './change.ts';
import type { Flights } from './flights.ts';
import type { Rerun } from './rerun.ts';
import type { Timeline } from './timeline.ts';
import { BASIS, END, ENDS, type Vehicles } from './vehicles.ts';
import { wilson } from './wilson.ts';

export interface Counts {
  readonly waiting: number;
  readonly inFlight: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly excused: number;
}

export interface Stop {
  readonly at: number;
  readonly by: 'gate' | 'slice' | 'person';
  readonly reason: string;
  readonly resumedAt: number | null;
}

export interface WaveResult extends Counts {
  readonly wave: number;
  readonly name: string;
  readonly targets: number;
  readonly releasedAt: number | null;
  /** The last decision of its gate, and when. */
  readonly gate: { readonly at: number; readonly outcome: GateOutcome; readonly reason: string } | null;
  /** Vehicles offered before the gate first said more than that it soaks; null where that is not known. */
  readonly offeredBefore: number | null;
}

export interface Told {
  readonly at: number;
  readonly event: CampaignEvent;
  readonly offered?: number;
}

export const stopsOf = (told: readonly Told[], sliceWhy: string | null): readonly Stop[] =>
  told.flatMap(({ at, event }, index) => {
    if (event.type !== 'CampaignPaused') return [];
    const { code, reason } = event.data;
    const by = code === 'gate' ? 'gate' : reason === sliceWhy ? 'slice' : 'person';
    const next = told.slice(index + 1).find((one) => ENDS_PAUSE.has(one.event.type));
    return [{ at, by, reason, resumedAt: next?.event.type === 'CampaignResumed' ? next.at : null } as const];
  });

const ENDS_PAUSE: ReadonlySet<CampaignEvent['type']> = new Set([
  'CampaignResumed',
  'AbortRequested',
  'CampaignCompleted',
]);

export const endOf = (told: readonly Told[]): number | null =>
  told.find(({ event }) => event.type === 'CampaignCompleted' || event.type === 'CampaignAborted')?.at ??
  null;

export function wavesOf(
  told: readonly Told[],
  policy: CampaignPolicy,
  counts: readonly Counts[],
): readonly WaveResult[] {
  return policy.waves.map(({ name }, index): WaveResult => {
    const wave = index + 1;
    const mine = told.filter(({ event }) => 'wave' in event.data && event.data.wave === wave);
    const gates = mine.flatMap(({ at, event, offered }) => {
      if (event.type !== 'GateDecided') return [];
      const { outcome, reason, counters } = event.data;
      return [{ at, offered: offered ?? counters.targets - counters.waiting, outcome, reason }];
    });
    const decided = gates.find(({ outcome }) => outcome !== 'soaking');
    const last = gates.at(-1);
    const own = counts[index] ?? NO_COUNTS;
    return {
      wave,
      name,
      targets: own.waiting + own.inFlight + own.succeeded + own.failed + own.excused,
      ...own,
      releasedAt: mine.find(({ event }) => event.type === 'WaveReleased')?.at ?? null,
      gate: last === undefined ? null : { at: last.at, outcome: last.outcome, reason: last.reason },
      offeredBefore: decided?.offered ?? null,
    };
  });
}

type Sums = { -readonly [name in keyof Counts]: number };
const NO_COUNTS: Counts = { waiting: 0, inFlight: 0, succeeded: 0, failed: 0, excused: 0 };

/** Counts of groups of vehicles. @param flies whether a vehicle without an end is in flight. */
export function countBy(
  count: number,
  groups: number,
  groupOf: (row: number) => number,
  end: Uint8Array,
  flies: (row: number) => boolean,
): readonly Counts[] {
  const sums = Array.from({ length: groups }, (): Sums => ({ ...NO_COUNTS }));
  for (let row = 0; row < count; row++) {
    const sum = sums[groupOf(row)];
    if (sum === undefined) continue;
    const name = ENDS[end[row] ?? 0] ?? 'none';
    if (name !== 'none') sum[name] += 1;
    else if (flies(row)) sum.inFlight += 1;
    else sum.waiting += 1;
  }
  return sums;
}

export const total = (counts: readonly Counts[]): Counts =>
  counts.reduce(
    (sum, one): Counts => ({
      waiting: sum.waiting + one.waiting,
      inFlight: sum.inFlight + one.inFlight,
      succeeded: sum.succeeded + one.succeeded,
      failed: sum.failed + one.failed,
      excused: sum.excused + one.excused,
    }),
    NO_COUNTS,
  );

export const recordedCounts = (vehicles: Vehicles, waves: number): readonly Counts[] =>
  countBy(
    vehicles.count,
    waves,
    (row) => (vehicles.wave[row] ?? 1) - 1,
    vehicles.recorded,
    (row) => vehicles.flying[row] === 1,
  );

export function rerunCounts({ flights }: Rerun, policy: CampaignPolicy): readonly Counts[] {
  const ends = endsOf(flights.vehicles.count, policy);
  let wave = 0;
  return countBy(
    flights.vehicles.count,
    ends.length,
    (row) => {
      while (row >= (ends[wave] ?? Number.POSITIVE_INFINITY)) wave++;
      return wave;
    },
    flights.end,
    (row) => flights.flies(row),
  );
}

/** Vehicles between two yields. */
const PER_YIELD = 8192;

/** Counts at instants of equal steps. Yields now and then. @param instants rising. */
export function* seriesOf(
  { flights, lastAt }: Rerun,
  instants: readonly number[],
): Generator<void, readonly Counts[]> {
  const from = instants[0] ?? 0;
  const step = ((instants.at(-1) ?? from) - from) / Math.max(1, instants.length - 1);
  const added = instants.map((): Sums => ({ ...NO_COUNTS }));
  /** The first instant that a thing at this time is seen at. */
  const seenAt = (at: number): Sums | undefined =>
    added[step === 0 ? 0 : Math.max(0, Math.ceil((at - from) / step - 1e-9))];
  const add = (at: number, name: keyof Counts, by: number): void => {
    const sum = seenAt(at);
    if (sum !== undefined) sum[name] += by;
  };
  const { count, correction_ms, outcome_ms } = flights.vehicles;
  add(from, 'waiting', count);
  for (let row = 0; row < count; row++) {
    if (row % PER_YIELD === 0) yield;
    const offeredAt = flights.offeredAt[row] ?? Number.NaN;
    const endedAt = flights.endedAt[row] ?? Number.NaN;
    const was = ENDS[flights.firstEnd[row] ?? 0] ?? 'none';
    const is = ENDS[flights.end[row] ?? 0] ?? 'none';
    const offered = !Number.isNaN(offeredAt);
    if (offered) {
      add(offeredAt, 'waiting', -1);
      add(offeredAt, 'inFlight', 1);
    }
    const flew = offered ? addWait(flights, row, lastAt, add) : 'waiting';
    if (was === 'none') continue;
    add(endedAt, flew, -1);
    add(endedAt, was, 1);
    if (is === was || is === 'none') continue;
    const corrected = endedAt + (correction_ms[row] ?? 0) - (outcome_ms[row] ?? 0);
    add(corrected, was, -1);
    add(corrected, is, 1);
  }
  let sum: Counts = NO_COUNTS;
  return added.map((one) => {
    sum = total([sum, one]);
    return sum;
  });
}

type Add = (at: number, name: keyof Counts, by: number) => void;

/** A vehicle between two offers waits, as it does to gates. @returns how it is counted after that. */
function addWait(flights: Flights, row: number, lastAt: number, add: Add): 'inFlight' | 'waiting' {
  const { waitFrom_ms, waitTo_ms } = flights.vehicles;
  const offeredAt = flights.offeredAt[row] ?? Number.NaN;
  const endedAt = flights.endedAt[row] ?? Number.NaN;
  const from = offeredAt + (waitFrom_ms[row] ?? Number.POSITIVE_INFINITY);
  const hasWaited = Number.isNaN(endedAt) ? from <= lastAt : from < endedAt;
  if (!hasWaited) return 'inFlight';
  add(from, 'inFlight', -1);
  add(from, 'waiting', 1);
  if (Number.isNaN(endedAt) ? !flights.flies(row) : flights.wasCancelled(row)) return 'waiting';
  const to = offeredAt + (waitTo_ms[row] ?? Number.POSITIVE_INFINITY);
  add(to, 'waiting', -1);
  add(to, 'inFlight', 1);
  return 'inFlight';
}

/** Vehicles that end otherwise than on record. */
export interface Difference {
  /** Failed on record, and not in the calculation. */
  readonly spared: number;
  /** Failed in the calculation, and not on record. */
  readonly added: number;
  /** Got it on record, and not in the calculation. */
  readonly withheld: number;
  /** Got it in the calculation, and not on record. */
  readonly gained: number;
}

export function differenceOf({ recorded, count }: Vehicles, { flights }: Rerun): Difference {
  const sums = { spared: 0, added: 0, withheld: 0, gained: 0 };
  for (let row = 0; row < count; row++) {
    const [was, is] = [recorded[row], flights.end[row]];
    if (was === is) continue;
    if (was === END.failed) sums.spared += 1;
    if (is === END.failed) sums.added += 1;
    if (was === END.succeeded) sums.withheld += 1;
    if (is === END.succeeded) sums.gained += 1;
  }
  return sums;
}

/** How much of the calculation rests on record. */
export interface Basis {
  readonly onRecord: number;
  /** By another vehicle of the same model and region. */
  readonly bySlice: number;
  /** By any other vehicle. */
  readonly byCampaign: number;
  readonly unknown: number;
  /** Failures, with the bounds at 95 % of those that are estimated. */
  readonly failed: {
    readonly onRecord: number;
    readonly estimated: number;
    readonly low: number;
    readonly high: number;
  };
}

export function basisOf(vehicles: Vehicles, { flights }: Rerun): Basis {
  const slices = vehicles.slices.length;
  // The last group is the whole campaign.
  const known = { outcomes: new Float64Array(slices + 1), failed: new Float64Array(slices + 1) };
  const reached = new Float64Array(slices + 1);
  const rows = [0, 0, 0, 0];
  const failed = { onRecord: 0, estimated: 0 };
  for (let row = 0; row < vehicles.count; row++) {
    const basis = vehicles.basis[row] ?? BASIS.nothing;
    const slice = vehicles.slice[row] ?? 0;
    rows[basis] = (rows[basis] ?? 0) + 1;
    const isFailed = flights.end[row] === END.failed;
    if (basis === BASIS.record) {
      const badly = (vehicles.recorded[row] ?? 0) === END.failed ? 1 : 0;
      for (const group of [slice, slices]) {
        known.outcomes[group] = (known.outcomes[group] ?? 0) + 1;
        known.failed[group] = (known.failed[group] ?? 0) + badly;
      }
      if (isFailed) failed.onRecord += 1;
    } else if (basis !== BASIS.nothing && !Number.isNaN(flights.endedAt[row]) && !flights.wasCancelled(row)) {
      const group = basis === BASIS.slice ? slice : slices;
      reached[group] = (reached[group] ?? 0) + 1;
      if (isFailed) failed.estimated += 1;
    }
  }
  let [low, high] = [0, 0];
  for (let group = 0; group <= slices; group++) {
    const bounds = wilson(known.failed[group] ?? 0, known.outcomes[group] ?? 0);
    low += bounds.low * (reached[group] ?? 0);
    high += bounds.high * (reached[group] ?? 0);
  }
  const { onRecord } = failed;
  return {
    onRecord: rows[BASIS.record] ?? 0,
    bySlice: rows[BASIS.slice] ?? 0,
    byCampaign: rows[BASIS.campaign] ?? 0,
    unknown: rows[BASIS.nothing] ?? 0,
    failed: { ...failed, low: onRecord + Math.floor(low), high: onRecord + Math.ceil(high) },
  };
}

/** What is on record of the campaign, in the form of what a re-run decides. */
export const toldOf = ({ before, after }: Timeline): readonly Told[] => [...before, ...after];
