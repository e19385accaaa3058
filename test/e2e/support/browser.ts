/** A real Chromium, and persons who use the dashboard in it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Stage } from './stage.ts';

const root = join(import.meta.dirname, '../../..');
const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws Error that says what to install. */
export function chromiumPath(): string {
  const found = [process.env['CHROMIUM'] ?? '', ...CANDIDATES].find(
    (path) => path !== '' && existsSync(path),
  );
  if (found === undefined)
    throw new Error('There is no Chromium: apt-get install chromium, or name one in CHROMIUM.');
  return found;
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath(), headless: true, args: ARGS });

/** Builds the dashboard when a source has changed. @throws Error when there is none after that. */
export function buildDashboard(): void {
  spawnSync(process.execPath, [join(root, 'scripts/build-web.ts'), '--if-stale'], { stdio: 'inherit' });
  if (!existsSync(join(root, 'web/dist/index.html'))) throw new Error('The dashboard could not be built.');
}

/** What went wrong in a page that nobody would see: scripts that threw, and what the policy refused. */
export interface Seen {
  readonly page: Page;
  readonly complaints: string[];
}

export interface Person {
  readonly name: string;
  readonly roles: readonly string[];
}
export const ADA: Person = { name: 'ada', roles: ['developer', 'planner'] };
export const BOB: Person = { name: 'bob', roles: ['validator', 'approver'] };
export const ODA: Person = { name: 'oda', roles: ['operator', 'analyst'] };

export async function keyOf(stage: Stage, { name, roles }: Person): Promise<string> {
  const body = { person: name, roles };
  const answer = await stage.admin().request('POST', '/v1/access/keys', { body });
  return (answer.body as { key: string }).key;
}

/** A person at the dashboard, signed in with a key of their own, in a browser profile of their own. */
export async function signedIn(
  browser: Browser,
  stage: Stage,
  person: Person,
  options: BrowserContextOptions = {},
  path = '/',
): Promise<Seen> {
  return signedInWith(browser, stage.ready.http, await keyOf(stage, person), options, path);
}

/** The same with a key that is there already. */
export async function signedInWith(
  browser: Browser,
  http: string,
  key: string,
  options: BrowserContextOptions = {},
  path = '/',
): Promise<Seen> {
  const context = await browser.newContext({
    baseURL: http,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`threw: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Warning:|Minified React/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(path);
  await page.getByLabel('Your API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  return { page, complaints };
}
