/** Vehicle identification numbers, ISO 3779. */

export const VIN_LENGTH = 17;
const VIN = /^[A-HJ-NPR-Z0-9]{17}$/;
const FOREIGN = /[^A-HJ-NPR-Z0-9]/;

/** ISO 3779 §4: 17 characters, digits and capital letters without I, O and Q. */
export const isVin = (text: string): boolean => VIN.test(text);

/** What is wrong with a VIN, for people; null when nothing is. */
export function vinProblem(text: string): string | null {
  if (isVin(text)) return null;
  if (text.length !== VIN_LENGTH) return `a VIN has ${VIN_LENGTH} characters, not ${text.length}`;
  const at = text.search(FOREIGN);
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return `character ${at + 1} is ${JSON.stringify(character)}; allowed are digits and capital letters without I, O, Q`;
}

const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const CHECK_DIGIT = 8;
/** Values of A..Z; I, O and Q do not occur. */
const LETTERS = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9];
const CODE_0 = 48;
const CODE_A = 65;

/**
 * Whether the ninth character is the check digit over the others (49 CFR 565.15, modulo 11, `X` for 10). North
 * America and China require it, Europe does not: a mismatch is a warning, never a refusal.
 * The VIN must be one (`isVin`).
 */
export function hasValidCheckDigit(vin: string): boolean {
  let sum = 0;
  for (let i = 0; i < VIN_LENGTH; i++) {
    const code = vin.charCodeAt(i);
    const value = code < CODE_A ? code - CODE_0 : (LETTERS[code - CODE_A] ?? 0);
    sum += value * (WEIGHTS[i] ?? 0);
  }
  const digit = sum % 11;
  return vin[CHECK_DIGIT] === (digit === 10 ? 'X' : String(digit));
}
