/** What is known of each vehicle of a campaign, as columns: one row a vehicle, in the campaign's own order (rank). */

/** How a vehicle ends; every outcome of a rollout is one of these at gates. */
export const ENDS = ['none', 'succeeded', 'failed', 'excused'] as const;
export type End = (typeof ENDS)[number];
export const END: Readonly<Record<End, number>> = { none: 0, succeeded: 1, failed: 2, excused: 3 };

/** On what the course of a vehicle rests. */
export const BASIS = {
  /** Its own outcome. */
  record: 0,
  /** Another vehicle's of its model and region. */
  slice: 1,
  /** Any other vehicle's of the campaign. */
  campaign: 2,
  /** Nothing: no vehicle has an outcome. It never comes to an end. */
  nothing: 3,
} as const;

/** Times in milliseconds; those named `…_ms` without `At` count from the vehicle's offer. */
export interface Vehicles {
  readonly count: number;
  /** Names of model and region, and how a vehicle's is found. */
  readonly slices: readonly Slice[];
  readonly slice: Uint32Array;
  readonly zones: readonly string[];
  readonly zone: Uint16Array;
  /** Wave on record, from 1. */
  readonly wave: Uint8Array;
  /** The first offer on record; NaN = none. */
  readonly offeredAt: Float64Array;
  /** END on record at the time the record was read. */
  readonly recorded: Uint8Array;
  /** 1 = in flight then: offered, and not waiting for another offer. */
  readonly flying: Uint8Array;
  readonly basis: Uint8Array;
  /** Offers it takes until its outcome; 0 = it is settled without one. */
  readonly offers: Uint16Array;
  /** Until it is at work on the update: before that, a pause takes the offer back. */
  readonly accept_ms: Float64Array;
  /** Its wait for a second offer, if any; else Infinity. */
  readonly waitFrom_ms: Float64Array;
  readonly waitTo_ms: Float64Array;
  /** Until its (first) outcome; Infinity = never. */
  readonly outcome_ms: Float64Array;
  readonly outcome: Uint8Array;
  /** Until the outcome is corrected by what the car says later; Infinity = never. */
  readonly correction_ms: Float64Array;
  readonly correction: Uint8Array;
}

export interface Slice {
  readonly model: string;
  readonly region: string;
}

/** All waiting, nothing known. */
export const emptyVehicles = (count: number): Vehicles & { slices: Slice[]; zones: string[] } => ({
  count,
  slices: [],
  slice: new Uint32Array(count),
  zones: [],
  zone: new Uint16Array(count),
  wave: new Uint8Array(count),
  offeredAt: new Float64Array(count).fill(Number.NaN),
  recorded: new Uint8Array(count),
  flying: new Uint8Array(count),
  basis: new Uint8Array(count).fill(BASIS.nothing),
  offers: new Uint16Array(count),
  accept_ms: new Float64Array(count),
  waitFrom_ms: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
  waitTo_ms: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
  outcome_ms: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
  outcome: new Uint8Array(count),
  correction_ms: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
  correction: new Uint8Array(count),
});
