/** Vehicle identification numbers for an invented fleet. */

const VALUES: Readonly<Record<string, number>> = Object.fromEntries([
  ...'0123456789'.split('').map((digit) => [digit, Number(digit)]),
  ...'ABCDEFGH'.split('').map((letter, i) => [letter, i + 1]),
  ...'JKLMN'.split('').map((letter, i) => [letter, i + 1]),
  ['P', 7],
  ['R', 9],
  ...'STUVWXYZ'.split('').map((letter, i) => [letter, i + 2]),
]);
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const CHECK_AT = 8;

/** Sets the check digit (49 CFR 565.15, the one that ISO 3779 leaves to the market) of 17 characters. */
export function withCheckDigit(vin: string): string {
  const sum = [...vin].reduce((total, char, i) => total + (VALUES[char] ?? 0) * (WEIGHTS[i] ?? 0), 0);
  const digit = sum % 11 === 10 ? 'X' : String(sum % 11);
  return vin.slice(0, CHECK_AT) + digit + vin.slice(CHECK_AT + 1);
}

/** `wmi` names the maker (3 characters), `model` the model (5); the number makes it unique (below 10^7). */
export const vinOf = (wmi: string, model: string, number: number): string =>
  withCheckDigit(`${wmi}${model}0T${String(number).padStart(7, '0')}`);
