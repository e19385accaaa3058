/** A vehicle's messages and past inventories, and the list of failures, over HTTP on real read models. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { rolloutStream, shardStream, vehicleStream } from '../../src/domain/shared/streams.ts';
import { projections } from '../../src/projections/all.ts';
import { CAMPAIGN, givenRun, OTHER, SHARD, VEHICLE } from '../app/evidence/world.ts';
import { TIME } from '../projections/fold.ts';
import { type Harness, startHarness } from './support/harness.ts';

const RAW = Buffer.from('{"v":1, oops').toString('base64');
let harness: Harness;
beforeAll(async () => {
  const given = await givenRun();
  for (const [n, vehicleId] of [VEHICLE, OTHER, VEHICLE].entries())
    await given.append(rolloutStream(CAMPAIGN, SHARD), {
      type: 'UpdateFailed',
      data: {
        vehicleId,
        wave: 1,
        slice: 0,
        attempt: n + 2,
        offer: 2,
        from: 'installing',
        to: 'failed',
        report: { epoch: { tcu: 'T', reset: 0 }, seq: 9 + n, sentAt: '2026-12-31T23:59:59Z' },
        receivedAt: TIME,
        code: n === 1 ? 'no-power' : 'flash-error',
        message: 'block 7',
        ecus: [],
        notBefore: null,
      },
    });
  await given.append(shardStream(SHARD), {
    type: 'ReportSetAside',
    data: {
      shard: SHARD,
      vehicleId: VEHICLE,
      channel: 'feedback',
      code: 'not-json',
      reason: 'it ends too early',
      raw: RAW,
      report: null,
      receivedAt: TIME,
    },
  });
  await given.append(vehicleStream(VEHICLE), {
    type: 'CredentialIssued',
    data: { vehicleId: VEHICLE, generation: 1, fleetSecretId: 'f1' },
  });
  const reader = createMemoryReadModel();
  for (const projection of projections)
    await rebuildProjection({ log: given.store, writer: reader }, projection);
  harness = await startHarness({}, (base) => ({
    reader,
    log: given.store,
    // It was rebuilt from all of it.
    waitForPosition: async () => true,
    vehicles: { ...base.vehicles, resolve: async (id) => ([VEHICLE, OTHER].includes(id) ? id : null) },
  }));
});
afterAll(() => harness.close());

async function get(url: string, status = 200) {
  const answer = await harness.call({ method: 'GET', url });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer;
}
const json = async (url: string) => (await get(url)).json();

describe('failures', () => {
  it('are listed newest first with the frozen slice, and with what became of the vehicle', async () => {
    const { items, next } = await json('/v1/failures');
    expect(items).toMatchObject([
      { vehicleId: VEHICLE, attempt: 4, code: 'flash-error', model: 'X', region: 'DE', phase: 'failed' },
      { vehicleId: OTHER, attempt: 3, code: 'no-power', message: 'block 7' },
      { vehicleId: VEHICLE, attempt: 2, campaignId: CAMPAIGN, type: 'UpdateFailed', at: TIME },
    ]);
    expect(next).toBeNull();
    expect(Object.keys(items[0]).some((name) => name.startsWith('by-'))).toBe(false);
  });

  it('are filtered and paged, and the next page is linked with its filter', async () => {
    const url = `/v1/failures?campaign=${CAMPAIGN}&model=X&code=flash-error&limit=1`;
    const first = await get(url);
    expect(first.headers['link']).toContain('code=flash-error');
    const { items, next } = first.json();
    const second = await json(`${url}&cursor=${next}`);
    expect([...items, ...second.items].map(({ attempt }) => attempt)).toEqual([4, 2]);
    expect(second.next).toBeNull();
    expect((await json('/v1/failures?region=FR')).items).toEqual([]);
    expect((await json('/v1/failures?campaign=none')).items).toEqual([]);
    await get('/v1/failures?cursor=x', 400);
    await get('/v1/failures?colour=red', 400);
  });
});

describe('messages of a vehicle', () => {
  const url = `/v1/vehicles/${VEHICLE}/messages`;
  it('say what was said by whom, newest first, with the bytes of what could not be read', async () => {
    const { items } = await json(url);
    expect(items.map(({ type }: { type: string }) => type)).toEqual([
      'CredentialIssued',
      'ReportSetAside',
      'UpdateFailed',
      'UpdateFailed',
      'UpdateSucceeded',
      'InventoryReported',
      'UpdateAccepted',
      'UpdateOffered',
      'InventoryReported',
      'VehicleDescribed',
      'VehicleRegistered',
    ]);
    expect(items[1]).toMatchObject({ direction: 'set-aside', rendition: 'as-received', raw: RAW });
    expect(items[2]).toMatchObject({
      direction: 'from-vehicle',
      rendition: 'as-recorded',
      report: { seq: 11, sentAt: '2026-12-31T23:59:59Z' },
      receivedAt: TIME,
      campaignId: CAMPAIGN,
      data: { code: 'flash-error', message: 'block 7' },
    });
    expect(JSON.stringify(items)).not.toContain(OTHER);
  });

  it('are paged and filtered, and refuse a cursor of another list', async () => {
    const first = await json(`${url}?limit=3&direction=from-vehicle`);
    const second = await json(`${url}?limit=3&direction=from-vehicle&cursor=${first.next}`);
    expect(first.items).toHaveLength(3);
    expect(second.items).toMatchObject([{ type: 'UpdateAccepted' }]);
    expect(second.next).toBeNull();
    const foreign = (await json('/v1/failures?limit=1')).next;
    expect((await get(`${url}?cursor=${foreign}`, 400)).json().type).toMatch(/invalid-cursor$/);
    for (const made of [{ letters: 'x' }, { letters: null, record: -1 }, { before: 7 }]) {
      const cursor = JSON.stringify({ before: '9', record: null, letters: null, ...made });
      const answer = await get(`${url}?cursor=${Buffer.from(cursor).toString('base64url')}`, 400);
      expect(answer.json().type).toMatch(/invalid-cursor$/);
    }
    await get(`${url}?direction=sideways`, 400);
    await get('/v1/vehicles/NOBODY/messages', 404);
  });

  it('can be taken whole, as NDJSON and CSV', async () => {
    const lines = (await get(`/v1/exports/messages?vehicle=${VEHICLE}&format=ndjson`)).body
      .trim()
      .split('\n');
    expect(lines).toHaveLength(11);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ seq: 11, tcu: 'T', data: { code: 'flash-error' } });
    expect((await get(`/v1/exports/messages?vehicle=${VEHICLE}&format=csv`)).body).toContain(RAW);
  });
});

describe('the inventory as of a moment', () => {
  const at = (asOf: string) => json(`/v1/vehicles/${VEHICLE}/inventory?asOf=${encodeURIComponent(asOf)}`);
  it('is the last that was on record then, with what ended it', async () => {
    const now = await json(`/v1/vehicles/${VEHICLE}/inventory`);
    expect(now.inventory).toMatchObject({
      source: 'ota',
      until: null,
      ecus: [{ components: [{ softwareVersion: '2.0.0' }] }],
    });
    // An offset is a time as well as Z.
    expect((await at('2027-01-01T01:00:00+01:00')).inventory).toMatchObject({ source: 'ota', at: TIME });
    expect((await at('2026-12-31T00:00:00Z')).inventory).toBeNull();
    await get(`/v1/vehicles/${VEHICLE}/inventory?asOf=yesterday`, 400);
    await get('/v1/vehicles/NOBODY/inventory', 404);
  });
});

describe('the explanation', () => {
  it('comes from the vehicle’s own record, the list and the log', async () => {
    const { why, now, targeted } = await json(`/v1/vehicles/${VEHICLE}/explain?campaign=${CAMPAIGN}`);
    expect(targeted).toBe(true);
    expect(why).toMatchObject([{ code: 'failed', message: expect.stringContaining('block 7') }]);
    expect(now).toMatchObject({
      matchesQuery: true,
      clauses: [{ clause: 'model==X', holds: true }],
      satisfied: true,
    });
    await get(`/v1/vehicles/${VEHICLE}/explain?campaign=none`, 404);
  });
});

describe('read models that are still being made, as after an upgrade', () => {
  it('are waited for, and then refused, where an answer would lack something or be untrue', async () => {
    const behind = await startHarness({}, (base) => ({
      waitForPosition: async () => false,
      vehicles: { ...base.vehicles, resolve: async (id) => id },
    }));
    for (const url of [
      `/v1/vehicles/${VEHICLE}/messages`,
      `/v1/exports/messages?vehicle=${VEHICLE}`,
      `/v1/vehicles/${VEHICLE}/explain?campaign=${CAMPAIGN}`,
      `/v1/vehicles/${VEHICLE}/evidence`,
    ]) {
      const answer = await behind.call({ method: 'GET', url });
      expect(answer.statusCode, url).toBe(503);
      expect(answer.json().type).toMatch(/not-caught-up$/);
      expect(answer.headers['retry-after']).toBe('1');
    }
    await behind.close();
  });
});
