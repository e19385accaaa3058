/** The installed base on the page of an artifact, in a real browser: what it says is what the server counts. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstalledBase } from '../../src/api/history/installed-base.ts';
import { ARTIFACTS } from '../../src/demo/release-artifacts.ts';
import { CAMPAIGN } from '../../src/demo/run-campaign.ts';
import { overflow, violations } from './support/accessibility.ts';
import { buildDashboard, launchBrowser, ODA, type Seen, signedIn } from './support/browser.ts';
import { OVER, type Prepared, prepare, start } from './support/campaign.ts';
import { freePorts, Stage } from './support/stage.ts';
import { untilTrue } from './support/wait.ts';

const VEHICLES = 60;
const SETUP_MS = 120_000;
const PATIENCE_MS = 30_000;
const [ARTIFACT = ''] = ARTIFACTS;
const VERSION = ARTIFACT.slice(ARTIFACT.indexOf('@') + 1);
const NUMBER = new Intl.NumberFormat('en-GB');

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
  await start(prepared);
  stage.simulate([
    '--fleet',
    stage.file('fleet.ndjson'),
    '--vehicles',
    String(VEHICLES),
    '--seed',
    '3',
    '--quiet',
  ]);
  await untilTrue('the campaign to end', async () => {
    const { body } = await prepared.persons.oda.request('GET', `/v1/campaigns/${CAMPAIGN}`);
    return OVER.includes((body as { state: string }).state);
  });
}, SETUP_MS);
afterAll(() => stage?.close());

const target = async (): Promise<string> => {
  const { body } = await prepared.persons.oda.request('GET', `/v1/artifacts/${ARTIFACT}`);
  const { ecuType, component } = (body as { target: { ecuType: string; component: string } }).target;
  return `${ecuType}/${component}`;
};

async function counted(query = ''): Promise<InstalledBase> {
  const answer = await prepared.persons.oda.request(
    'GET',
    `/v1/software/${await target()}/installed-base${query}`,
  );
  return answer.body as InstalledBase;
}

const card = (page: Page) => page.locator('.card', { hasText: 'Installed base over time' });
const ownCount = (page: Page): Promise<string | null> =>
  card(page).locator('.readout .own .num').textContent();
const ownAt = ({ versions }: InstalledBase, n: number): number =>
  versions.find(({ version }) => version === VERSION)?.vehicles.at(n) ?? 0;
const poll = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: PATIENCE_MS });

describe('the installed base of an artifact', () => {
  it('says how many vehicles run it now, at any moment, and which campaign brought it', async () => {
    const page = await open(ODA, {}, `/artifacts/${ARTIFACT}`);
    const base = await counted();
    const now = ownAt(base, -1);
    expect(now).toBeGreaterThan(0);
    await poll(() => ownCount(page)).toBe(NUMBER.format(now));
    const moment = card(page).getByLabel('Moment of the installed base');
    await moment.press('Home');
    await poll(() => ownCount(page)).toBe('0');
    expect(await moment.getAttribute('aria-valuetext')).toContain(`${VERSION}: 0`);
    await moment.press('End');
    await poll(() => ownCount(page)).toBe(NUMBER.format(now));
    const chart = card(page).locator('svg');
    const box = await chart.boundingBox();
    await chart.hover({ position: { x: 1, y: (box?.height ?? 2) / 2 } });
    await poll(() => ownCount(page)).toBe('0');
    await card(page).locator('.marked', { hasText: 'started' }).first().waitFor();
  });

  it('has the same numbers in its table', async () => {
    const page = await open(ODA, {}, `/artifacts/${ARTIFACT}`);
    const rows = card(page).locator('tbody tr');
    await rows.first().waitFor();
    const base = await counted();
    const newest = await rows.first().locator('td.num').allTextContents();
    expect(newest).toEqual([
      NUMBER.format(base.vehicles.at(-1) ?? 0),
      ...base.versions.map(({ vehicles }) => NUMBER.format(vehicles.at(-1) ?? 0)),
    ]);
    const oldest = await rows.last().locator('td.num').allTextContents();
    expect(oldest.every((text) => text === '0')).toBe(true);
  });

  it('can be of a region, of a time, and the address keeps it', async () => {
    const page = await open(ODA, {}, `/artifacts/${ARTIFACT}`);
    const region = (await counted()).regions[0] ?? '';
    await card(page).getByLabel('Vehicles').selectOption(`region:${region}`);
    await card(page).getByLabel('Time').selectOption('hour');
    const expected = NUMBER.format(ownAt(await counted(`?region=${region}`), -1));
    await poll(() => ownCount(page)).toBe(expected);
    expect(new URL(page.url()).search).toBe(`?of=region%3A${region}&span=hour`);
    await page.reload();
    await poll(() => ownCount(page)).toBe(expected);
    expect(await card(page).getByLabel('Time').inputValue()).toBe('hour');
  });

  it('says what to do where no vehicle has the target', async () => {
    const page = await open(ODA);
    await page.route('**/v1/software/**', (route) =>
      route.fulfill({
        status: 404,
        contentType: 'application/problem+json',
        body: JSON.stringify({ type: 'urn:fleetwave:problem:not-found', status: 404 }),
      }),
    );
    await page.goto(`/artifacts/${ARTIFACT}`);
    await card(page).getByText('No vehicle has reported').waitFor();
  });

  it.each(['light', 'dark'] as const)(
    'can be used by everybody, on a phone too, in %s',
    async (colorScheme) => {
      const page = await open(ODA, { colorScheme }, `/artifacts/${ARTIFACT}`);
      const found: Record<string, unknown> = {};
      for (const viewport of [
        { width: 1440, height: 900 },
        { width: 390, height: 844 },
      ]) {
        await page.setViewportSize(viewport);
        await card(page).locator('tbody tr').first().waitFor();
        const wrong = await violations(page);
        const wider = await overflow(page);
        if (wrong.length > 0 || wider > 0) found[viewport.width] = { wrong, wider };
      }
      expect(found).toEqual({});
    },
  );

  it('nothing threw, and the policy refused nothing', () => {
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
