/** The dashboard's page and its session: a cookie that no script reads and no other site can use. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Harness, startHarness } from './support/harness.ts';

const built = mkdtempSync(join(tmpdir(), 'fleetwave-web-'));
let harness: Harness;
let key: string;
beforeAll(async () => {
  mkdirSync(join(built, 'assets'));
  writeFileSync(
    join(built, 'index.html'),
    '<!doctype html><script type="module" src="/assets/a-1.js"></script>',
  );
  writeFileSync(join(built, 'assets/a-1.js'), 'export {};');
  harness = await startHarness({ dashboard: `${built}/` });
  key = await harness.keyOf('ada', 'planner', 'operator');
});
afterEach(() => vi.useRealTimers());
afterAll(async () => {
  await harness.close();
  rmSync(built, { recursive: true });
});

const signIn = (headers: Record<string, string> = {}) =>
  harness.call({ method: 'POST', url: '/v1/session', key, headers });
const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  String(answer.headers['set-cookie']).split(';')[0] ?? '';
const withCookie = (cookie: string, method: 'GET' | 'POST', url: string, headers = {}) =>
  harness.call({ method, url, key: null, headers: { cookie, ...headers } });
const stop = (cookie: string, headers = {}) =>
  harness.call({
    method: 'POST',
    url: '/v1/fleet/emergency-stop',
    key: null,
    payload: { reason: 'test' },
    headers: { cookie, ...headers },
  });

describe('a session', () => {
  it('is had for a key, and is then the person of that key', async () => {
    const answer = await signIn();
    expect(answer.json()).toMatchObject({
      person: 'ada',
      roles: expect.arrayContaining(['planner', 'operator']),
    });
    expect(String(answer.headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=43(200|199)$/);
    expect((await withCookie(cookieOf(answer), 'GET', '/v1/session')).json()).toMatchObject({
      person: 'ada',
    });
    expect((await withCookie(cookieOf(answer), 'GET', '/v1/campaigns')).statusCode).toBe(200);
    expect((await withCookie(cookieOf(answer), 'GET', '/v1/access/keys')).statusCode).toBe(403);
  });

  it('is a Secure __Host- cookie where the browser is on TLS', async () => {
    const answer = await signIn({ origin: 'https://fleet.example' });
    expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-fleetwave=.*; Secure; Path=\//);
  });

  it('writes only from the page itself', async () => {
    const cookie = cookieOf(await signIn());
    expect((await stop(cookie)).json().type).toBe('urn:fleetwave:problem:cross-site');
    const foreign = { 'fleetwave-session': '1', 'sec-fetch-site': 'same-site' };
    expect((await stop(cookie, foreign)).statusCode).toBe(403);
    const own = { 'fleetwave-session': '1', 'sec-fetch-site': 'same-origin' };
    expect((await stop(cookie, own)).statusCode).toBeLessThan(300);
  });

  it('ends with its key', async () => {
    const mine = await harness.keyOf('gone', 'analyst');
    const cookie = cookieOf(await harness.call({ method: 'POST', url: '/v1/session', key: mine }));
    expect((await withCookie(cookie, 'GET', '/v1/campaigns')).statusCode).toBe(200);
    await harness.call({ method: 'DELETE', url: `/v1/access/keys/${mine.split('_')[1]}` });
    expect((await withCookie(cookie, 'GET', '/v1/campaigns')).statusCode).toBe(401);
  });

  it('is renewed while it is used, ends after twelve hours without, and after a week in any case', async () => {
    const start = Date.now();
    // Held still, so that the session begins at this very instant.
    const at = (hours: number) => vi.useFakeTimers({ toFake: ['Date'], now: start + hours * 3_600_000 });
    at(0);
    const first = cookieOf(await signIn());
    at(7);
    let cookie = cookieOf(await withCookie(first, 'GET', '/v1/session'));
    at(13);
    expect((await withCookie(first, 'GET', '/v1/session')).json().detail).toBe('the session has ended');
    for (let hours = 13; hours < 7 * 24; hours += 7) {
      at(hours);
      const answer = await withCookie(cookie, 'GET', '/v1/session');
      expect(answer.statusCode).toBe(200);
      if (answer.headers['set-cookie'] !== undefined) cookie = cookieOf(answer);
    }
    at(7 * 24);
    expect((await withCookie(cookie, 'GET', '/v1/session')).statusCode).toBe(401);
  });

  it('is not what was tampered with or made up', async () => {
    const cookie = cookieOf(await signIn());
    for (const forged of [`${cookie}A`, cookie.replace('.', '..'), 'fleetwave=e30.e30', 'fleetwave='])
      expect((await withCookie(forged, 'GET', '/v1/campaigns')).statusCode, forged).toBe(401);
  });

  it('ends by signing out, wherever its cookie is', async () => {
    const first = cookieOf(await signIn());
    const other = cookieOf(await signIn());
    // Renewed from the first: the same session, in another cookie.
    const copied = cookieOf(
      await harness.call({
        method: 'POST',
        url: '/v1/session',
        key: null,
        headers: { cookie: first, 'fleetwave-session': '1' },
      }),
    );
    const signOut = (headers: Record<string, string>) =>
      harness.call({
        method: 'DELETE',
        url: '/v1/session',
        key: null,
        headers: { cookie: first, ...headers },
      });
    expect((await signOut({})).json().type).toBe('urn:fleetwave:problem:cross-site');
    expect((await withCookie(copied, 'GET', '/v1/session')).statusCode).toBe(200);
    for (let times = 0; times < 2; times++)
      expect((await signOut({ 'fleetwave-session': '1' })).json()).toEqual({ closed: true });
    for (const cookie of [first, copied])
      expect((await withCookie(cookie, 'GET', '/v1/session')).json().detail).toBe('the session has ended');
    expect((await withCookie(other, 'GET', '/v1/session')).statusCode).toBe(200);
  });

  it('leaves no cookie when it is ended, nor when there was none', async () => {
    const answer = await harness.call({ method: 'DELETE', url: '/v1/session', key: null });
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-fleetwave=; Secure; .*Max-Age=0$/),
      expect.stringMatching(/^fleetwave=; .*Max-Age=0$/),
    ]);
  });
});

describe('the page', () => {
  const get = (url: string, headers = {}) => harness.call({ method: 'GET', url, key: null, headers });

  it('is the same at every address of it, under a policy without inline parts', async () => {
    for (const url of ['/', '/campaigns/spring?tab=waves', '/vehicles/1HGCM82633A004352']) {
      const page = await get(url);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(page.body).toContain('/assets/a-1.js');
      expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(page.headers['content-security-policy']).not.toContain('unsafe');
      expect(page.headers['cache-control']).toBe('no-cache');
    }
    expect((await get('/v1/nothing')).json().type).toBe('urn:fleetwave:problem:not-found');
  });

  it('has parts that may be kept for ever, and nothing outside its folder', async () => {
    const part = await get('/assets/a-1.js');
    expect(part.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(part.headers['content-type']).toMatch(/javascript/);
    expect((await get('/assets/..%2findex.html')).statusCode).toBe(400);
    expect((await get('/assets/none.js')).statusCode).toBe(404);
  });

  it('is what a browser gets at an address that is none, and a problem what everything else gets', async () => {
    const at = (url: string, accept: string, method: 'GET' | 'POST' = 'GET') =>
      harness.call({ method, url, key: null, headers: { accept } });
    const page = await at('/fleets/old', 'text/html,*/*;q=0.8');
    expect([page.statusCode, page.body]).toEqual([404, expect.stringContaining('/assets/a-1.js')]);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    for (const answer of [
      await at('/fleets/old', 'application/json'),
      await at('/fleets/old', '*/*'),
      await at('/fleets/old', 'text/html', 'POST'),
      await at('/v1/old', 'text/html'),
      await at('/docs/old', 'text/html'),
    ]) {
      expect(answer.statusCode).toBe(404);
      expect(answer.headers['content-type']).toContain('application/problem+json');
    }
  });

  it('says how to build it where it has not been built', async () => {
    const bare = await startHarness({ dashboard: `${built}/none/` });
    const page = await bare.call({ method: 'GET', url: '/', key: null });
    expect(page.statusCode).toBe(503);
    expect(page.body).toContain('npm run build:web');
    await bare.close();
  });
});
