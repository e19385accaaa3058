/** `npm run bench -- B1 [--json] [--option number]`: runs one benchmark of DESIGN §13 and prints its figures. */
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkReport } from './benchmark.ts';

const files = new Map(
  readdirSync(import.meta.dirname)
    .map((file) => /^b(\d+)-.+\.ts$/.exec(file))
    .filter((match) => match !== null)
    .sort((a, b) => Number(a[1]) - Number(b[1]))
    .map((match) => [`B${match[1]}`, match[0]]),
);

async function load(file: string): Promise<Benchmark> {
  const module = (await import(new URL(file, import.meta.url).href)) as { readonly benchmark: Benchmark };
  return module.benchmark;
}

async function help(): Promise<string> {
  const lines = ['Usage: npm run bench -- <benchmark> [--json] [--<option> <number>]', ''];
  for (const [id, file] of files) {
    const { title, options } = await load(file);
    lines.push(`${id}  ${title}`);
    for (const [name, option] of Object.entries(options))
      lines.push(`      --${name} ${option.default}  ${option.description}`);
  }
  return lines.join('\n');
}

const number = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 });

function table(id: string, title: string, { figures, ratios, notes }: BenchmarkReport): string {
  const rows = [
    ...figures.map(({ name, value, unit }) => [name, number(value), unit]),
    ...ratios.map(({ name, value, goal }) => [
      name,
      `${value.toFixed(2)} ×`,
      `goal ≥ ${goal}: ${value >= goal ? 'reached' : 'missed'}`,
    ]),
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map(
    ([name = '', value = '', unit = '']) =>
      `  ${name.padEnd(width(0))}  ${value.padStart(width(1))}  ${unit}`,
  );
  return [`${id}: ${title}`, ...lines, ...notes.map((note) => `  ${note}`)].join('\n');
}

/** @throws Error for an option that the benchmark does not have, or a value that is no number. */
function readOptions(benchmark: Benchmark, args: readonly string[]): Record<string, number> {
  const names = Object.keys(benchmark.options);
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  return Object.fromEntries(
    names.map((name) => {
      const value = Number(values[name] ?? benchmark.options[name]?.default);
      if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} must be a number above 0`);
      return [name, value];
    }),
  );
}

async function main(args: readonly string[]): Promise<number> {
  const id = args.find((arg) => !arg.startsWith('--'))?.toUpperCase() ?? '';
  const file = files.get(id);
  if (args.includes('--help') || file === undefined) {
    process.stdout.write(`${await help()}\n`);
    return args.includes('--help') ? 0 : 2;
  }
  const json = args.includes('--json');
  const benchmark = await load(file);
  const rest = args.filter((arg) => arg !== '--json' && arg.toUpperCase() !== id);
  const options = readOptions(benchmark, rest);
  const started = performance.now();
  const report = await benchmark.run(options, (line) => {
    if (!json && process.stderr.isTTY) process.stderr.write(`${line}\n`);
  });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  if (json) process.stdout.write(`${JSON.stringify({ id, options, ...report, seconds, machine })}\n`);
  else {
    const where = `${machine.cores} × ${machine.cpu}, Node ${machine.node}, ${seconds} s`;
    process.stdout.write(`${table(id, benchmark.title, report)}\n  ${where}\n`);
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
