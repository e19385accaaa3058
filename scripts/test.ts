/**
 * `npm test`: every suite, then a line that says what ran. Fails when a test was skipped or none was found,
 * so that a run that tested nothing can't look green.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

const folder = mkdtempSync(join(tmpdir(), 'fleetwave-test-'));
const output = join(folder, 'report.json');
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
let report: Report | null = null;
try {
  report = JSON.parse(readFileSync(output, 'utf8')) as Report;
} catch {
  console.error('The test runner ended without a report.');
}
rmSync(folder, { recursive: true, force: true });
const skipped = report === null ? 0 : report.numPendingTests + report.numTodoTests;
const ok = status === 0 && report !== null && report.numPassedTests > 0 && skipped === 0;
if (skipped > 0) console.error(`${skipped} tests did not run: nothing may be skipped in silence.`);
console.log(
  `\n${report?.numPassedTests ?? 0} passed, ${report?.numFailedTests ?? 0} failed, ${skipped} skipped`,
);
process.exit(ok ? 0 : 1);
