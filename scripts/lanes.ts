/** The table at the end of `npm test`: suite × adapter × server version. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LaneName {
  readonly suite: string;
  readonly adapter: string;
  readonly server: string;
}

export interface LaneThatRan extends LaneName {
  readonly version: string;
  /** The test file, relative to the project. */
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
}

export interface LaneLeftOut extends LaneName {
  readonly notRun: string;
  /** What the machine would need for it; null when every machine has it. */
  readonly needs: string | null;
}

export type LaneRecord = LaneThatRan | LaneLeftOut;

export const readLanes = (directory: string): readonly LaneRecord[] =>
  readdirSync(directory)
    .map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as LaneRecord)
    .sort((a, b) => keyOf(a).localeCompare(keyOf(b)));

const keyOf = (lane: LaneRecord): string => `${lane.suite} ${lane.adapter} ${lane.server}`;

/** As text, columns aligned. */
export function laneTable(lanes: readonly LaneRecord[]): string {
  const rows = lanes.map((lane) => [
    lane.suite,
    lane.adapter,
    'notRun' in lane ? lane.server : serverOf(lane),
    'notRun' in lane ? `not run here: ${lane.notRun}` : ran(lane),
  ]);
  const table = [['suite', 'adapter', 'server', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An engine's version names the product; the server's name is not said twice. */
const serverOf = ({ server, version }: LaneThatRan): string =>
  version.includes(server) ? version : `${server} ${version}`;

const ran = ({ passed, failed }: LaneThatRan): string =>
  failed === 0 ? `ran ${passed}` : `ran ${passed + failed}, ${failed} failed`;

/**
 * What is missing though it can be had on any machine: lanes left out without need, lanes in which no test ran, and
 * contract tests (`files`) that recorded no lane at all.
 */
export function missingLanes(lanes: readonly LaneRecord[], files: readonly string[]): readonly string[] {
  const leftOut = lanes.filter((lane) =>
    'notRun' in lane ? lane.needs === null : lane.passed + lane.failed === 0,
  );
  const seen = new Set(lanes.flatMap((lane) => ('file' in lane ? [lane.file] : [])));
  return [
    ...leftOut.map((lane) => `${keyOf(lane)} did not run${'notRun' in lane ? `: ${lane.notRun}` : ''}`),
    ...files.filter((file) => !seen.has(file)).map((file) => `${file} recorded no lane`),
  ];
}
