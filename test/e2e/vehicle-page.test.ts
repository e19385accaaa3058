/** From a slice that fails to the vehicles in it, and what one of them said, had in it and waits for: in a real browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAMPAIGN } from '../../src/demo/run-campaign.ts';
import { BAD_SLICE } from './support/bad-slice.ts';
import { buildDashboard, launchBrowser, ODA, type Seen, signedIn } from './support/browser.ts';
import { ONE_WAVE, type Prepared, prepare, start } from './support/campaign.ts';
import { aboutOf, type RawVehicle } from './support/raw-vehicle.ts';
import { freePorts, Stage } from './support/stage.ts';
import { untilTrue } from './support/wait.ts';

const VEHICLES = 150;
const PATIENCE_MS = 30_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { viewport: { width: 390, height: 844 } };

let stage: Stage;
let browser: Browser;
let world: Prepared;
let bad: RawVehicle;
const opened: Seen[] = [];

async function open(...args: Parameters<typeof signedIn> extends [Browser, Stage, ...infer R] ? R : never) {
  const seen = await signedIn(browser, stage, ...args);
  opened.push(seen);
  return seen.page;
}

const poll = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: PATIENCE_MS });

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(`axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`);
  return found as readonly string[];
}

/** One vehicle of the slice fails twice, and says something that nobody can read. */
async function fail(vehicle: RawVehicle): Promise<void> {
  for (let attempt = 1; attempt <= 2; attempt++) {
    const about = aboutOf(await vehicle.offered(attempt));
    await vehicle.receipted(await vehicle.say('accepted', about));
    await vehicle.say('download-started', about);
    await vehicle.receipted(
      await vehicle.say('failed', about, { code: 'flash-error', message: `block ${attempt}` }),
    );
  }
  await vehicle.publish('feedback', '{"v":1, oops');
}

beforeAll(async () => {
  buildDashboard();
  stage = new Stage(await freePorts());
  await stage.start();
  browser = await launchBrowser();
  stage.defer(() => browser.close());
  world = await prepare(stage, VEHICLES, 3);
  const inSlice = world.accounts.filter(({ index }) => {
    const { model, region } = world.plan.vehicle(index).row;
    return model === BAD_SLICE.model && region === BAD_SLICE.region;
  });
  const [first, second] = inSlice;
  if (first === undefined || second === undefined) throw new Error('the slice has too few vehicles');
  await start(world, { ...ONE_WAVE, maxAttempts: 2 });
  bad = await world.connect(first);
  const other = await world.connect(second);
  const about = aboutOf(await other.offered());
  await other.receipted(await other.say('accepted', about));
  await other.receipted(await other.say('failed', about, { code: 'no-power', message: '' }));
  await bad.receipted(await bad.sayInventory());
  await fail(bad);
  const { oda } = world.persons;
  await untilTrue('the list of failures', async () => {
    const { body } = await oda.request('GET', `/v1/failures?campaign=${CAMPAIGN}`);
    return (body as { items: unknown[] }).items.length === 3;
  });
});
afterAll(() => stage?.close());

describe('from a cell of the heat map', () => {
  it('to the vehicles that failed in it, by code, as a link that keeps it', async () => {
    const page = await open(ODA, {}, `/campaigns/${CAMPAIGN}`);
    await page.locator('.heat a', { hasText: 'which vehicles' }).first().waitFor();
    const row = page.locator('.heat tbody tr', {
      has: page.getByRole('rowheader', { name: BAD_SLICE.model }),
    });
    const columns = await page.locator('.heat thead th').allTextContents();
    await row.locator('td').nth(columns.indexOf(BAD_SLICE.region)).getByRole('link').click();
    await page
      .getByRole('heading', { name: `Failed attempts of ${BAD_SLICE.model} in ${BAD_SLICE.region}` })
      .waitFor();
    const address = `?tab=failures&model=${BAD_SLICE.model}&region=${BAD_SLICE.region}`;
    expect(new URL(page.url()).search).toBe(address);
    const rows = page.locator('tbody tr');
    await poll(() => rows.count()).toBe(3);
    expect(await rows.first().textContent()).toContain('block 2');
    await page.getByText('3 failed attempts of 2 vehicles shown').waitFor();
    await page.getByLabel('Code').selectOption('no-power');
    await poll(() => rows.count()).toBe(1);
    await page.reload();
    await poll(() => rows.count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Code').selectOption('flash-error');
    await page.getByRole('link', { name: bad.vehicleId }).first().click();
    await page.getByRole('heading', { name: bad.vehicleId }).waitFor();
  });

  it('and from a code, and from the fleet', async () => {
    const page = await open(ODA, {}, `/campaigns/${CAMPAIGN}`);
    await page.locator('.codes').getByRole('link', { name: 'flash-error' }).click();
    await page.getByRole('heading', { name: 'Failed attempts with flash-error' }).waitFor();
    await page.goto('/');
    const recent = page.getByRole('region', { name: 'Recent failures' });
    await recent.locator('tbody tr', { hasText: 'block 2' }).waitFor();
  });
});

describe('the page of a vehicle', () => {
  it('shows all that was said, both ways, with the bytes of what counts nowhere', async () => {
    const page = await open(ODA, {}, `/vehicles/${bad.vehicleId}`);
    const card = page.getByRole('region', { name: 'Messages' });
    const lines = card.locator('.messages > li');
    await lines.first().waitFor();
    const texts = (await lines.allTextContents()).join('\n');
    for (const said of [
      'Update offered',
      'Update accepted',
      'Update failed: flash-error',
      'Inventory reported',
      'Report set aside',
    ])
      expect(texts).toContain(said);
    await card.getByLabel('Show').selectOption('set-aside');
    await poll(() => lines.count()).toBe(1);
    expect(new URL(page.url()).searchParams.get('messages')).toBe('set-aside');
    await lines.first().locator('summary').click();
    await card.getByText('{"v":1, oops').waitFor();
    await card.getByLabel('Show').selectOption('from-vehicle');
    await lines.filter({ hasText: 'Update failed' }).first().locator('summary').click();
    await card.locator('details[open]').getByText('accepted messages are not kept byte for byte').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      card.getByRole('link', { name: 'All (NDJSON)' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${bad.vehicleId}-messages.ndjson`);
  });

  it('shows its ECUs as of any moment, and what has changed since another', async () => {
    const page = await open(ODA, {}, `/vehicles/${bad.vehicleId}`);
    const card = page.getByRole('region', { name: 'ECUs and software' });
    await card.locator('tbody tr').first().waitFor();
    const now = await card.locator('tbody tr').count();
    await card.getByLabel('As of', { exact: true }).fill('2020-01-01T00:00:00');
    await card.getByText('no inventory was on record by then').waitFor();
    expect(new URL(page.url()).searchParams.get('at')).toBe('2019-12-31T23:00:00.000Z');
    await card.getByLabel('As of: now').click();
    await poll(() => card.locator('tbody tr').count()).toBe(now);
    await card.getByLabel('Compare with', { exact: true }).fill('2020-01-01T00:00:00');
    await poll(() => card.locator('tbody .badge', { hasText: 'New' }).count()).toBe(now);
  });

  it('calls nothing gone while it is not known what was in it', async () => {
    const page = await open(ODA, {}, `/vehicles/${bad.vehicleId}`);
    const at = new Date().toISOString();
    const refused = {
      status: 503,
      contentType: 'application/problem+json',
      json: { detail: 'not just now' },
    };
    await page.route(`**/inventory?asOf=${encodeURIComponent(at)}`, (route) => route.fulfill(refused));
    const then = new Date(Date.now() - 1000).toISOString();
    const answered = page.waitForResponse((response) => response.url().includes(encodeURIComponent(then)));
    await page.goto(`/vehicles/${bad.vehicleId}?at=${at}&since=${then}`);
    const card = page.getByRole('region', { name: 'ECUs and software' });
    await card.getByText('not just now').waitFor();
    await (await answered).finished();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    expect(await card.locator('tbody tr').count()).toBe(0);
  });

  it('says why, in sentences', async () => {
    const page = await open(ODA, {}, `/vehicles/${bad.vehicleId}?campaign=${CAMPAIGN}`);
    const why = page.locator('.why li').first();
    await why
      .getByText('Attempt 2 was its last: it failed and is not tried again: flash-error: block 2.')
      .waitFor();
    const [misfit] = world.misfits;
    await page.goto(`/vehicles/${misfit?.vehicleId}?campaign=${CAMPAIGN}`);
    await poll(() => why.textContent()).toMatch(/can’t take .*Required: .*; it has/);
  });

  it.each(['light', 'dark'] as const)(
    'can be used by everybody, on a phone too, in %s',
    async (colorScheme) => {
      const page = await open(
        ODA,
        { ...PHONE, colorScheme },
        `/vehicles/${bad.vehicleId}?since=2020-01-01T00:00:00.000Z`,
      );
      await page.locator('.messages summary').first().click();
      for (const width of [PHONE.viewport.width, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(
          0,
        );
      }
    },
  );

  it('nothing threw, and the policy refused nothing, in any page', () => {
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
