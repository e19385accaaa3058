import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS, type OperationId } from '../../src/api/roles.ts';
import type { OperationDoc } from '../../src/api/route.ts';
import { ROLES, type Role } from '../../src/domain/access/events.ts';
import { type Harness, startHarness } from './support/harness.ts';

let harness: Harness;
const keys = new Map<Role, string>();
beforeAll(async () => {
  harness = await startHarness();
  for (const role of ROLES) keys.set(role, await harness.keyOf(`only-${role}`, role));
});
afterAll(() => harness.close());

const pathOf = (operation: OperationDoc) =>
  operation.url
    .replace(':artifactId', 'a@1')
    .replace(':vin', 'WVWZZZ1JZXW000001')
    .replace(':sha256', 'a'.repeat(64))
    .replace(/:[A-Za-z]+/g, 'none');
const request = (operation: OperationDoc, key: string | null) =>
  harness.call({ method: operation.method, url: pathOf(operation), key });
const codeOf = (body: string) => /problem:([a-z-]+)/.exec(body)?.[1];

describe('the role table', () => {
  it('has exactly the operations that there are', () => {
    const registered = harness.app.operations.list.map((operation) => operation.id).sort();
    expect(registered).toEqual(Object.keys(ACCESS).sort());
    expect(new Set(registered).size).toBe(registered.length);
  });

  it.each(Object.keys(ACCESS) as OperationId[])('%s lets in whom it names and nobody else', async (id) => {
    const operation = harness.app.operations.list.find((candidate) => candidate.id === id);
    if (operation === undefined) throw new Error(`${id} is not registered`);
    const access = ACCESS[id];
    const anonymous = await request(operation, null);
    if (access === 'open') {
      expect(anonymous.statusCode).toBeLessThan(300);
      return;
    }
    expect(codeOf(anonymous.body)).toBe('unauthenticated');
    expect(anonymous.headers['www-authenticate']).toMatch(/^Bearer/);
    if (access === 'content-token') return;
    for (const [role, key] of keys) {
      const answer = await request(operation, key);
      const allowed = (access as readonly Role[]).includes(role);
      expect(codeOf(answer.body) !== 'missing-role', `${role} on ${id}`).toBe(allowed);
      expect(answer.statusCode).not.toBe(500);
    }
  });
});

describe('keys', () => {
  const list = (key: string) => harness.call({ method: 'GET', url: '/v1/campaigns', key });

  it('made over the API are shown once, work at once, and end when revoked', async () => {
    const payload = { person: 'grace', roles: ['analyst'] };
    const headers = { 'idempotency-key': 'make-grace' };
    const made = await harness.call({ method: 'POST', url: '/v1/access/keys', payload, headers });
    expect(made.statusCode).toBe(201);
    expect(made.headers['cache-control']).toBe('no-store');
    const { key, keyId } = made.json();
    expect((await list(key)).statusCode).toBe(200);
    const repeat = await harness.call({ method: 'POST', url: '/v1/access/keys', payload, headers });
    expect(repeat.json()).toMatchObject({ keyId, key: null, changed: false });
    const { items } = (await harness.call({ method: 'GET', url: '/v1/access/keys' })).json();
    expect(items.find((item: { keyId: string }) => item.keyId === keyId)).toMatchObject({
      person: 'grace',
      addedBy: 'root',
      revoked: false,
    });
    expect(JSON.stringify(items)).not.toMatch(/hash|[0-9a-f]{64}/);
    const revoked = await harness.call({ method: 'DELETE', url: `/v1/access/keys/${keyId}` });
    expect(revoked.statusCode).toBe(200);
    expect((await list(key)).statusCode).toBe(401);
  });

  it('are compared whole: another secret under a known id is refused', async () => {
    const key = await harness.keyOf('mallory', 'analyst');
    const forged = key.slice(0, -3) + (key.endsWith('AAA') ? 'BBB' : 'AAA');
    expect((await list(forged)).statusCode).toBe(401);
    expect((await list(key.toUpperCase())).statusCode).toBe(401);
  });

  it('never reach the log in clear', async () => {
    const key = await harness.keyOf('secretive', 'analyst');
    expect(JSON.stringify(await harness.accessEvents())).not.toContain(key.slice(17));
  });
});

describe('refusals', () => {
  it('are recorded with who, what and why', async () => {
    const own = await startHarness();
    const key = await own.keyOf('eve', 'analyst');
    await own.call({ method: 'POST', url: '/v1/campaigns/c1/start?x=1', key });
    const four = await own.keyOf('fay', 'approver');
    await own.call({ method: 'POST', url: '/v1/artifacts/a@1/release', payload: {}, key: four });
    await own.access.stop();
    const refused = (await own.accessEvents()).filter((event) => event.type === 'AccessRefused');
    expect(refused.map((event) => event.data)).toMatchObject([
      { person: 'eve', method: 'POST', path: '/v1/campaigns/c1/start', why: 'missing-role' },
      { person: 'fay', path: '/v1/artifacts/a@1/release', why: 'four-eyes' },
    ]);
    await own.close();
  });

  it('of a flood fill neither the log nor the memory', async () => {
    const own = await startHarness();
    for (let i = 0; i < 300; i++)
      await own.call({ method: 'GET', url: `/v1/campaigns/c${i}`, key: `fwk_abcd_${'x'.repeat(30)}` });
    await own.access.stop();
    const refused = (await own.accessEvents()).filter((event) => event.type === 'AccessRefused');
    expect(refused.length).toBeGreaterThanOrEqual(30);
    expect(refused.length).toBeLessThan(45);
    expect(own.access.refusalsLeftOut()).toBe(300 - refused.length);
    await own.close();
  });
});
