/** `npm run screenshots [folder]`: the dashboard on a demo fleet, as pictures. The README's are made from them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ARTIFACTS } from '../src/demo/release-artifacts.ts';
import { startCampaign } from '../src/demo/run-campaign.ts';
import { simulateBadSlice } from '../test/e2e/support/bad-slice.ts';
import { ADA, BOB, buildDashboard, launchBrowser, ODA, signedIn } from '../test/e2e/support/browser.ts';
import { type Prepared, prepare } from '../test/e2e/support/campaign.ts';
import { Stage } from '../test/e2e/support/stage.ts';

const VEHICLES = 1500;
const CAMPAIGN = '/campaigns/demo-spring-update';
const SETTLED_PERCENT = 55;
const SIZE = { width: 1440, height: 900 };
/** As high as it takes to see the heat map and the map. */
const TALL = { width: 1440, height: 1130 };
const folder = process.argv[2] ?? join(import.meta.dirname, '../screenshots');

const gate = (successPercent: number, failurePercent: number) => ({
  successPercent,
  failurePercent,
  soak_s: 2,
});
const POLICY = {
  artifacts: ARTIFACTS,
  waves: [
    { name: 'pilot', size: { percent: 5 }, gate: gate(70, 25) },
    { name: 'early', size: { percent: 25 }, gate: gate(70, 12) },
    { name: 'rest', size: { rest: true }, gate: gate(90, 8) },
  ],
  maxAttempts: 1,
  retryDelay_s: 0,
  maxInFlight: 90,
  offersPerMinute: 2400,
};

const stage = new Stage();
const shots: string[] = [];

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(600);
  while ((await page.getByText(/^(Loading|Waiting for)/).count()) > 0) await page.waitForTimeout(100);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  shots.push(name);
}

async function plans(prepared: Prepared): Promise<void> {
  const { ada } = prepared.persons;
  const policy = { ...POLICY, artifacts: [ARTIFACTS[1]], window: { from: '01:00', to: '05:00' } };
  await ada.request('PUT', '/v1/campaigns/adas-summer', {
    body: { title: 'ADAS 1.4 for summer', purpose: 'Sees cyclists earlier.', policy },
  });
  await ada.request('POST', '/v1/campaigns/adas-summer/define-targeting', {
    body: { query: 'region=in=(DE,FR);ecu.ADAS.software=lt=1.4.0' },
  });
}

/** Until the page says that enough has settled. */
async function underWay(page: Page): Promise<void> {
  for (;;) {
    const said = await page
      .locator('.figures > div', { hasText: 'Progress' })
      .locator('dd')
      .first()
      .textContent();
    if (Number.parseFloat(said ?? '') >= SETTLED_PERCENT) return;
    await page.waitForTimeout(200);
  }
}

try {
  mkdirSync(folder, { recursive: true });
  buildDashboard();
  await stage.start();
  const prepared = await prepare(stage, VEHICLES, 3);
  await plans(prepared);
  const browser = await launchBrowser();
  stage.defer(() => browser.close());
  const { page } = await signedIn(browser, stage, ODA, {}, CAMPAIGN);
  await startCampaign(prepared.persons, prepared.plan, POLICY);
  simulateBadSlice(stage, prepared, { bad: 0.6, others: 0.02 });
  await page.goto(CAMPAIGN);
  await underWay(page);
  await page.setViewportSize(TALL);
  await shoot(page, 'campaign');
  await page.screenshot({ path: join(folder, 'campaign-full.png'), fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot(page, 'campaign-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SIZE);
  await page.getByRole('button', { name: 'Abort…' }).click();
  await shoot(page, 'abort');
  await page.keyboard.press('Escape');
  await page.goto('/');
  await shoot(page, 'fleet');
  await page.goto(`${CAMPAIGN}?tab=vehicles`);
  await shoot(page, 'vehicles');
  await page.goto(`${CAMPAIGN}?tab=replay`);
  await page.getByLabel('Moment of the campaign').fill('620');
  await shoot(page, 'replay');
  await page.goto(`${CAMPAIGN}?tab=what-if`);
  await shoot(page, 'what-if');
  await page.goto(`${CAMPAIGN}?tab=history`);
  await shoot(page, 'history');
  await page.getByLabel('Search vehicles, campaigns and artifacts').fill('tcm');
  await shoot(page, 'search');
  await page.goto(`/vehicles/${prepared.accounts[7]?.vehicleId}`);
  await shoot(page, 'vehicle');
  await page.goto(`/artifacts/${ARTIFACTS[0]}`);
  await shoot(page, 'artifact');
  const planner = await signedIn(browser, stage, ADA, {}, '/plan');
  await planner.page.getByLabel('Title').fill('TCM autumn');
  await planner.page.getByText(ARTIFACTS[0]).click();
  await planner.page.getByLabel('Target query').fill('region=in=(DE,FR,JP);model=');
  await shoot(planner.page, 'plan-wrong');
  await planner.page.getByLabel('Target query').fill('region=in=(DE,FR,JP)');
  await planner.page.waitForTimeout(800);
  await shoot(planner.page, 'plan');
  const approver = await signedIn(browser, stage, BOB, {}, '/plan/adas-summer');
  await shoot(approver.page, 'review');
  const phone = await signedIn(
    browser,
    stage,
    ODA,
    { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'dark' },
    CAMPAIGN,
  );
  await shoot(phone.page, 'phone');
  await phone.page.goto('/');
  await shoot(phone.page, 'phone-fleet');
  console.log(`${shots.length} pictures in ${folder}: ${shots.join(', ')}`);
} finally {
  await stage.close();
}
