import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBundle } from '../../src/cli/verify-bundle.ts';
import { CAMPAIGN, openWorld, VEHICLE } from '../app/evidence/world.ts';
import { type Harness, startHarness } from './support/harness.ts';

let harness: Harness;
beforeEach(async () => {
  const { given, evidence, signer } = await openWorld();
  harness = await startHarness({}, (base) => ({
    evidence,
    log: given.store,
    signingKeys: { keys: async () => [signer.publicKey] },
    vehicles: { ...base.vehicles, resolve: async (id) => (id === VEHICLE ? id : null) },
  }));
  harness.reader.position = await harness.services.head();
  harness.reader.put('campaigns', { id: CAMPAIGN });
  harness.reader.put('assignments', {
    id: `${CAMPAIGN}/${VEHICLE}`,
    campaignId: CAMPAIGN,
    vehicleId: VEHICLE,
    spans: [[0, 4]],
  });
});
afterEach(() => harness.close());

async function get(url: string, status = 200) {
  const answer = await harness.call({ method: 'GET', url });
  expect(answer.statusCode, answer.body).toBe(status);
  return answer;
}

describe('evidence over HTTP', () => {
  it('is what `fleetwave verify` finds whole, with the keys of /v1/keys', async () => {
    const keys = (await get('/v1/keys')).body;
    for (const url of [`/v1/vehicles/${VEHICLE}/evidence`, `/v1/campaigns/${CAMPAIGN}/evidence`])
      expect(checkBundle((await get(url)).body, keys).problems).toEqual([]);
  });

  it('is of the campaigns that the vehicle is in, or of one of them', async () => {
    const { body } = await get(`/v1/vehicles/${VEHICLE}/evidence`);
    expect(body).toContain('Fewer jerks');
    expect((await get(`/v1/vehicles/${VEHICLE}/evidence?campaign=${CAMPAIGN}`)).json().items).toEqual(
      JSON.parse(body).items,
    );
    await get(`/v1/vehicles/${VEHICLE}/evidence?campaign=none`, 404);
    await get('/v1/vehicles/NOBODY/evidence', 404);
    await get('/v1/campaigns/none/evidence', 404);
  });

  it('asks for one campaign where there are too many for one bundle', async () => {
    for (let n = 0; n < 60; n++)
      harness.reader.put('assignments', { id: `c${n}/${VEHICLE}`, campaignId: `c${n}`, vehicleId: VEHICLE });
    expect((await get(`/v1/vehicles/${VEHICLE}/evidence`, 400)).json().errors).toEqual([
      { path: '/query/campaign', message: 'is needed for this vehicle' },
    ]);
  });
});
