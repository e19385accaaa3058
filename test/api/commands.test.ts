import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignExample } from '../../src/api/routes/campaigns.ts';
import { type Harness, startHarness } from './support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const put = (id: string, headers: Record<string, string> = {}) =>
  harness.call({ method: 'PUT', url: `/v1/campaigns/${id}`, payload: campaignExample, headers });
const resume = (id: string, headers: Record<string, string>, payload: object = {}) =>
  harness.call({ method: 'POST', url: `/v1/campaigns/${id}/resume`, payload, headers });

describe('a command', () => {
  it('creates with 201, ETag and position, and repeated has no second effect', async () => {
    const created = await put('c1');
    expect(created.statusCode).toBe(201);
    expect(created.headers['etag']).toBe('"0"');
    expect(created.headers['fleetwave-position']).toBe(created.json().position);
    expect(created.json()).toMatchObject({
      id: 'c1',
      revision: 0,
      changed: true,
      events: ['CampaignCreated'],
    });
    const again = await put('c1');
    expect(again.statusCode).toBe(200);
    expect(again.json()).toMatchObject({ revision: 0, changed: false, events: [] });
    expect(again.headers['fleetwave-position']).toBe(await harness.store.head());
  });

  it('carries person, source and correlation id into the event', async () => {
    const key = await harness.keyOf('ada', 'planner');
    await harness.call({ method: 'PUT', url: '/v1/campaigns/c-actor', payload: campaignExample, key });
    const event = (await harness.written()).find(({ stream }) => stream === 'campaign-c-actor');
    expect(event?.metadata).toMatchObject({ actor: { kind: 'person', id: 'ada' }, source: 'http' });
  });

  it('with an Idempotency-Key acts once, and refuses the key for another body or route', async () => {
    await put('c2');
    const headers = { 'idempotency-key': 'k-1' };
    const first = await resume('c2', headers, { reason: 'a' });
    expect(first.json()).toMatchObject({ changed: true, revision: 1 });
    expect((await resume('c2', headers, { reason: 'a' })).json()).toMatchObject({
      changed: false,
      revision: 1,
    });
    const other = await resume('c2', headers, { reason: 'b' });
    expect(other.statusCode).toBe(422);
    expect(other.json().type).toBe('urn:fleetwave:problem:idempotency-key-reused');
  });

  it('keeps the keys of two persons apart', async () => {
    await put('c3');
    const headers = { 'idempotency-key': 'same' };
    const ada = await harness.keyOf('ada3', 'operator');
    const bob = await harness.keyOf('bob3', 'operator');
    const as = (key: string, reason: string) =>
      harness.call({ method: 'POST', url: '/v1/campaigns/c3/resume', payload: { reason }, headers, key });
    expect((await as(ada, 'a')).json().changed).toBe(true);
    expect((await as(bob, 'b')).json().changed).toBe(true);
  });

  it('with If-Match of an older revision is refused with 412 and the two revisions', async () => {
    await put('c4');
    await resume('c4', {});
    const stale = await resume('c4', { 'if-match': '"0"' });
    expect(stale.statusCode).toBe(412);
    expect(stale.json()).toMatchObject({
      type: 'urn:fleetwave:problem:revision-mismatch',
      details: { expected: 0, actual: 1 },
    });
    expect((await resume('c4', { 'if-match': '"1"' })).statusCode).toBe(200);
    expect((await put('c4', { 'if-none-match': '*' })).statusCode).toBe(412);
  });

  it.each(['12', 'W/"12"', '"x"', '"1", "2"'])('refuses If-Match %s', async (value) => {
    const answer = await resume('c4', { 'if-match': value });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().type).toBe('urn:fleetwave:problem:invalid-header');
  });

  it('without fields needs no body', async () => {
    await put('c5');
    const answer = await harness.call({ method: 'POST', url: '/v1/campaigns/c5/start' });
    expect(answer.statusCode).toBe(200);
  });
});

describe('pause and abort', () => {
  it.each(['pause', 'abort'])('%s answers 202 with the shards that have not stopped', async (verb) => {
    const slow = await startHarness({}, (base) => ({
      campaigns: { ...base.campaigns, waitForHalt: async () => ({ missing: [3, 17] }) },
    }));
    await slow.call({ method: 'PUT', url: '/v1/campaigns/c1', payload: campaignExample });
    const answer = await slow.call({
      method: 'POST',
      url: `/v1/campaigns/c1/${verb}`,
      payload: { reason: 'x' },
    });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ halted: false, missingShards: [3, 17], changed: true });
    await slow.close();
  });

  it('answers 200 when all have', async () => {
    await put('c6');
    const answer = await harness.call({
      method: 'POST',
      url: '/v1/campaigns/c6/pause',
      payload: { reason: 'x' },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ halted: true, missingShards: [] });
  });
});
