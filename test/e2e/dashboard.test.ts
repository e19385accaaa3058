/** The dashboard in a real browser, on a server of its own: from a plan to an abort, and what people need on the way. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARTIFACTS } from '../../src/demo/release-artifacts.ts';
import { CAMPAIGN } from '../../src/demo/run-campaign.ts';
import { overflow, PHONE, violations } from './support/accessibility.ts';
import { BAD_SLICE, simulateBadSlice } from './support/bad-slice.ts';
import { ADA, BOB, buildDashboard, launchBrowser, ODA, type Seen, signedIn } from './support/browser.ts';
import { type Prepared, prepare, start } from './support/campaign.ts';
import { freePorts, Stage } from './support/stage.ts';
import { untilTrue } from './support/wait.ts';

const VEHICLES = 400;
const PATIENCE_MS = 30_000;

let stage: Stage;
let browser: Browser;
let prepared: Prepared;
const opened: Seen[] = [];

async function open(...args: Parameters<typeof signedIn> extends [Browser, Stage, ...infer R] ? R : never) {
  const seen = await signedIn(browser, stage, ...args);
  opened.push(seen);
  return seen.page;
}

beforeAll(async () => {
  buildDashboard();
  stage = new Stage(await freePorts());
  await stage.start();
  browser = await launchBrowser();
  stage.defer(() => browser.close());
  prepared = await prepare(stage, VEHICLES, 3);
});
afterAll(() => stage?.close());

/** Machines may be busy: as patient as every other wait here. */
const poll = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: PATIENCE_MS });

const figure = (page: Page, name: string): Promise<string | null> =>
  page.locator('.figures > div', { hasText: name }).locator('dd').first().textContent();

describe('from a plan to its end', () => {
  it('is planned by one, approved by another, started, watched, paused and aborted', async () => {
    const ada = await open(ADA, {}, '/plan');
    await ada.getByLabel('Title').fill('TCM everywhere');
    await ada.getByLabel(ARTIFACTS[0]).check();
    await ada.getByLabel('Target query').fill('brand=in=(Aurora,Borealis,Cirrus);model=');
    await poll(() => ada.locator('.query-wrong').textContent()).toContain('^');
    await ada.getByLabel('Target query').fill('brand=in=(Aurora,Borealis,Cirrus)');
    await poll(() => figure(ada, 'Matched')).toBe(String(VEHICLES));
    for (const wave of [2, 1])
      await ada
        .getByRole('button', { name: /^Remove wave/ })
        .nth(wave - 1)
        .click();
    await ada.getByLabel('Failure ≤ %').fill('60');
    await ada.getByLabel('Only in off-peak hours').uncheck();
    await ada.getByLabel('Most in flight').fill('40');
    await ada.getByLabel('Attempts').fill('1');
    await ada.getByRole('button', { name: 'Save and freeze the targets' }).click();
    await ada.getByText('Awaits approval').waitFor();
    await ada.getByText('Nobody approves their own plan').waitFor();

    const bob = await open(BOB, {}, '/plan/tcm-everywhere');
    await bob.getByRole('button', { name: 'Approve…' }).click();
    const targets = await bob.locator('.effects strong').first().textContent();
    await bob.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await bob.getByText('Ready to start').waitFor();

    const oda = await open(ODA, {}, '/campaigns/tcm-everywhere');
    expect(await figure(oda, 'Targets')).toBe(targets);
    simulateBadSlice(stage, prepared, { bad: 1, others: 0 });
    await oda.getByRole('button', { name: 'Start…' }).click();
    await oda.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
    await oda.getByText('Running', { exact: true }).waitFor();
    // The bad slice stands out by itself, in the row and column where it is.
    const row = oda.locator('.heat tbody tr', { has: oda.getByRole('rowheader', { name: BAD_SLICE.model }) });
    await row.locator('td.bad').first().waitFor();
    const column = await oda.locator('.heat thead th').allTextContents();
    const at = column.indexOf(BAD_SLICE.region);
    await poll(() => row.locator('td').nth(at).getAttribute('class')).toBe('bad');

    await oda.getByRole('button', { name: 'Pause…' }).click();
    await oda.getByRole('dialog').getByText('vehicles wait and get no offer until it is resumed').waitFor();
    const pause = oda.getByRole('dialog').getByRole('button', { name: 'Pause' });
    expect(await pause.isDisabled()).toBe(true);
    await oda.getByLabel('Reason').fill('A7 fails in France');
    await pause.click();
    // The reason stands in the question too.
    await oda.getByRole('dialog').waitFor({ state: 'detached' });
    await oda.getByText('Paused:', { exact: false }).first().waitFor();
    await oda.getByText('A7 fails in France').waitFor();

    await oda.getByRole('button', { name: 'Abort…' }).click();
    await oda.getByLabel('Reason').fill('Not like this');
    await oda.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
    await oda.locator('h1 + .badge', { hasText: /^Abort/ }).waitFor();
    const end = (await prepared.persons.oda.request('GET', '/v1/campaigns/tcm-everywhere')).body;
    expect((end as { state: string }).state).toMatch(/^abort/);
  }, 120_000);

  it('can be played again from its beginning', async () => {
    const page = await open(ODA, {}, '/campaigns/tcm-everywhere?tab=replay');
    const moment = page.getByLabel('Moment of the campaign');
    await moment.waitFor();
    await poll(() => figure(page, 'Targets')).not.toBe('0');
    const atEnd = await figure(page, 'Pending');
    await moment.press('Home');
    await page.getByText('Draft').first().waitFor();
    await moment.press('End');
    await poll(() => figure(page, 'Pending')).toBe(atEnd);
    const progress = (await prepared.persons.oda.request('GET', '/v1/campaigns/tcm-everywhere/progress'))
      .body;
    expect(await figure(page, 'Succeeded')).toBe(
      new Intl.NumberFormat('en-GB').format((progress as { succeeded: number }).succeeded),
    );
    await page.goto('/campaigns/tcm-everywhere?tab=history');
    await page.getByText('Not like this').waitFor();
  });
});

describe('people', () => {
  it('without a key that counts do not come in', async () => {
    const page = await browser.newPage({ baseURL: stage.ready.http });
    await page.goto('/campaigns/tcm-everywhere');
    await page.getByLabel('Your API key').fill('fwk_nobody_nothing');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('the API key is not valid').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.close();
  });

  it('find anything with one key, and send links that keep what they see', async () => {
    const page = await open(ODA);
    await page.keyboard.press('/');
    const vin = prepared.plan.vehicle(prepared.accounts[0]?.index ?? 0).row.vin;
    await page.keyboard.type(vin);
    await page.getByRole('option', { name: vin }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: vin }).waitFor();
    await page.goto('/campaigns/tcm-everywhere?tab=vehicles');
    await page.getByLabel('Phase').selectOption('succeeded');
    expect(new URL(page.url()).search).toBe('?tab=vehicles&phase=succeeded');
    await page.reload();
    await poll(() => page.getByLabel('Phase').inputValue()).toBe('succeeded');
  });

  const PAGES = [
    '/',
    '/campaigns',
    '/campaigns/tcm-everywhere',
    '/campaigns/tcm-everywhere?tab=vehicles',
    '/campaigns/tcm-everywhere?tab=plan',
    '/campaigns/tcm-everywhere?tab=history',
    '/campaigns/tcm-everywhere?tab=replay',
    '/campaigns/tcm-everywhere?tab=what-if',
    '/plan',
    '/plan/tcm-everywhere',
    '/vehicles',
    '/artifacts',
    `/artifacts/${ARTIFACTS[0]}`,
  ];

  it.each(['light', 'dark'] as const)(
    'can use every page, on a phone too, in %s',
    async (colorScheme) => {
      const page = await open(ODA, { ...PHONE, colorScheme });
      const found: Record<string, unknown> = {};
      for (const path of [...PAGES, `/vehicles/${prepared.accounts[0]?.vehicleId}`]) {
        await page.setViewportSize(PHONE.viewport);
        await page.goto(path);
        await page.locator('#content h1').first().waitFor();
        await poll(() => page.getByText(/^(Loading|Waiting for)/).count()).toBe(0);
        const phone = [
          ...(await violations(page)),
          ...((await overflow(page)) > 0 ? ['it is too wide'] : []),
        ];
        await page.setViewportSize({ width: 1440, height: 900 });
        const wide = await violations(page);
        if (phone.length + wide.length > 0) found[path] = { phone, wide };
      }
      expect(found).toEqual({});
    },
    180_000,
  );
});

describe('a server that goes and comes back', () => {
  it('is noticed, and live again without anybody doing anything', async () => {
    await start(prepared);
    const page = await open(ODA, {}, `/campaigns/${CAMPAIGN}`);
    await page.locator('.live-state.live').waitFor();
    await stage.stopServer();
    await page.locator('.live-state.reconnecting').waitFor();
    expect(await figure(page, 'Targets')).not.toBe('0');
    await page.getByText('The server does not answer').waitFor();
    await stage.start();
    await page.locator('.live-state.live').waitFor();
    await untilTrue('the banner to go', async () => (await page.locator('.banner.away').count()) === 0);
  });

  it('nothing threw, and the policy refused nothing, in any page', () => {
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
