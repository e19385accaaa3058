/** What people do all day with the page around its data: dialogs, menus, wrong addresses, a server that is away. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA, BOB, buildDashboard, launchBrowser, ODA, type Seen, signedIn } from './support/browser.ts';
import { freePorts, Stage } from './support/stage.ts';

const PATIENCE_MS = 20_000;

let stage: Stage;
let browser: Browser;
const opened: Seen[] = [];

async function open(person: typeof ADA, path = '/'): Promise<Page> {
  const seen = await signedIn(browser, stage, person, {}, path);
  opened.push(seen);
  seen.page.setDefaultTimeout(PATIENCE_MS);
  return seen.page;
}

const focused = (page: Page): Promise<string> =>
  page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()') as Promise<string>;

beforeAll(async () => {
  buildDashboard();
  stage = new Stage(await freePorts());
  await stage.start();
  browser = await launchBrowser();
  stage.defer(() => browser.close());
}, 60_000);

afterAll(() => stage.close());

describe('questions and menus', () => {
  it('give the focus back to what opened them', async () => {
    const page = await open(ODA);
    const stop = page.getByRole('button', { name: 'Emergency stop…' });
    await stop.click();
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Emergency stop…');
    await stop.click();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Emergency stop…');
  });

  it('a menu closes with Escape, with a press elsewhere and with its page', async () => {
    const page = await open(ODA);
    const signOut = page.getByRole('button', { name: 'Sign out' });
    const menu = page.getByLabel('Signed in as oda');
    const isGone = () => signOut.waitFor({ state: 'hidden' });
    await menu.click();
    await signOut.waitFor();
    await page.keyboard.press('Escape');
    await isGone();
    expect(await focused(page)).toBe('oda');
    await menu.click();
    await page.getByRole('heading', { name: 'Fleet' }).click();
    await isGone();
    await menu.click();
    await page.keyboard.press('g');
    await page.keyboard.press('v');
    await page.getByRole('heading', { name: 'Vehicles', level: 1 }).waitFor();
    await isGone();
  });

  it('a registration that is refused says so beside its field', async () => {
    const page = await open(ADA, '/artifacts');
    await page.getByRole('button', { name: 'Register an artifact…' }).click();
    await page.getByLabel('Name').fill('TCM firmware');
    await page.getByLabel('Version').fill('2.1.0');
    await page.getByLabel('ECU type').fill('TCM');
    await page.getByRole('button', { name: 'Register', exact: true }).click();
    await page.locator('#a-name[aria-invalid="true"]').waitFor();
    expect(await page.locator('#a-name-error').textContent()).toMatch(/Small letters/);
    expect(await focused(page)).toBe('a-name');
    await page.getByLabel('Name').fill('tcm-firmware');
    await page.getByLabel('Software before').fill('whatever');
    await page.getByRole('button', { name: 'Register', exact: true }).click();
    await page.locator('#a-prev[aria-invalid="true"]').waitFor();
    expect(await page.locator('#a-name-error').count()).toBe(0);
  });
});

describe('an emergency stop', () => {
  it('is lifted by those who may, and offered to nobody else', async () => {
    const oda = await open(ODA);
    await oda.getByRole('button', { name: 'Emergency stop…' }).click();
    await oda.getByLabel('Reason').fill('Smoke in one vehicle');
    await oda.getByRole('button', { name: 'Stop everything' }).click();
    await oda.getByText('The role approver lifts it.').waitFor();
    expect(await oda.getByRole('link', { name: 'Lift it…' }).count()).toBe(0);
    await oda.goto('/?stop=lift');
    await oda.getByText('The role approver lifts it.').waitFor();
    expect(await oda.getByRole('dialog').count()).toBe(0);
    const bob = await open(BOB, '/artifacts');
    await bob.getByRole('link', { name: 'Lift it…' }).click();
    await bob.getByLabel('Reason').fill('A cigarette');
    await bob.getByRole('button', { name: 'Lift it', exact: true }).click();
    await bob.getByRole('button', { name: 'Emergency stop…' }).waitFor();
  });
});

describe('an address that is none', () => {
  it('leads a person on, and tells a program that there is nothing', async () => {
    const page = await open(ODA);
    const answer = await page.goto('/fleets/old-link');
    expect(answer?.status()).toBe(404);
    await page.getByRole('link', { name: 'Go to the fleet' }).click();
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    const type = async (path: string, accept: string): Promise<string | null> =>
      (await fetch(stage.ready.http + path, { headers: { accept } })).headers.get('content-type');
    expect(await type('/fleets/old-link', 'application/json')).toMatch(/problem\+json/);
    expect(await type('/v1/nothing', 'text/html')).toMatch(/problem\+json/);
  });
});

describe('a server that is away', () => {
  it('leaves the page where it is, and pages never gone to come when it is back', async () => {
    const page = await open(ODA);
    const heading = page.getByRole('heading', { name: 'Fleet' });
    // There once the fleet is known: what comes before that moves the page.
    await page.getByRole('button', { name: 'Emergency stop…' }).waitFor();
    const before = await heading.boundingBox();
    await stage.stopServer();
    await page.getByText('The server does not answer').waitFor();
    expect(await heading.boundingBox()).toEqual(before);
    await page.getByLabel('Signed in as oda').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('alert').getByText('It is not known whether this was done').waitFor();
    await page.getByRole('link', { name: 'Artifacts' }).click();
    await page.getByText('Loading the page…').waitFor();
    await stage.start();
    await page.getByText('No artifact is registered yet').waitFor();
    await page.locator('.banner.away').waitFor({ state: 'detached' });
  }, 60_000);

  it('nothing threw, and the policy refused nothing, in any page', () => {
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
