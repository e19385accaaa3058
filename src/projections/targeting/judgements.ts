/** What is known of each configuration once and for all: whether a query matches it, and what artifacts think of it. */
import {
  type ArtifactFacts,
  COMPATIBILITY_CODES,
  type CompatibilityCode,
} from '../../domain/artifact/compatibility.ts';
import { compatibilityAll } from '../../domain/artifact/compatibility-all.ts';
import type { Query } from '../../domain/targeting/ast.ts';
import { reduceQuery } from '../../domain/targeting/evaluate.ts';
import { targetTexts } from '../../domain/targeting/slice.ts';
import { GrowingArray, Interner } from './columns.ts';
import type { Configurations } from './configurations.ts';

/** Answers of a query about a configuration. `SINGLE`: it depends on the vehicle. */
export const UNKNOWN = 0;
export const NO = 1;
export const YES = 2;
export const SINGLE = 3;

/** A query's answers; configurations never change, so neither do these. */
export class QueryAnswers {
  readonly query: Query;
  readonly #configurations: Configurations;
  readonly #answers = new GrowingArray((length) => new Uint8Array(length));
  /** What is left to ask each vehicle, of configurations where it depends on that. */
  readonly #open = new Map<number, Query>();

  constructor(query: Query, configurations: Configurations) {
    this.query = query;
    this.#configurations = configurations;
  }

  /** By configuration: for all there are now that have vehicles, `UNKNOWN` for empty ones. */
  all(): Uint8Array {
    const { size, population } = this.#configurations;
    const answers = this.#answers.upTo(size - 1);
    for (let number = 1; number < size; number++)
      if (answers[number] === UNKNOWN && population[number] !== 0) answers[number] = this.#answer(number);
    return answers;
  }

  /** For a few configurations; the others need no answer. */
  of(configuration: number): number {
    const answers = this.#answers.upTo(configuration);
    const known = answers[configuration] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const answer = this.#answer(configuration);
    answers[configuration] = answer;
    return answer;
  }

  openOf(configuration: number): Query | null {
    return this.#open.get(configuration) ?? null;
  }

  /** Nothing can be done for vehicles that are out of use: no query matches them. */
  #answer(number: number): number {
    const configuration = this.#configurations.get(number);
    if (configuration.decommissioned) return NO;
    const reduced = reduceQuery(this.query, configuration);
    if (typeof reduced === 'boolean') return reduced ? YES : NO;
    this.#open.set(number, reduced);
    return SINGLE;
  }
}

const JUDGED = 2 ** COMPATIBILITY_CODES.length;
const bitOf = new Map<CompatibilityCode, number>(
  COMPATIBILITY_CODES.map((code, index) => [code, 2 ** index]),
);

/** What a list of artifacts thinks of each configuration: reasons as bits, and hardware and software of the target. */
export class ArtifactVerdicts {
  readonly artifacts: readonly ArtifactFacts[];
  readonly #configurations: Configurations;
  readonly #reasons = new GrowingArray((length) => new Uint16Array(length));
  readonly #hardware = new GrowingArray((length) => new Uint32Array(length));
  readonly #software = new GrowingArray((length) => new Uint32Array(length));
  readonly texts = { hardware: new Interner<string>(), software: new Interner<string>() };

  /** @param artifacts none: every vehicle that is in use can take them. */
  constructor(artifacts: readonly ArtifactFacts[], configurations: Configurations) {
    this.artifacts = artifacts;
    this.#configurations = configurations;
  }

  /**
   * By configuration, for those with vehicles in `matched`; judging takes time, so the others are left out.
   * Reasons as bits; ask `canTake`.
   */
  of(matched: Float64Array): {
    readonly reasons: Uint16Array;
    readonly hardware: Uint32Array;
    readonly software: Uint32Array;
  } {
    const { size } = this.#configurations;
    const reasons = this.#reasons.upTo(size - 1);
    const hardware = this.#hardware.upTo(size - 1);
    const software = this.#software.upTo(size - 1);
    const target = this.artifacts[0]?.target ?? null;
    for (let number = 1; number < size; number++) {
      if (reasons[number] !== 0 || (matched[number] ?? 0) === 0) continue;
      const configuration = this.#configurations.get(number);
      reasons[number] = JUDGED | this.#judge(number);
      const texts = targetTexts(configuration.ecus, target);
      hardware[number] = this.texts.hardware.intern(texts.hardware, () => texts.hardware);
      software[number] = this.texts.software.intern(texts.software, () => texts.software);
    }
    return { reasons, hardware, software };
  }

  #judge(number: number): number {
    const configuration = this.#configurations.get(number);
    if (this.artifacts.length === 0)
      return configuration.decommissioned ? (bitOf.get('decommissioned') ?? 0) : 0;
    let bits = 0;
    for (const { code } of compatibilityAll(configuration, this.artifacts).reasons)
      bits |= bitOf.get(code) ?? 0;
    return bits;
  }
}

/** Whether reasons, as `ArtifactVerdicts.all` gives them, are none. */
export const canTake = (reasons: number): boolean => reasons === JUDGED;

/** Adds the vehicles to each code that is among the reasons. */
export function addReasons(reasons: number, vehicles: number, sums: Float64Array): void {
  for (let index = 0; index < COMPATIBILITY_CODES.length; index++)
    if ((reasons & (2 ** index)) !== 0) sums[index] = (sums[index] ?? 0) + vehicles;
}

/** The commonest first. */
export const reasonCounts = (sums: Float64Array): { code: CompatibilityCode; vehicles: number }[] =>
  COMPATIBILITY_CODES.map((code, index) => ({ code, vehicles: sums[index] ?? 0 }))
    .filter(({ vehicles }) => vehicles > 0)
    .sort((a, b) => b.vehicles - a.vehicles);
