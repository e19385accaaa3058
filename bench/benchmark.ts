/** What a benchmark file `bench/b<number>-<name>.ts` exports as `benchmark`; the runner finds it by that name. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `appends/s`, `ms`, … */
  readonly unit: string;
}

export interface Ratio {
  readonly name: string;
  readonly value: number;
  /** What DESIGN §13 asks for: the value should be at least this. */
  readonly goal: number;
}

export interface BenchmarkReport {
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  /** What limits the figures and how they were taken. */
  readonly notes: readonly string[];
}

export interface BenchmarkOption {
  readonly description: string;
  readonly default: number;
}

export interface Benchmark<Name extends string = string> {
  readonly title: string;
  /** Numbers that the command line may set, by name. */
  readonly options: Readonly<Record<Name, BenchmarkOption>>;
  /** Measures and its baseline in the same run. `progress` goes to the terminal only. */
  run(options: Readonly<Record<Name, number>>, progress: (line: string) => void): Promise<BenchmarkReport>;
}

/** Checks the names of options and their use against each other. */
export const defineBenchmark = <Name extends string>(benchmark: Benchmark<Name>): Benchmark<Name> =>
  benchmark;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};
