import { describe, expect, it } from 'vitest';
import { idsOf, SHARD, started } from './world.ts';

describe('telling vehicles what is open, outside of decisions', () => {
  it('corrects what a broker keeps, each vehicle by the state of its own shard', async () => {
    const { world, ids } = await started(4);
    await world.worker.assign([0, 1, 2, 3]);
    const stranger = idsOf(1, 2)[0] ?? '';
    world.sent.length = 0;
    await world.worker.correct([stranger, ...ids]);
    for (const id of ids) expect(world.open(id)).toEqual([1]);
    expect(world.on('update', stranger)).toEqual([{ v: 1, offers: [] }]);
  });

  it('leaves vehicles of shards that it does not own alone', async () => {
    const { world } = await started(1);
    world.sent.length = 0;
    await world.worker.correct(idsOf(2, 5));
    await world.worker.greet(5, idsOf(2, 5));
    expect(world.sent).toEqual([]);
    expect(world.errors).toEqual([]);
  });

  it('greets a vehicle that has come with its offers and grants, and one that has none with nothing', async () => {
    const { world, ids } = await started(2, { maxInFlight: null });
    const [accepting = '', waiting = ''] = ids;
    await world.says(accepting, 'accepted', { seq: 1 });
    await world.says(waiting, 'declined', { seq: 1 });
    world.sent.length = 0;
    await world.worker.greet(SHARD, ids);
    expect(world.open(accepting)).toEqual([1]);
    expect(world.on('grant', accepting)).toHaveLength(1);
    expect(world.on('update', waiting)).toEqual([]);
    expect(world.on('grant', waiting)).toEqual([]);
  });

  it('sends everything that is open again when the broker may have lost it', async () => {
    const { world, ids } = await started(3);
    await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
    world.sent.length = 0;
    await world.worker.repeatEverything();
    await world.worker.tick();
    for (const id of ids) expect(world.open(id)).toEqual([1]);
    expect(world.on('grant', ids[0])).toHaveLength(1);
  });
});
