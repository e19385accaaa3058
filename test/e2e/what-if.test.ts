/** What-if on a campaign that real workers ran: the plan as it was gives the record, and a stricter gate stops sooner. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WhatIf } from '../../src/api/what-if/schemas.ts';
import { ARTIFACTS } from '../../src/demo/release-artifacts.ts';
import { CAMPAIGN } from '../../src/demo/run-campaign.ts';
import { overflow, violations } from './support/accessibility.ts';
import { BAD_SLICE, simulateBadSlice } from './support/bad-slice.ts';
import { buildDashboard, launchBrowser, ODA, type Seen, signedIn } from './support/browser.ts';
import { type Prepared, prepare, start } from './support/campaign.ts';
import { freePorts, Stage } from './support/stage.ts';
import { untilTrue } from './support/wait.ts';

const VEHICLES = 300;
const IN_FLIGHT = 25;
const PATIENCE_MS = 30_000;

/** Nothing stops it: all of the bad slice fail. */
const gate = { successPercent: 0, failurePercent: 100, soak_s: 0 };
const POLICY = {
  artifacts: ARTIFACTS,
  waves: [
    { name: 'pilot', size: { percent: 20 }, gate },
    { name: 'rest', size: { rest: true }, gate },
  ],
  maxAttempts: 1,
  retryDelay_s: 0,
  maxInFlight: IN_FLIGHT,
};

let stage: Stage;
let browser: Browser;
let prepared: Prepared;
const opened: Seen[] = [];

beforeAll(async () => {
  buildDashboard();
  stage = new Stage(await freePorts());
  await stage.start();
  browser = await launchBrowser();
  stage.defer(() => browser.close());
  prepared = await prepare(stage, VEHICLES, 3);
  simulateBadSlice(stage, prepared, { bad: 1, others: 0 });
  await start(prepared, POLICY);
  await untilTrue('the campaign to end', async () => {
    const { body } = await prepared.persons.oda.request('GET', `/v1/campaigns/${CAMPAIGN}`);
    return (body as { state: string }).state === 'completed';
  });
}, 180_000);
afterAll(() => stage?.close());

const ask = async (body: object): Promise<WhatIf> => {
  const answer = await prepared.persons.oda.request('POST', `/v1/campaigns/${CAMPAIGN}/what-if`, { body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as WhatIf;
};

async function open(path: string, options = {}): Promise<Page> {
  const seen = await signedIn(browser, stage, ODA, options, path);
  opened.push(seen);
  return seen.page;
}

const poll = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: PATIENCE_MS });
const figure = (page: Page, name: string): Promise<string | null> =>
  page.locator('.figures > div', { hasText: name }).locator('dd').first().textContent();
const number = async (page: Page, name: string): Promise<number> => Number(await figure(page, name));

/** How far the end of a re-run of the plan as it was may lie from the record, as a share of the whole time: on a busy machine the engine loses time that no record explains. */
const END_WITHIN = 0.5;

describe('the plan as it was', () => {
  it('gives the totals and wave results that real workers came to', async () => {
    const { recorded, calculated, difference, basis } = await ask({});
    expect(recorded.state).toBe('completed');
    expect(basis.onRecord).toBe(
      calculated.totals.succeeded + calculated.totals.failed + calculated.totals.excused,
    );
    expect(calculated.totals).toEqual(recorded.totals);
    expect(difference).toEqual({ spared: 0, added: 0, withheld: 0, gained: 0 });
    const results = ({ waves }: WhatIf['recorded']) =>
      waves.map(({ targets, succeeded, failed, excused, gate: decided }) => ({
        targets,
        succeeded,
        failed,
        excused,
        outcome: decided?.outcome,
      }));
    expect(results(calculated)).toEqual(results(recorded));
  });

  it('ends about when the campaign did', async () => {
    const { recorded, calculated, startedAt } = await ask({});
    const took = (at: string | null): number => Date.parse(at ?? '') - Date.parse(startedAt);
    const whole = took(recorded.endedAt);
    expect(Math.abs(took(calculated.endedAt) - whole)).toBeLessThan(END_WITHIN * whole + 1000);
  });
});

describe('the page', () => {
  it('shows that a stricter gate would have paused sooner, and fewer would have failed', async () => {
    const page = await open(`/campaigns/${CAMPAIGN}?tab=what-if&slice=`);
    await page.getByText('This is a calculation.').waitFor();
    await page.getByText('It would not have been paused.').waitFor();
    const failed = await number(page, 'Failed');
    expect(failed).toBeGreaterThan(0);
    await page.getByLabel('Failure ≤ %').first().fill('0');
    await page
      .getByText(/targets failed: .* more than the 0 % allowed/)
      .first()
      .waitFor();
    await poll(() => number(page, 'Failed')).toBeLessThan(failed);
    expect(await number(page, 'Spared')).toBeGreaterThan(0);
    await page.getByText('It stays paused').waitFor();
    // The link keeps all of it.
    await page.goto(page.url());
    await page
      .getByText(/more than the 0 % allowed/)
      .first()
      .waitFor();
    expect(await page.getByLabel('Failure ≤ %').first().inputValue()).toBe('0');
  }, 60_000);

  it('is taken away as numbers, what there is less of too', async () => {
    const page = await open(`/campaigns/${CAMPAIGN}?tab=what-if`);
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save what-if as CSV' }).click();
    const { recorded, calculated } = await ask({ sliceFailurePercent: 10, reaction_s: 0 });
    const [before, now] = [recorded.totals.succeeded, calculated.totals.succeeded];
    expect(now).toBeLessThan(before);
    const [, succeeded] = readFileSync(await (await saving).path(), 'utf8').split('\r\n');
    expect(succeeded).toBe(`Succeeded,${before},${now},${now - before}`);
  });

  it('stops for a slice, takes other waves and rates, and goes back to the plan', async () => {
    const page = await open(`/campaigns/${CAMPAIGN}?tab=what-if`);
    await page.getByText(`${BAD_SLICE.model} in ${BAD_SLICE.region}`, { exact: false }).first().waitFor();
    await page.getByLabel('Any vehicle type in any region').fill('');
    await page.getByText('It would not have been paused.').waitFor();
    await page.getByRole('button', { name: 'Add a wave' }).click();
    await page.getByLabel('Most in flight').fill('');
    await poll(() => page.locator('tbody', { hasText: 'Calculated' }).locator('tr').count()).toBe(4);
    await page.getByLabel('Offers a minute').fill('many');
    await page.locator('#what-if-rate[aria-invalid="true"]').waitFor();
    await page.locator('#what-if-rate-error').waitFor();
    await page.getByRole('button', { name: 'As planned' }).click();
    expect(new URL(page.url()).search).toBe('?tab=what-if');
    await poll(() => page.locator('tbody', { hasText: 'Calculated' }).locator('tr').count()).toBe(3);
  }, 60_000);

  it.each(['light', 'dark'] as const)(
    'can be used by everybody, on a phone too, in %s',
    async (colorScheme) => {
      const page = await open(`/campaigns/${CAMPAIGN}?tab=what-if`, { colorScheme });
      await page.getByText('What it assumes').waitFor();
      expect(await violations(page)).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await violations(page)).toEqual([]);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
    },
  );

  it('threw nothing, and the policy refused nothing', () => {
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
