/** Which contract suite ran against which server: each lane leaves a record for the table that `npm test` prints. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, inject, type RunnerTestCase, type RunnerTestSuite } from 'vitest';
import type { LaneRecord } from '../../scripts/lanes.ts';

export interface Lane {
  /** The port: `event-store`, `feedback`, … */
  readonly suite: string;
  readonly adapter: string;
  readonly server: string;
  /** A function when it is known only once the server runs. */
  readonly version: string | (() => string);
}

export interface LaneNotRun {
  readonly suite: string;
  readonly adapter: string;
  readonly server: string;
  readonly why: string;
  /** What this machine lacks. Without it the lane can be had anywhere, so CI fails when it did not run. */
  readonly needs?: 'docker' | 'EVENTSTORE_URL' | 'MONGODB_URL';
}

/** Call it in the `describe` of the lane, or at the top of a file that is all one lane: it counts the tests there. */
export function lane({ version, ...of }: Lane): void {
  // biome-ignore lint/correctness/noEmptyPattern: the test runner reads from the pattern which fixtures it must make.
  afterAll(({}: object, suite: Readonly<RunnerTestSuite>) => {
    const states = testsOf(suite).map((test) => test.result?.state);
    record({
      ...of,
      version: typeof version === 'string' ? version : version(),
      file: suite.file.name,
      passed: states.filter((state) => state === 'pass').length,
      failed: states.filter((state) => state !== 'pass').length,
    });
  });
}

/** Records that a lane is left out here, and why. */
export function laneNotRun({ why, needs, ...of }: LaneNotRun): void {
  record({ ...of, notRun: why, needs: needs ?? null });
}

function testsOf(suite: Readonly<RunnerTestSuite>): RunnerTestCase[] {
  return suite.tasks.flatMap((task) => (task.type === 'suite' ? testsOf(task) : [task]));
}

function record(line: LaneRecord): void {
  writeFileSync(join(inject('lanesDirectory'), `${randomUUID()}.json`), JSON.stringify(line));
}
