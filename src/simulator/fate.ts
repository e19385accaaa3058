/**
 * What will happen to a vehicle, drawn from the seed and its index before anything starts, so that whoever
 * runs a fleet knows beforehand which vehicles must fail in the end.
 */
import { fraction, hash32 } from './random.ts';

/** Shares between 0 and 1: of vehicles, or (marked) of messages or downloads. */
export interface Rates {
  /** Vehicles whose every installation fails. */
  readonly fail: number;
  /** Vehicles whose driver refuses consent where it is asked. */
  readonly decline: number;
  /** Vehicles that put the first offer off. */
  readonly postpone: number;
  /** Vehicles that start again in the middle of a download or installation. */
  readonly reboot: number;
  /** Vehicles whose TCU is exchanged or reset once, after it has accepted. */
  readonly swap: number;
  /** Vehicles with a clock that is wrong by hours to years. */
  readonly wrongClock: number;
  /** Vehicles that take a success back. */
  readonly revert: number;
  /** Downloads that break off once or more. */
  readonly breakOff: number;
  /** Messages after which the connection drops. */
  readonly drop: number;
  /** Messages that are sent twice. */
  readonly duplicate: number;
  /** Messages that are held back until later ones have gone out. */
  readonly reorder: number;
}

export const CALM: Rates = {
  fail: 0,
  decline: 0,
  postpone: 0,
  reboot: 0,
  swap: 0,
  wrongClock: 0,
  revert: 0,
  breakOff: 0,
  drop: 0,
  duplicate: 0,
  reorder: 0,
};

/** A bad day on the road, without final failures: what the demo and `simulate` use unless told otherwise. */
export const ROUGH: Rates = {
  ...CALM,
  postpone: 0.03,
  reboot: 0.03,
  swap: 0.01,
  wrongClock: 0.05,
  breakOff: 0.05,
  drop: 0.01,
  duplicate: 0.03,
  reorder: 0.03,
};

export interface Fate {
  /** Code that every installation fails with; null = installations succeed. */
  readonly fails: string | null;
  readonly declines: boolean;
  readonly postpones: boolean;
  readonly reboots: 'downloading' | 'installing' | null;
  readonly swap: {
    readonly kind: 'replacement' | 'reset';
    readonly when: 'accepted' | 'downloading';
  } | null;
  readonly reverts: boolean;
  /** How often each download breaks off. */
  readonly breaksOff: number;
  /** Added to the real time in what the vehicle says, milliseconds. */
  readonly clockOffset_ms: number;
}

const FAILURES = ['flash-write-failed', 'ecu-not-responding', 'self-test-failed', 'supply-voltage-low'];
const HOUR_MS = 3_600_000;
const CLOCK_OFFSETS_MS = [-6 * HOUR_MS, 26 * HOUR_MS, -2000 * 24 * HOUR_MS, 400 * 24 * HOUR_MS];

/** The fate of one vehicle: a pure function. */
export function fateOf(seed: number, index: number, rates: Rates): Fate {
  const drawn = (label: keyof Rates): boolean => fraction(seed, index, label) < rates[label];
  const oneOf = <T>(label: string, choices: readonly [T, ...T[]]): T =>
    choices[hash32(seed, index, label) % choices.length] ?? choices[0];
  return {
    fails: drawn('fail') ? oneOf('failure', FAILURES as [string, ...string[]]) : null,
    declines: drawn('decline'),
    postpones: drawn('postpone'),
    reboots: drawn('reboot') ? oneOf('reboot-when', ['downloading', 'installing']) : null,
    swap: drawn('swap')
      ? {
          kind: oneOf('swap-kind', ['replacement', 'reset']),
          when: oneOf('swap-when', ['accepted', 'downloading']),
        }
      : null,
    reverts: drawn('revert'),
    breaksOff: drawn('breakOff') ? oneOf('break-off-times', [1, 2, 3]) : 0,
    clockOffset_ms: drawn('wrongClock') ? oneOf('clock', CLOCK_OFFSETS_MS as [number, ...number[]]) : 0,
  };
}
