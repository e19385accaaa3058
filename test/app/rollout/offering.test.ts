import { describe, expect, it } from 'vitest';
import { allowanceStream, artifactStream, FLEET_STREAM } from '../../../src/domain/shared/streams.ts';
import { idsOf, SHARD, started, T0, World } from './world.ts';

const offers = async (world: World, campaignId = 'c1'): Promise<number> =>
  (await world.types(campaignId)).filter((type) => type === 'UpdateOffered').length;

async function allow(world: World, offersOfShard: number): Promise<void> {
  const all = Array.from({ length: 64 }, (_, shard) => (shard === SHARD ? offersOfShard : 0));
  await world.append(allowanceStream('c1'), {
    type: 'OfferAllowanceSet',
    data: { campaignId: 'c1', offers: all, cause: null },
  });
  await world.settle();
  await world.worker.tick();
}

describe('allowances', () => {
  it('a limited campaign offers nothing without one, and then no more than the sum', async () => {
    const { world, ids } = await started(5, { maxInFlight: 3 });
    expect(await offers(world)).toBe(0);
    expect(world.worker.holds()).toMatchObject([{ campaignId: 'c1' }]);
    await allow(world, 2);
    expect(await offers(world)).toBe(2);
    await world.says(ids[0] ?? '', 'declined', { seq: 1 });
    await world.worker.tick();
    expect(await offers(world)).toBe(2);
    await allow(world, 4);
    expect(await offers(world)).toBe(4);
  });

  it('are counted over takeovers', async () => {
    const { world } = await started(5, { offersPerMinute: 60 });
    await allow(world, 2);
    const next = world.newWorker();
    await next.assign([SHARD]);
    await next.tick();
    expect(await offers(world)).toBe(2);
  });

  it('fleet limits apply to campaigns that have none', async () => {
    const world = new World();
    const ids = idsOf(2);
    await world.artifact();
    for (const id of ids) await world.vehicle(id);
    const limits = { offersPerMinute: 10, maxInFlight: null, by: 'ada' };
    await world.append(FLEET_STREAM, { type: 'FleetLimitsSet', data: limits });
    await world.campaign(ids);
    await world.worker.assign([SHARD]);
    await world.worker.tick();
    expect(await offers(world)).toBe(0);
  });
});

it('a vehicle is offered only inside its own off-peak window', async () => {
  const days = [1, 2, 3, 4, 5, 6, 7];
  const { world, ids } = await started(1, { window: { from: '22:00', to: '04:00', days } });
  expect(await offers(world)).toBe(0);
  world.clock.ms = Date.parse('2030-01-01T21:00:00.000Z');
  await world.worker.tick();
  expect(await offers(world)).toBe(1);
  expect(world.on('update', ids[0]).at(-1)).toMatchObject({
    offers: [{ window: { opens: '2030-01-01T21:00:00.000Z', closes: '2030-01-02T03:00:00.000Z' } }],
  });
});

it('two campaigns never hold the same component of a vehicle at once, different ones may', async () => {
  const { world, ids } = await started(1);
  const id = ids[0] ?? '';
  await world.artifact('tcm@3.0.0', 'TCM');
  await world.artifact('adas@2.0.0', 'ADAS');
  await world.campaign(ids, { artifacts: ['tcm@3.0.0'] }, 'c2');
  await world.campaign(ids, { artifacts: ['adas@2.0.0'] }, 'c3');
  await world.settle();
  await world.worker.tick();
  expect([await offers(world, 'c2'), await offers(world, 'c3')]).toEqual([0, 1]);
  expect(world.on('update', id).at(-1)).toMatchObject({
    offers: [{ campaignId: 'c1' }, { campaignId: 'c3' }],
  });
  await world.says(id, 'succeeded', { seq: 1 });
  await world.worker.tick();
  expect(await offers(world, 'c2')).toBe(1);
});

it('what is withdrawn is not offered, and the reason is told', async () => {
  const { world, ids } = await started(1, { retryDelay_s: 0 });
  await world.says(ids[0] ?? '', 'postponed', { seq: 1 });
  await world.append(artifactStream('tcm@2.0.0'), {
    type: 'ArtifactWithdrawn',
    data: { artifactId: 'tcm@2.0.0', reason: 'bricks', by: 'ada' },
  });
  await world.settle();
  await world.worker.tick();
  expect(await offers(world)).toBe(1);
  expect(world.worker.holds()).toEqual([
    { shard: SHARD, campaignId: 'c1', reason: 'tcm@2.0.0 is withdrawn' },
  ]);
});

describe('offers and retries', () => {
  it('an unanswered offer expires and is made anew under another number', async () => {
    const { world, ids } = await started(1, { offerValid_s: 60, retryDelay_s: 10 });
    world.clock.ms += 60_001;
    await world.worker.tick();
    expect(world.open(ids[0] ?? '')).toEqual([]);
    world.clock.ms += 10_000;
    await world.worker.tick();
    expect(world.on('update', ids[0]).at(-1)).toMatchObject({ offers: [{ offer: 2, attempt: 1 }] });
  });

  it('a failure is tried again after the delay, as the next attempt', async () => {
    const { world, ids } = await started(1, { retryDelay_s: 10 });
    await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
    await world.says(ids[0] ?? '', 'failed', { seq: 2 });
    await world.worker.tick();
    expect(await offers(world)).toBe(1);
    world.clock.ms = T0 + 10_000;
    await world.worker.tick();
    expect(world.on('update', ids[0]).at(-1)).toMatchObject({ offers: [{ offer: 2, attempt: 2 }] });
  });

  it('a grant that can not be made is owed and given later; the acceptance is receipted all the same', async () => {
    const { world, ids } = await started(1);
    world.grantsFail = true;
    await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
    expect(world.receipted(ids[0] ?? '')).toEqual([1]);
    expect(world.on('grant')).toEqual([]);
    expect(world.errors).toHaveLength(1);
    world.grantsFail = false;
    await world.worker.tick();
    expect(world.on('grant', ids[0])).toHaveLength(1);
  });

  it('a link that is down loses no decision: a repeat is receipted again', async () => {
    const { world, ids } = await started(1);
    world.linkFails = true;
    await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
    expect(world.receipted(ids[0] ?? '')).toEqual([]);
    world.linkFails = false;
    await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
    expect(world.receipted(ids[0] ?? '')).toEqual([1]);
    expect((await world.types()).filter((type) => type === 'UpdateAccepted')).toHaveLength(1);
  });
});
