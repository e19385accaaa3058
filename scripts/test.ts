/**
 * `npm test`: every suite, then which contract ran against which server, then a line that says what ran. Fails when a
 * test was skipped or none was found, so that a run that tested nothing can't look green; in CI also when a contract
 * did not run against a server that can be had on any machine.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failures, type TestFile } from './failures.ts';
import { laneTable, missingLanes, readLanes } from './lanes.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly TestFile[];
}

const chosen = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'fleetwave-test-'));
const output = join(folder, 'report.json');
const lanesFolder = join(folder, 'lanes');
mkdirSync(lanesFolder);
// Ctrl-C reaches the test runner too; we wait for it to tidy up.
process.on('SIGINT', () => undefined);
// Only a run of everything needs all of them, and what can't be had is told by the tests that miss it.
if (chosen.length === 0) spawnSync(process.execPath, ['scripts/engines.ts', 'install'], { stdio: 'inherit' });
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
    ...chosen,
  ],
  { stdio: 'inherit', env: { ...process.env, TEST_LANES: lanesFolder } },
);
let report: Report | null = null;
try {
  report = JSON.parse(readFileSync(output, 'utf8')) as Report;
} catch {
  console.error('The test runner ended without a report.');
}
const lanes = readLanes(lanesFolder);
rmSync(folder, { recursive: true, force: true });

const skipped = report === null ? 0 : report.numPendingTests + report.numTodoTests;
if (skipped > 0) console.error(`${skipped} tests did not run: nothing may be skipped in silence.`);
if (lanes.length > 0) console.log(`\n${laneTable(lanes)}`);
// A run of chosen files has only their lanes.
const missing = chosen.length > 0 ? [] : missingLanes(lanes, globSync('test/contract/**/*.test.ts'));
for (const lane of missing) console.error(`Missing: ${lane}`);
const lanesOk = missing.length === 0 || process.env['CI'] !== 'true';

for (const failure of failures(report?.testResults ?? [], process.cwd())) console.error(`\n${failure}`);

const ok = status === 0 && report !== null && report.numPassedTests > 0 && skipped === 0 && lanesOk;
console.log(
  `\n${report?.numPassedTests ?? 0} passed, ${report?.numFailedTests ?? 0} failed, ${skipped} skipped`,
);
process.exit(ok ? 0 : 1);
