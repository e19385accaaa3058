/**
 * What analysts read is what operators saw: the figures of simulator, progress, page, replay, state, report and Parquet
 * are the same, and the questions of docs/analysis.md have the answers that are printed there.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CampaignStateAt } from '../../src/api/history/campaign-state.ts';
import type { InstalledBase } from '../../src/api/history/installed-base.ts';
import type { CampaignSeries } from '../../src/api/history/series.ts';
import type { Progress } from '../../src/api/progress.ts';
import type { CampaignReport } from '../../src/api/report/report.ts';
import { type Child, startServer, stop } from '../../src/demo/processes.ts';
import { run } from '../cli/support.ts';
import { type DuckDb, openDuckDb } from '../support/duckdb.ts';
import { buildDashboard, launchBrowser, signedInWith } from './support/browser.ts';
import { figuresOf, pageFigures } from './support/page-figures.ts';
import { printed, readQuestions } from './support/questions.ts';

const CAMPAIGN = 'demo-spring-update';
const FLEET = ['--vehicles', '60', '--seed', '7', '--fail-rate', '0.1'];
const TIMEOUT_MS = 120_000;
const directory = mkdtempSync(join(tmpdir(), 'fleetwave-analysis-'));
const dataDir = join(directory, 'demo', 'data');
const TABLES = [['assignments'], ['software-history'], ['events', '--campaign', CAMPAIGN]] as const;

let demo: Readonly<Record<string, unknown>>;
let server: Child;
let http = '';
let key = '';
let duckdb: DuckDb;
let browser: Browser;
let page: Page;

const cli = async (...args: readonly string[]): Promise<string> => {
  const { code, out, err } = await run(args);
  expect({ code, err }).toMatchObject({ code: 0 });
  return out;
};
const get = async <T = unknown>(path: string): Promise<T> => {
  const answer = await fetch(http + path, { headers: { authorization: `Bearer ${key}` } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
};

beforeAll(async () => {
  const out = await cli('demo', ...FLEET, '--keep-data', join(directory, 'demo'), '--json');
  demo = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
  const started = await startServer(dataDir, join(directory, 'server.log'));
  server = started.child;
  http = started.ready.http;
  key = readFileSync(started.ready.adminKeyFile, 'utf8').trim();
  for (const [table, ...flags] of TABLES)
    await cli('export', table, ...flags, '--data-dir', dataDir, '--out', join(directory, `${table}.parquet`));
  duckdb = await openDuckDb(directory);
  buildDashboard();
  browser = await launchBrowser();
  ({ page } = await signedInWith(browser, http, key, {}, '/'));
}, TIMEOUT_MS);

afterAll(async () => {
  duckdb?.close();
  await browser?.close();
  if (server !== undefined) await stop(server, 15_000);
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}, TIMEOUT_MS);

describe('figures', () => {
  it('are the same from simulator, progress, page, state, report, series, replay and Parquet', async () => {
    const at = `/v1/campaigns/${CAMPAIGN}`;
    const progress = await get<Progress>(`${at}/progress`);
    expect(progress).toMatchObject({
      succeeded: demo['succeeded'],
      failed: demo['failed'],
      targets: demo['targets'],
    });
    const state = await get<CampaignStateAt>(`${at}/state`);
    expect(state.progress).toEqual(progress);
    expect((await get<CampaignReport>(`${at}/report`)).results).toEqual(progress);
    expect((await get<CampaignSeries>(`${at}/series?buckets=7`)).points.at(-1)).toMatchObject({
      byPhase: progress.byPhase,
      attempts: progress.attempts,
      events: state.events,
    });
    expect(JSON.parse(await cli('replay', CAMPAIGN, '--json', '--data-dir', dataDir))).toEqual(state);
    const phases = await duckdb.rows(
      "SELECT phase, count(*)::INTEGER AS n FROM 'assignments.parquet' GROUP BY phase",
    );
    expect(Object.fromEntries(phases.map(({ phase, n }) => [phase, n]))).toEqual(progress.byPhase);
    const slices = await duckdb.rows(
      "SELECT model || '/' || region AS slice, count(*)::INTEGER AS n FROM 'assignments.parquet' GROUP BY slice",
    );
    for (const { slice, n } of slices) expect(progress.byModelRegion[String(slice)]?.targets).toBe(n);
    for (const [column, counted] of [
      ['hardware_before', progress.byHardware],
      ['software_before', progress.bySoftwareBefore],
    ] as const) {
      const groups = await duckdb.rows(
        `SELECT ${column} AS value, count(*)::INTEGER AS n FROM 'assignments.parquet' GROUP BY value`,
      );
      expect(groups.length).toBe(Object.keys(counted).length);
      for (const { value, n } of groups) expect(counted[String(value)]?.targets).toBe(n);
    }
    const ended = await duckdb.rows(`SELECT type, count(*)::INTEGER AS n FROM 'events.parquet'
      WHERE type IN ('UpdateSucceeded', 'UpdateFailed') GROUP BY type`);
    expect(Object.fromEntries(ended.map(({ type, n }) => [type, n]))).toMatchObject({
      UpdateSucceeded: progress.attempts['UpdateSucceeded'],
      UpdateFailed: progress.attempts['UpdateFailed'],
    });
    const installed = await get<InstalledBase>('/v1/software/TCM/main/installed-base');
    const versions = await duckdb.rows(`SELECT software_version AS version, count(*)::INTEGER AS n
      FROM 'software-history.parquet' WHERE ecu_type = 'TCM' AND component = 'main' AND valid_to IS NULL GROUP BY version`);
    expect(Object.fromEntries(versions.map(({ version, n }) => [version, n]))).toEqual(
      Object.fromEntries(installed.versions.map(({ version, vehicles }) => [version, vehicles.at(-1)])),
    );
    const [count] = await duckdb.rows("SELECT count(*)::INTEGER AS n FROM 'events.parquet'");
    expect(count).toEqual({ n: state.events });
    for (const view of ['', '?tab=replay'])
      await expect
        .poll(() => pageFigures(page, `/campaigns/${CAMPAIGN}${view}`), { timeout: TIMEOUT_MS / 4 })
        .toEqual(figuresOf(progress));
  });

  it('are the same again at every past position that is asked for, from history and from the log alone', async () => {
    const positions = await duckdb.rows(
      `SELECT position FROM 'events.parquet' USING SAMPLE 3 ROWS (reservoir, 7)`,
    );
    for (const { position } of positions) {
      const state = await get(`/v1/campaigns/${CAMPAIGN}/state?position=${position}`);
      const replayed = await cli(
        'replay',
        CAMPAIGN,
        '--position',
        String(position),
        '--json',
        '--data-dir',
        dataDir,
      );
      expect(JSON.parse(replayed)).toEqual(state);
    }
  });

  it('are proven by evidence that is checked without the server', async () => {
    const [vehicle] = await duckdb.rows(
      "SELECT vehicle_id FROM 'assignments.parquet' WHERE phase = 'succeeded' LIMIT 1",
    );
    const files = { keys: join(directory, 'keys.json'), bundle: join(directory, 'evidence.json') };
    writeFileSync(files.keys, JSON.stringify(await get('/v1/keys')));
    for (const subject of [`vehicles/${vehicle?.['vehicle_id']}`, `campaigns/${CAMPAIGN}`]) {
      writeFileSync(files.bundle, JSON.stringify(await get(`/v1/${subject}/evidence`)));
      const check = [
        'verify',
        '--bundle',
        files.bundle,
        '--keys',
        files.keys,
        '--with-log',
        '--data-dir',
        dataDir,
      ];
      expect(await cli(...check)).toContain('It is as it was made.');
    }
  });
});

describe('docs/analysis.md', () => {
  const questions = readQuestions();
  it('has ten questions', () => {
    expect(questions).toHaveLength(10);
  });

  it.each(questions)('$title', async ({ sql, result, differs }) => {
    const answer = printed(await duckdb.rows(sql));
    if (!differs) expect(answer).toEqual(result);
    else expect([answer[0], answer.length]).toEqual([result[0], result.length]);
  });
});
