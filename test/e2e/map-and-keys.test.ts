/** The page's map, keys, search, tables to take away, and the form of a plan, in a real browser. */
import { readFileSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARTIFACTS } from '../../src/demo/release-artifacts.ts';
import { CAMPAIGN } from '../../src/demo/run-campaign.ts';
import { violations } from './support/accessibility.ts';
import { BAD_SLICE, simulateBadSlice } from './support/bad-slice.ts';
import { ADA, buildDashboard, launchBrowser, ODA, type Seen, signedIn } from './support/browser.ts';
import { OVER, type Prepared, prepare, start } from './support/campaign.ts';
import { Stage } from './support/stage.ts';
import { untilTrue } from './support/wait.ts';

const VEHICLES = 240;
const PATIENCE_MS = 30_000;
const VIEW = `/campaigns/${CAMPAIGN}`;

let stage: Stage;
let browser: Browser;
let prepared: Prepared;
let oda: Page;
const opened: Seen[] = [];

interface Share {
  readonly targets: number;
  readonly succeeded: number;
  readonly failed: number;
}

const poll = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: PATIENCE_MS });

async function open(...args: Parameters<typeof signedIn> extends [Browser, Stage, ...infer R] ? R : never) {
  const seen = await signedIn(browser, stage, ...args);
  opened.push(seen);
  return seen.page;
}

const read = async (path: string): Promise<unknown> => (await prepared.persons.oda.request('GET', path)).body;
const regions = async () =>
  ((await read(`/v1/campaigns/${CAMPAIGN}/progress`)) as { byRegion: Record<string, Share> }).byRegion;

beforeAll(async () => {
  buildDashboard();
  stage = new Stage();
  await stage.start();
  browser = await launchBrowser();
  stage.defer(() => browser.close());
  prepared = await prepare(stage, VEHICLES, 7);
  await start(prepared);
  simulateBadSlice(stage, prepared, { bad: 1, others: 0 });
  await untilTrue('the campaign to be over', async () =>
    OVER.includes(((await read(`/v1/campaigns/${CAMPAIGN}`)) as { state: string }).state),
  );
  oda = await open(ODA, {}, VIEW);
}, 120_000);
afterAll(() => stage?.close());

const mark = (page: Page, country: string): Locator =>
  page.locator('.mark').and(page.getByRole('button', { name: new RegExp(country) }));

describe('the map of a campaign', () => {
  it('has a circle for each country, with the numbers behind it', async () => {
    await oda.goto(VIEW);
    await mark(oda, 'France').waitFor();
    const byRegion = await regions();
    const countries = new Set(Object.keys(byRegion).map((region) => region.slice(0, 2)));
    expect(await oda.locator('.mark').count()).toBe(countries.size);
    const { failed = 0, succeeded = 0 } = byRegion[BAD_SLICE.region] ?? {};
    await mark(oda, 'France').hover();
    await poll(() => oda.locator('.region-map figcaption').textContent()).toContain(
      `${failed} of ${failed + succeeded} outcomes`,
    );
    // Parts of a country are counted in it, and named.
    const german = Object.entries(byRegion).filter(([region]) => region.startsWith('DE'));
    const sum = german.reduce((total, [, { targets }]) => total + targets, 0);
    expect(await mark(oda, 'Germany').getAttribute('aria-label')).toContain(`${sum} targets`);
    expect(await mark(oda, 'Germany').getAttribute('aria-label')).toContain('DE-BY');
  });

  it('is gone about with the keyboard, and the address keeps what it is near to', async () => {
    await oda.goto(VIEW);
    const first = oda.locator('.mark').first();
    await first.focus();
    const told = oda.locator('.region-map figcaption');
    const largest = (await told.textContent()) ?? '';
    expect(await first.getAttribute('aria-label')).toContain(largest);
    await oda.keyboard.press('ArrowRight');
    await poll(() => told.textContent()).not.toBe(largest);
    expect(await oda.locator('.mark').nth(1).getAttribute('aria-label')).toContain(await told.textContent());
    await oda.keyboard.press('Enter');
    await poll(async () => new URL(oda.url()).search).toMatch(/^\?near=[A-Z]{2}$/);
    expect(await oda.locator('.mark[aria-pressed="true"]').count()).toBe(1);
    await oda.reload();
    await oda.getByRole('button', { name: 'All regions' }).click();
    await poll(async () => new URL(oda.url()).search).toBe('');
  });

  it('is in the replay too, of then', async () => {
    await oda.goto(`${VIEW}?tab=replay`);
    await mark(oda, 'France').waitFor();
    await oda.getByLabel('Moment of the campaign').press('Home');
    await oda.getByText('Draft').first().waitFor();
    await poll(() => oda.locator('.mark').count()).toBe(0);
  });

  it('names regions that are on no map, with their numbers', async () => {
    await oda.route('**/live', (route) => route.abort());
    await oda.route('**/v1/fleet/status', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { byRegion: object; activeBy: { byRegion: object } };
      const byRegion = { ...body.byRegion, EU: 12 };
      await route.fulfill({ response: answer, json: { ...body, byRegion } });
    });
    await oda.goto('/');
    await oda.getByRole('heading', { name: 'Not on the map' }).waitFor();
    await oda.getByText('0 of 12 vehicles are active').waitFor();
    await oda.unrouteAll({ behavior: 'ignoreErrors' });
  });
});

describe('keys', () => {
  it('go from page to page, and say which there are', async () => {
    await oda.goto('/');
    await oda.getByRole('heading', { name: 'Fleet' }).waitFor();
    for (const [key, path] of Object.entries({
      c: '/campaigns',
      v: '/vehicles',
      a: '/artifacts',
      p: '/plan',
      f: '/',
    })) {
      await oda.keyboard.press('g');
      await oda.keyboard.press(key);
      await poll(async () => new URL(oda.url()).pathname).toBe(path);
    }
    await oda.keyboard.press('?');
    const help = oda.getByRole('dialog', { name: 'Keys' });
    await help.getByText('Go to Campaigns').waitFor();
    expect(await violations(oda)).toEqual([]);
    // In front of a question nothing else hears them.
    await oda.keyboard.press('g');
    await oda.keyboard.press('c');
    expect(new URL(oda.url()).pathname).toBe('/');
    await oda.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    await oda.getByLabel('Signed in as oda').click();
    await oda.getByRole('button', { name: 'Keys…' }).click();
    await help.getByRole('button', { name: 'Close' }).click();
  });

  it('are letters while somebody types', async () => {
    await oda.goto('/vehicles');
    await oda.getByLabel('Brand').pressSequentially('gc?/');
    expect(await oda.getByLabel('Brand').inputValue()).toBe('gc?/');
    expect(new URL(oda.url()).pathname).toBe('/vehicles');
    expect(await oda.getByRole('dialog').count()).toBe(0);
  });

  it('search finds a vehicle by the last six characters of its VIN', async () => {
    const { items } = (await read('/v1/vehicles?limit=1')) as { items: readonly { vin: string }[] };
    const vin = items[0]?.vin ?? '';
    await oda.goto('/artifacts');
    await oda.getByRole('link', { name: ARTIFACTS[0] }).waitFor();
    await oda.keyboard.press('/');
    await oda.keyboard.type(vin.slice(-6).toLowerCase());
    await oda.getByRole('option', { name: vin }).click();
    await oda.getByRole('heading', { name: vin }).waitFor();
  });

  it('search reads the lists once, whatever is typed', async () => {
    await oda.goto('/artifacts');
    await oda.getByRole('link', { name: ARTIFACTS[0] }).waitFor();
    const asked: string[] = [];
    oda.on('request', (request) => {
      if (/\/v1\/(campaigns|artifacts)\?/.test(request.url())) asked.push(new URL(request.url()).pathname);
    });
    await oda.keyboard.press('/');
    await oda.keyboard.type('spring');
    await oda.getByRole('option', { name: 'Spring' }).waitFor();
    await oda.keyboard.press('Escape');
    await oda.keyboard.press('/');
    await oda.keyboard.press('ControlOrMeta+a');
    await oda.keyboard.type('update');
    await oda.getByRole('option', { name: 'Spring' }).waitFor();
    expect(asked.filter((path) => path === '/v1/campaigns')).toHaveLength(1);
    oda.removeAllListeners('request');
  });
});

describe('the fleet page', () => {
  it('asks for campaigns by state, so that old ones can not hide what runs', async () => {
    const asked: URLSearchParams[] = [];
    oda.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname === '/v1/campaigns') asked.push(searchParams);
    });
    await oda.goto('/');
    await oda.getByText('Nothing is rolled out at the moment.').waitFor();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((query) => !query.has('state'))).toEqual([]);
    oda.removeAllListeners('request');
  });
});

describe('tables', () => {
  it('are saved with the numbers that the API gives', async () => {
    await oda.goto(VIEW);
    const saving = oda.waitForEvent('download');
    await oda.getByRole('button', { name: `Save ${CAMPAIGN}-regions as CSV` }).click();
    const [head, ...rows] = readFileSync(await (await saving).path(), 'utf8').split('\r\n');
    expect(head).toMatch(/^Region,Targets,Succeeded,Failed,/);
    const saved = Object.fromEntries(
      rows.map((row) => {
        const [region = '', targets, succeeded, failed] = row.split(',');
        return [region, { targets: Number(targets), succeeded: Number(succeeded), failed: Number(failed) }];
      }),
    );
    const byRegion = await regions();
    expect(Object.keys(saved).sort()).toEqual(Object.keys(byRegion).sort());
    for (const [region, share] of Object.entries(saved)) expect(byRegion[region]).toMatchObject(share);
  });

  it.each([
    '/',
    VIEW,
    `${VIEW}?tab=plan`,
    '/campaigns',
    '/artifacts',
    '/vehicles',
    `/artifacts/${ARTIFACTS[0]}`,
  ])('every one on %s can be taken, under a name of its own', async (path) => {
    await oda.goto(path);
    const names = oda.getByRole('button', { name: /^Save .* as CSV$/ });
    await names.first().waitFor();
    const found = await names.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    expect(new Set(found).size).toBe(found.length);
    const bare = oda.locator('.card:has(table, .codes, .heat):not(:has(button[aria-label$="as CSV"]))');
    expect(await bare.allTextContents()).toEqual([]);
  });

  it('the vehicle page tells times in the vehicle’s zone as well', async () => {
    const page = await open(ODA, { timezoneId: 'Asia/Tokyo' }, '/');
    await page.goto(`/vehicles/${prepared.accounts[0]?.vehicleId}`);
    await page.getByText(/^Registered /).waitFor();
    const { timeZone } = (await read(`/v1/vehicles/${prepared.accounts[0]?.vehicleId}`)) as {
      timeZone: string;
    };
    await page.locator('.zoned', { hasText: timeZone }).first().waitFor();
    expect(await page.locator('td .zoned').count()).toBeGreaterThan(0);
    await page.context().close();
  });
});

describe('the form of a plan', () => {
  it('keeps a plan that was begun over other pages and a reload, until it is discarded', async () => {
    const page = await open(ADA, {}, '/plan');
    await page.getByLabel('Title').fill('Half a plan');
    await page.getByRole('button', { name: 'Move wave pilot down' }).click();
    await page.getByRole('link', { name: 'Artifacts' }).first().click();
    await page.getByRole('link', { name: ARTIFACTS[0] }).waitFor();
    await page.goBack();
    await page.getByText('Your changes that were not saved are here again.').waitFor();
    await page.reload();
    await poll(() => page.getByLabel('Title').inputValue()).toBe('Half a plan');
    const second = page.getByRole('group', { name: 'Wave 2' }).getByLabel('name');
    expect(await second.inputValue()).toBe('pilot');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Discard them' }).click();
    expect(await page.getByLabel('Title').inputValue()).toBe('');
    await page.reload();
    await page.getByLabel('Title').waitFor();
    expect(await page.getByText('Your changes that were not saved').count()).toBe(0);
  });

  it('says beside a field what is wrong with it, and lets waves change places', async () => {
    const page = await open(ADA, {}, '/plan');
    await page.getByLabel('Title').fill('Wrong twice');
    await page.getByLabel(ARTIFACTS[0]).check();
    await page.getByLabel('Target query').fill('brand==Aurora');
    await page.getByLabel('Attempts').fill('99');
    await page.getByRole('group', { name: 'Wave 1' }).getByLabel('Failure').fill('200');
    await page.getByRole('button', { name: 'Move wave pilot down' }).click();
    await poll(() => page.getByRole('group', { name: 'Wave 2' }).getByLabel('name').inputValue()).toBe(
      'pilot',
    );
    await page.getByRole('button', { name: 'Save and freeze the targets' }).click();
    const failure = page.getByRole('group', { name: 'Wave 2' }).getByLabel('Failure');
    await poll(() => failure.getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByLabel('Attempts').getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('.wrong').allTextContents()).toEqual([
      'must be at most 100',
      'must be at most 10',
    ]);
    expect(await failure.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(true);
    // A wave keeps its error where it goes.
    await page.getByRole('button', { name: 'Move wave pilot up' }).click();
    const moved = page.getByRole('group', { name: 'Wave 1' }).getByLabel('Failure');
    expect(await moved.getAttribute('aria-invalid')).toBe('true');
    expect(await violations(page)).toEqual([]);
  });
});

describe('everybody', () => {
  it.each(['light', 'dark'] as const)('can use the map on a phone, in %s', async (colorScheme) => {
    const page = await open(ODA, { viewport: { width: 390, height: 844 }, colorScheme }, VIEW);
    await mark(page, 'France').waitFor();
    expect(await violations(page)).toEqual([]);
    const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(wider)).toBe(0);
    await page.context().close();
  });

  it('nothing threw, and the policy refused nothing', () => {
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
