/** What is asked: texts, as fields and addresses have them, until they are sent. */

import { isAt } from '../lib/placed.ts';
import type { Campaign } from '../lib/types.ts';
import { draftOf, type WaveDraft } from '../plan/draft.ts';
import { waveFieldOf } from '../plan/refused.ts';

export interface Question {
  readonly waves: readonly WaveDraft[];
  readonly rate: string;
  readonly flight: string;
  readonly slice: string;
  readonly reactionMinutes: string;
  readonly anyHour: boolean;
  readonly nobody: boolean;
}

/** A limit that the plan can't have, so that there is something to see at once. */
const SLICE = '10';

const keyed = (waves: readonly Omit<WaveDraft, 'key'>[]): readonly WaveDraft[] =>
  waves.map((wave, i) => ({ ...wave, key: `w${i}` }));

/** The plan as it is, with the limit for slices. */
export function plainQuestion(campaign: Campaign): Question {
  const { waves, offersPerMinute, maxInFlight } = draftOf(campaign);
  return {
    waves: keyed(waves),
    rate: offersPerMinute,
    flight: maxInFlight,
    slice: SLICE,
    reactionMinutes: '0',
    anyHour: false,
    nobody: false,
  };
}

type Packed = readonly [string, WaveDraft['unit'], string, string, string, string, 0 | 1];

/** Waves as one text of an address. */
export const packWaves = (waves: readonly WaveDraft[]): string =>
  JSON.stringify(
    waves.map(
      ({ name, unit, size, success, failure, soakMinutes, confirm }): Packed => [
        name,
        unit,
        size,
        success,
        failure,
        soakMinutes,
        confirm ? 1 : 0,
      ],
    ),
  );

const UNITS: readonly string[] = ['percent', 'vehicles', 'rest'];
const isPacked = (wave: unknown): wave is Packed =>
  Array.isArray(wave) &&
  wave.length === 7 &&
  wave.slice(0, 6).every((part) => typeof part === 'string') &&
  UNITS.includes(wave[1]);

/** Null for what is not such a text: an address can be anything. */
export function unpackWaves(text: string): readonly WaveDraft[] | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(found) || found.length === 0 || !found.every(isPacked)) return null;
  return keyed(
    found.map(([name, unit, size, success, failure, soakMinutes, confirm]) => ({
      name,
      unit,
      size,
      success,
      failure,
      soakMinutes,
      confirm: confirm === 1,
    })),
  );
}

const FIELDS: readonly (readonly [pointer: string, field: string])[] = [
  ['/offersPerMinute', 'what-if-rate'],
  ['/maxInFlight', 'what-if-flight'],
  ['/sliceFailurePercent', 'what-if-slice'],
  ['/reaction_s', 'what-if-reaction'],
];

/** Which field of the question a JSON Pointer means; null for none. */
export const fieldOf = (pointer: string, waves: readonly WaveDraft[]): string | null =>
  FIELDS.find(([at]) => isAt(pointer, at))?.[1] ?? waveFieldOf(pointer, waves);

/** What is no number goes as it is: the server refuses it by name. */
function numeric(text: string, times = 1): number | string {
  const value = Number(text.replace(',', '.'));
  return text.trim() === '' || !Number.isFinite(value) ? text : value * times;
}

const orNull = (text: string): number | string | null => (text.trim() === '' ? null : numeric(text));

const seconds = (minutes: string): number | string => {
  const value = numeric(minutes, 60);
  return typeof value === 'number' ? Math.round(value) : value;
};

/** Only what differs from the plan, so that its amendments stay in force otherwise. */
export function bodyOf(question: Question, plan: Question): object {
  const { waves, rate, flight, slice, reactionMinutes, anyHour, nobody } = question;
  const others = packWaves(waves) !== packWaves(plan.waves);
  return {
    ...(others ? { waves: waves.map(waveOf) } : {}),
    ...(rate === plan.rate ? {} : { offersPerMinute: orNull(rate) }),
    ...(flight === plan.flight ? {} : { maxInFlight: orNull(flight) }),
    ...(anyHour ? { window: null } : {}),
    sliceFailurePercent: orNull(slice),
    reaction_s: reactionMinutes.trim() === '' ? 0 : seconds(reactionMinutes),
    people: nobody ? 'nobody' : 'as-recorded',
  };
}

const waveOf = ({ name, unit, size, success, failure, soakMinutes, confirm }: WaveDraft): object => ({
  name,
  size: unit === 'rest' ? { rest: true } : { [unit]: numeric(size) },
  gate: {
    successPercent: numeric(success),
    failurePercent: numeric(failure),
    soak_s: seconds(soakMinutes),
    confirm,
  },
});
