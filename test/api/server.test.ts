import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignExample } from '../../src/api/routes/campaigns.ts';
import { type Harness, startHarness } from './support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  for (let n = 0; n < 5; n++)
    harness.reader.put('campaigns', {
      id: `c${n}`,
      title: `C${n}`,
      state: n % 2 === 0 ? 'running' : 'paused',
      revision: n,
      position: '01',
      eventId: 'e',
    });
});
afterAll(() => harness.close());

const get = (url: string, headers: Record<string, string> = {}, key?: null) =>
  harness.call({ method: 'GET', url, headers, ...(key === undefined ? {} : { key }) });

describe('queries', () => {
  it('page by cursor with a Link to the next page', async () => {
    const first = await get('/v1/campaigns?limit=2&state=running');
    expect(first.json().items.map((item: { id: string }) => item.id)).toEqual(['c0', 'c2']);
    const link = /^<(.*)>; rel="next"$/.exec(String(first.headers['link']))?.[1] ?? '';
    expect(link).toContain('state=running');
    const second = await get(link);
    expect(second.json()).toMatchObject({ items: [{ id: 'c4' }], next: null });
    expect(second.headers['link']).toBeUndefined();
  });

  it('give the ETag that commands take, and no bookkeeping of the projector', async () => {
    const answer = await get('/v1/campaigns/c3');
    expect(answer.headers['etag']).toBe('"3"');
    expect(answer.json()).not.toHaveProperty('position');
    expect(answer.json()).not.toHaveProperty('eventId');
  });

  it('answer HEAD too', async () => {
    const answer = await harness.call({ method: 'HEAD', url: '/v1/campaigns/c3' });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('');
  });

  it('wait for Fleetwave-Min-Position, and say 503 with Retry-After when it does not come', async () => {
    const position = await harness.store.head();
    const behind = await get('/v1/campaigns', { 'fleetwave-min-position': position });
    expect(behind.statusCode).toBe(503);
    expect(behind.headers['retry-after']).toBe('1');
    expect(behind.json().type).toBe('urn:fleetwave:problem:not-caught-up');
    harness.reader.position = position;
    expect((await get('/v1/campaigns', { 'fleetwave-min-position': position })).statusCode).toBe(200);
  });
});

describe('pages', () => {
  it('the reference is served from here alone', async () => {
    const page = await get('/docs/', {}, null);
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'self'; script-src 'self';/);
    const document = await get('/docs/json', {}, null);
    expect(document.json()).toEqual((await get('/openapi.json', {}, null)).json());
    expect((await get('/docs/static/swagger-ui-bundle.js', {}, null)).statusCode).toBe(200);
  });

  it('every answer carries security headers', async () => {
    const { headers } = await get('/v1/campaigns');
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('metrics count by operation, not by path', async () => {
    await get('/v1/campaigns/c1');
    const { body } = await get('/metrics', {}, null);
    expect(body).toMatch(
      /fleetwave_http_request_duration_seconds_count\{operation="getCampaign",status="200"\} \d/,
    );
    expect(body).not.toContain('c1');
  });
});

describe('protection', () => {
  it('limits requests per key with 429 and Retry-After', async () => {
    const limited = await startHarness({ protection: { requestsPerMinute: 3 } });
    const [ada, bob] = [await limited.keyOf('ada', 'analyst'), await limited.keyOf('bob', 'analyst')];
    const ask = (key: string) => limited.call({ method: 'GET', url: '/v1/campaigns', key });
    for (let n = 0; n < 3; n++) expect((await ask(ada)).statusCode).toBe(200);
    const refused = await ask(ada);
    expect(refused.statusCode).toBe(429);
    expect(refused.json().type).toBe('urn:fleetwave:problem:rate-limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(bob)).statusCode).toBe(200);
    await limited.close();
  });

  it('refuses work under pressure, but still answers for its health', async () => {
    const pressed = await startHarness({ protection: { maxRss_bytes: 1 } });
    await sleep(1100);
    const refused = await pressed.call({ method: 'GET', url: '/v1/campaigns' });
    expect(refused.statusCode).toBe(503);
    expect(refused.json().type).toBe('urn:fleetwave:problem:overloaded');
    expect((await pressed.call({ method: 'GET', url: '/livez', key: null })).statusCode).toBe(200);
    await pressed.close();
  });

  it('lets what stops vehicles through, however much there is to do', async () => {
    const pressed = await startHarness({ protection: { maxRss_bytes: 1 } });
    await sleep(1100);
    const post = (url: string) => pressed.call({ method: 'POST', url, payload: { reason: 'smoke' } });
    for (const verb of ['pause', 'abort'])
      expect((await post(`/v1/campaigns/none/${verb}`)).json().type).toBe('urn:fleetwave:problem:not-found');
    expect((await post('/v1/fleet/emergency-stop')).statusCode).toBeLessThan(300);
    expect((await post('/v1/campaigns/none/resume')).statusCode).toBe(503);
    await pressed.close();
  });

  it('is not ready with the reasons', async () => {
    const checks = [{ name: 'log', ok: false, detail: 'disk full' }];
    const sick = await startHarness({}, () => ({ readiness: async () => ({ ready: false, checks }) }));
    const answer = await sick.call({ method: 'GET', url: '/readyz', key: null });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ detail: 'log: disk full', details: { checks } });
    await sick.close();
  });
});

describe('closing', () => {
  it('cuts what does not end by itself in time', async () => {
    const own = await startHarness({ closeTimeout_ms: 50 });
    const key = await own.keyOf('ada', 'operator');
    await own.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = own.app.server.address() as { port: number };
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' };
    const sent = httpRequest({ port, method: 'POST', path: '/v1/vehicles/import', headers });
    const cut = once(sent, 'error');
    sent.write('{}\n');
    await sleep(50);
    await own.close();
    await cut;
  });

  it('lets what is in flight finish, and ends connections that are kept alive', async () => {
    const slow = await startHarness({}, (base) => ({
      campaigns: {
        ...base.campaigns,
        execute: async (id, command, envelope) => {
          await sleep(150);
          return base.campaigns.execute(id, command, envelope);
        },
      },
    }));
    const key = await slow.keyOf('ada', 'admin');
    await slow.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = slow.app.server.address() as { port: number };
    const agent = new Agent({ keepAlive: true });
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest(
        { port, agent, method: 'PUT', path: '/v1/campaigns/c1', headers },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end(JSON.stringify(campaignExample));
    });
    await sleep(50);
    const closed = slow.app.close();
    expect(await answered).toBe(201);
    await closed;
    agent.destroy();
    await slow.close();
  });
});
