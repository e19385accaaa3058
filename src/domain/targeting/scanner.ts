/** Takes a query's text apart, one character class at a time; every step moves forward. */
import type { Operator, Pattern } from './ast.ts';
import { fail } from './errors.ts';

/** What may follow an operator's name between two `=`, and what it means. */
const NAMED: Readonly<Record<string, Operator>> = {
  in: '=in=',
  out: '=out=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};
export const OPERATOR_NAMES = [
  '==',
  '!=',
  '=in=',
  '=out=',
  '=lt=',
  '=le=',
  '=gt=',
  '=ge=',
  '<',
  '<=',
  '>',
  '>=',
];

const isSpace = (character: string): boolean => character.trim() === '' && character !== '';
const SPECIAL = '"\'();,=!~<>\\';
const isPlain = (character: string): boolean =>
  character !== '' && !SPECIAL.includes(character) && !isSpace(character);

export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  /** The character here; empty at the end. */
  get here(): string {
    return this.text[this.at] ?? '';
  }

  skipSpace(): void {
    while (isSpace(this.here)) this.at += 1;
  }

  /** Takes the character when it is here, after white space. */
  take(character: string): boolean {
    this.skipSpace();
    if (this.here !== character) return false;
    this.at += 1;
    return true;
  }

  /** Takes `and` or `or` standing alone, so that a value or selector that only begins like it is left. */
  takeWord(word: string): boolean {
    this.skipSpace();
    const end = this.at + word.length;
    if (this.text.slice(this.at, end).toLowerCase() !== word || isPlain(this.text[end] ?? '')) return false;
    this.at = end;
    return true;
  }

  /** Characters that need no quotes; empty when there are none here. */
  plain(): string {
    const start = this.at;
    while (isPlain(this.here)) this.at += 1;
    return this.text.slice(start, this.at);
  }

  /** What is here, for messages. */
  describe(): string {
    if (this.ended) return 'the query ends';
    return `${JSON.stringify(String.fromCodePoint(this.text.codePointAt(this.at) ?? 0))} stands`;
  }

  operator(): Operator {
    this.skipSpace();
    const start = this.at;
    const { here } = this;
    const next = this.text[start + 1] ?? '';
    if ((here === '=' || here === '!') && next === '=') {
      this.at += 2;
      return here === '=' ? '==' : '!=';
    }
    if (here === '<' || here === '>') {
      this.at += next === '=' ? 2 : 1;
      return next === '=' ? `${here}=` : here;
    }
    if (here === '=') return this.#named(start);
    return fail(
      start,
      this.ended ? 0 : 1,
      `an operator is missing: ${this.describe()} here`,
      'Write selector, operator and value, such as model==X or ecu.TCM.software=lt=2.1.0.',
      OPERATOR_NAMES,
    );
  }

  #named(start: number): Operator {
    this.at += 1;
    let name = '';
    while (/^[A-Za-z]$/.test(this.here)) {
      name += this.here;
      this.at += 1;
    }
    const found = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    if (this.here === '=' && found !== undefined) {
      this.at += 1;
      return found;
    }
    const length = this.at - start + (this.here === '=' ? 1 : 0);
    const hint =
      name === '' || this.here !== '=' ? 'Equality is written ==.' : 'These are the operators there are.';
    return fail(
      start,
      length,
      `${this.text.slice(start, start + length)} is no operator`,
      hint,
      OPERATOR_NAMES,
    );
  }

  /** One value, in quotes or not. */
  value(): Pattern {
    this.skipSpace();
    if (this.here === '"' || this.here === "'") return this.#quoted(this.here);
    const start = this.at;
    const text = this.plain();
    if (text !== '') return text.split('*');
    const backslash = this.here === '\\';
    return fail(
      start,
      this.ended ? 0 : 1,
      backslash ? 'a backslash needs quotes around the value' : `a value is missing: ${this.describe()} here`,
      "Put values with special characters in quotes, such as model=='Model (2024)'.",
      ['a value'],
    );
  }

  /** `\` takes the next character as it is: a quote, a backslash, or a `*` that is no wildcard. */
  #quoted(quote: string): Pattern {
    const start = this.at;
    const pieces: string[] = [];
    let piece = '';
    for (this.at += 1; !this.ended; this.at += 1) {
      if (this.here === quote) {
        this.at += 1;
        return [...pieces, piece];
      }
      if (this.here === '*') {
        pieces.push(piece);
        piece = '';
        continue;
      }
      if (this.here === '\\') this.at += 1;
      piece += this.here;
    }
    return fail(start, 1, 'this quote is never closed', `End the value with ${quote}.`, [quote]);
  }
}
