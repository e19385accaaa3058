import { describe, expect, it } from 'vitest';
import { FLEET_STREAM, shardStream } from '../../../src/domain/shared/streams.ts';
import { grants, update } from '../../../src/protocol/messages.ts';
import { deafStore, idsOf, iso, SHARD, started, T0, World } from './world.ts';

const parse = (payload: Uint8Array | null): unknown =>
  payload === null ? null : JSON.parse(new TextDecoder().decode(payload));
const dataOf = async (world: World, type: string) =>
  (await world.rollout()).filter((event) => event.type === type).map((event) => event.data);

/** Four vehicles: offered, accepted, downloading, installing. */
async function mixed() {
  const { world, ids } = await started(4);
  const [offered = '', accepted = '', downloading = '', installing = ''] = ids;
  await world.says(accepted, 'accepted', { seq: 1 });
  for (const [id, kind] of [
    [downloading, 'download-started'],
    [installing, 'install-started'],
  ] as const) {
    await world.says(id, 'accepted', { seq: 1 });
    await world.says(id, kind, { seq: 2 });
  }
  return { world, offered, accepted, downloading, installing };
}

describe('pause (DESIGN §4.5)', () => {
  it('is answered by RolloutHalted with its cause; open offers are taken back and cleared', async () => {
    const { world, offered } = await mixed();
    const cause = await world.pause();
    await world.settle();
    expect(await dataOf(world, 'RolloutHalted')).toEqual([
      { campaignId: 'c1', shard: SHARD, cause, why: 'paused' },
    ]);
    expect(await dataOf(world, 'UpdateCancelled')).toMatchObject([
      { vehicleId: offered, reason: 'halted', from: 'offered', to: 'waiting' },
    ]);
    expect(world.open(offered)).toEqual([]);
  });

  it('nothing is offered or granted until it is resumed; then offers have new numbers and grants are given', async () => {
    const { world, offered, accepted, downloading } = await mixed();
    await world.pause();
    await world.settle();
    const before = world.sent.filter((message) => message.topic === 'grant').length;
    const offers = world.worker.metrics.offers;
    await world.says(offered, 'accepted', { seq: 1 });
    await world.says(accepted, 'accepted', { seq: 2 });
    await world.worker.tick();
    expect(world.sent.filter((message) => message.topic === 'grant')).toHaveLength(before);
    expect(world.worker.metrics.offers).toBe(offers);
    expect(await world.worker.render(accepted, 'grant')).toBeNull();
    expect(grants.parse(parse(await world.worker.render(downloading, 'grant'))).grants).toHaveLength(1);
    const cause = await world.resume();
    await world.settle();
    await world.worker.tick();
    expect(await dataOf(world, 'RolloutResumed')).toMatchObject([{ cause }]);
    expect(world.open(offered)).toEqual([2]);
    expect(world.on('grant', accepted).length).toBeGreaterThanOrEqual(2);
  });

  it('a worker that takes over in the middle finishes the halt', async () => {
    let dead = false;
    const { world, ids } = await started(
      2,
      {},
      {
        beforeAppend: (requests) => {
          if (dead && requests.some((request) => request.events.some((e) => e.type === 'UpdateCancelled')))
            throw new Error('killed');
        },
      },
    );
    dead = true;
    const cause = await world.pause();
    await world.settle();
    expect((await world.types()).includes('UpdateCancelled')).toBe(false);
    dead = false;
    const next = world.newWorker();
    await next.assign([SHARD]);
    expect((await dataOf(world, 'RolloutHalted')).map((data) => (data as { cause: string }).cause)).toEqual([
      cause,
    ]);
    expect(await dataOf(world, 'UpdateCancelled')).toHaveLength(2);
    for (const id of ids) expect(update.parse(parse(await next.render(id, 'update'))).offers).toEqual([]);
  });

  it('an emergency stop halts every campaign until it is lifted', async () => {
    const { world, offered } = await mixed();
    const cause = await world.append(FLEET_STREAM, {
      type: 'EmergencyStopped',
      data: { reason: 'fire', by: 'ada' },
    });
    await world.settle();
    expect(await dataOf(world, 'RolloutHalted')).toMatchObject([{ cause, why: 'emergency' }]);
    await world.pause();
    await world.settle();
    const lifted = { type: 'EmergencyLifted', data: { reason: 'out', by: 'ada' } } as const;
    await world.append(FLEET_STREAM, lifted);
    await world.settle();
    await world.worker.tick();
    expect(world.open(offered)).toEqual([]);
    expect(await dataOf(world, 'RolloutResumed')).toEqual([]);
    await world.resume();
    await world.settle();
    await world.worker.tick();
    expect(world.open(offered)).toEqual([2]);
  });
});

describe('abort means stopped (DESIGN §4.5)', () => {
  it('cancels what has not begun to download; installing ones finish and are counted; then it drains', async () => {
    const { world, offered, accepted, downloading, installing } = await mixed();
    const cause = await world.abort();
    await world.settle();
    expect(await dataOf(world, 'RolloutHalted')).toMatchObject([{ cause, why: 'aborting' }]);
    expect(await dataOf(world, 'UpdateCancelled')).toMatchObject([
      { vehicleId: offered, reason: 'aborted', to: 'cancelled' },
      { vehicleId: accepted, reason: 'aborted', to: 'cancelled' },
    ]);
    expect(world.open(offered)).toEqual([]);
    expect(world.open(accepted)).toEqual([]);
    await world.says(offered, 'accepted', { seq: 1 });
    expect(await dataOf(world, 'RolloutDrained')).toEqual([]);
    await world.says(installing, 'succeeded', { seq: 3 });
    await world.says(downloading, 'failed', { seq: 3 });
    await world.worker.tick();
    expect(await dataOf(world, 'UpdateFailed')).toMatchObject([{ to: 'failed' }]);
    expect(await dataOf(world, 'RolloutDrained')).toMatchObject([{ why: 'aborted' }]);
    expect(world.on('grant', offered)).toEqual([]);
  });

  it('a shard that had not opened the rollout yet opens, halts and drains it', async () => {
    const world = new World();
    const ids = idsOf(2);
    await world.artifact();
    for (const id of ids) await world.vehicle(id);
    await world.campaign(ids);
    await world.abort();
    await world.worker.assign([SHARD]);
    expect(await world.types()).toEqual([
      'RolloutTaken',
      'RolloutHalted',
      'UpdateCancelled',
      'UpdateCancelled',
      'RolloutDrained',
    ]);
  });

  it('a shard without targets opens nothing', async () => {
    const { world } = await started(1);
    await world.worker.assign([SHARD + 1]);
    await world.worker.tick();
    expect(await world.rollout('c1', SHARD + 1)).toEqual([]);
    expect((await world.stream(shardStream(SHARD + 1))).map((event) => event.type)).toEqual(['ShardTaken']);
  });
});

it('after endAt what waits or is offered is cancelled, what runs finishes', async () => {
  const { world, ids } = await started(2, { endAt: iso(T0 + 60_000) });
  const [a = '', b = ''] = ids;
  await world.says(a, 'accepted', { seq: 1 });
  world.clock.ms += 60_000;
  await world.worker.tick();
  expect(await dataOf(world, 'UpdateCancelled')).toMatchObject([{ vehicleId: b, reason: 'ended' }]);
  await world.says(a, 'succeeded', { seq: 2 });
  await world.worker.tick();
  expect(await dataOf(world, 'RolloutDrained')).toMatchObject([{ why: 'settled' }]);
});

describe('fencing (DESIGN §3)', () => {
  it('an old worker is stopped by its first append: no event, no receipt, no grant', async () => {
    const { world, ids } = await started(2);
    const [a = '', b = ''] = ids;
    const old = world.newWorker({ store: deafStore(world.store) });
    await old.assign([SHARD]);
    await world.settle();
    world.fenced.length = 0;
    const next = world.newWorker();
    await next.assign([SHARD]);
    const sent = world.sent.length;
    const accepted = world.message(a, 'accepted', { seq: 1 });
    await expect(old.process(SHARD, [accepted])).rejects.toThrow('taken over by another worker');
    expect(world.fenced).toEqual([SHARD]);
    expect(world.sent).toHaveLength(sent);
    await expect(old.process(SHARD, [world.message(b, 'accepted', { seq: 1 })])).rejects.toThrow('not owned');
    await next.process(SHARD, [accepted]);
    expect(world.on('grant', a)).toHaveLength(1);
    expect((await world.types()).filter((type) => type === 'UpdateAccepted')).toHaveLength(1);
  });

  it('an idle old worker learns from the log that it was fenced, and renders nothing any more', async () => {
    const { world, ids } = await started(1);
    await world.newWorker().assign([SHARD]);
    await world.settle();
    expect(world.fenced).toEqual([SHARD]);
    await expect(world.worker.render(ids[0] ?? '', 'update')).rejects.toThrow('not owned here');
  });

  it('what was recorded but not sent is sent by the next owner', async () => {
    const { world, ids } = await started(2);
    const [a = '', b = ''] = ids;
    world.linkFails = true;
    await world.says(a, 'accepted', { seq: 1 });
    world.linkFails = false;
    world.sent.length = 0;
    const next = world.newWorker();
    await next.assign([SHARD]);
    await next.tick();
    expect(world.open(b)).toEqual([1]);
    expect(world.on('grant', a)).toHaveLength(1);
    expect((await world.types()).filter((type) => type === 'UpdateOffered')).toHaveLength(2);
  });

  it('a dead letter of an old worker is fenced too', async () => {
    const { world, ids } = await started(1);
    const old = world.newWorker({ store: deafStore(world.store) });
    await old.assign([SHARD]);
    await world.newWorker().assign([SHARD]);
    await expect(old.process(SHARD, [world.raw(ids[0] ?? '', 'rubbish')])).rejects.toThrow('taken over');
  });

  it('a takeover in the middle of a race: the new owner reads on and takes it all the same', async () => {
    let race: (() => Promise<void>) | null = null;
    const { world, ids } = await started(
      1,
      {},
      {
        beforeAppend: async (requests) => {
          const taken = requests.some((request) => request.events.some((e) => e.type === 'RolloutTaken'));
          const run = taken ? race : null;
          if (run === null) return;
          race = null;
          await run();
        },
      },
    );
    const id = ids[0] ?? '';
    const old = world.newWorker({ store: deafStore(world.store) });
    await old.assign([SHARD]);
    race = () => old.process(SHARD, [world.message(id, 'accepted', { seq: 1 })]);
    const next = world.newWorker();
    await next.assign([SHARD]);
    await next.process(SHARD, [world.message(id, 'succeeded', { seq: 2 })]);
    expect((await world.types()).slice(-3)).toEqual(['UpdateAccepted', 'RolloutTaken', 'UpdateSucceeded']);
  });

  it('after revoke a shard is not owned, and can be taken again', async () => {
    const { world, ids } = await started(1);
    await world.worker.revoke([SHARD]);
    await expect(world.says(ids[0] ?? '', 'accepted', { seq: 1 })).rejects.toThrow('not owned');
    await world.worker.assign([SHARD]);
    await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
    expect(world.receipted(ids[0] ?? '')).toEqual([1]);
    await world.worker.stop();
    expect(world.errors).toEqual([]);
  });
});

describe('rendering for a vehicle that subscribes', () => {
  it('shows what is open and granted, also after a takeover', async () => {
    const { world, offered, accepted } = await mixed();
    const next = world.newWorker();
    const taking = next.assign([SHARD]);
    const early = next.render(offered, 'update');
    await taking;
    expect(update.parse(parse(await early)).offers).toMatchObject([{ offer: 1 }]);
    expect(update.parse(parse(await next.render(accepted, 'update'))).offers).toHaveLength(1);
    expect(grants.parse(parse(await next.render(accepted, 'grant'))).grants).toMatchObject([{ offer: 1 }]);
    expect(await next.render(offered, 'grant')).toBeNull();
    expect(parse(await next.render('VEH99', 'update').catch(() => null))).toBeNull();
  });
});
