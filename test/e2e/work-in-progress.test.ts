/** What people at the dashboard have begun is not lost when something comes in between. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ARTIFACTS } from '../../src/demo/release-artifacts.ts';
import { ADA, buildDashboard, keyOf, launchBrowser, signedIn } from './support/browser.ts';
import { prepare } from './support/campaign.ts';
import { freePorts, Stage } from './support/stage.ts';

let stage: Stage;
let browser: Browser;
beforeAll(async () => {
  buildDashboard();
  stage = new Stage(await freePorts());
  await stage.start();
  browser = await launchBrowser();
  stage.defer(() => browser.close());
});
afterAll(() => stage?.close());

it('a session that is ended in one tab is asked for again in the other, which keeps what was written', async () => {
  const { page, complaints } = await signedIn(browser, stage, ADA, {}, '/plan');
  await page.getByLabel('Title').fill('Brakes in spring');
  const copied = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');

  const other = await page.context().newPage();
  await other.goto('/');
  await other.getByLabel('Signed in as ada').click();
  await other.route('**/v1/session', async (route) => {
    const json = { type: 'urn:fleetwave:problem:overloaded', title: 'Overloaded', detail: 'not just now' };
    return route.fulfill({ status: 503, contentType: 'application/problem+json', json });
  });
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByRole('alert').getByText('not just now').waitFor();
  await other.unroute('**/v1/session');
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByLabel('Your API key').waitFor();
  await other.close();

  const again = page.getByRole('dialog', { name: 'Your session has ended' });
  await again.waitFor();
  // It asks for a key, and Escape is none.
  for (let times = 0; times < 3; times++) await page.keyboard.press('Escape');
  await again.getByLabel('Your API key').fill('fwk_nobody_nothing');
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByText('the API key is not valid').waitFor();
  await again.getByLabel('Your API key').fill(await keyOf(stage, ADA));
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.waitFor({ state: 'detached' });
  expect(await page.getByLabel('Title').inputValue()).toBe('Brakes in spring');

  const answer = await fetch(`${stage.ready.http}/v1/session`, { headers: { cookie: copied } });
  expect(answer.status).toBe(401);
  expect(complaints).toEqual([]);
});

it('a plan whose query is refused after the plan was made can be mended and saved', async () => {
  await prepare(stage, 30, 3);
  const { page } = await signedIn(browser, stage, ADA, {}, '/plan');
  let asked = 0;
  await page.route('**/define-targeting', async (route) => {
    if (asked++ > 0) return route.continue();
    const json = { type: 'urn:fleetwave:problem:overloaded', title: 'Overloaded', detail: 'not just now' };
    return route.fulfill({ status: 503, contentType: 'application/problem+json', json });
  });
  await page.getByLabel('Title').fill('Brakes in spring');
  await page.getByLabel(ARTIFACTS[0]).check();
  await page.getByLabel('Target query').fill('brand==Aurora');
  await page.getByText('Counted now').waitFor();
  const save = page.getByRole('button', { name: 'Save and freeze the targets' });
  await save.click();
  await page.getByRole('alert').getByText('not just now').waitFor();
  await page.getByLabel('Failure ≤ %').first().fill('7');
  await save.click();
  await page.getByText('Awaits approval').waitFor();
  const { body } = await stage.admin().request('GET', '/v1/campaigns/brakes-in-spring');
  expect(body).toMatchObject({ policy: { waves: [{ gate: { failurePercent: 7 } }, {}, {}] } });
});
