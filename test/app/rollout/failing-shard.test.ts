/** Work that can't succeed: tried again, less and less often, without keeping other work from being done. */
import { expect, it } from 'vitest';
import { shardStream } from '../../../src/domain/shared/streams.ts';
import { SHARD, started } from './world.ts';

it('a halt that can not be recorded fills neither log nor error log, keeps no feedback waiting, and comes in the end', async () => {
  let broken = true;
  const { world, ids } = await started(
    1,
    {},
    {
      beforeAppend: (requests) => {
        if (broken && requests.some(({ events }) => events.some(({ type }) => type === 'RolloutHalted')))
          throw new Error('broken');
      },
    },
  );
  const taken = async (): Promise<number> =>
    (await world.stream(shardStream(SHARD))).filter(({ type }) => type === 'ShardTaken').length;
  await world.pause();
  await world.settle();
  for (let round = 0; round < 400; round++) {
    world.clock.ms += 250;
    await world.worker.tick();
  }
  expect(await taken()).toBeLessThan(30);
  expect(world.errors.length).toBeLessThan(30);
  await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
  expect(world.receipted(ids[0] ?? '')).toEqual([1]);
  broken = false;
  world.clock.ms += 10_000;
  await world.worker.tick();
  expect(await world.types()).toContain('RolloutHalted');
});

it('feedback that can not be recorded is refused without reading the shard again each time', async () => {
  let broken = false;
  const { world, ids } = await started(
    1,
    {},
    {
      beforeAppend: () => {
        if (broken) throw new Error('disk full');
      },
    },
  );
  broken = true;
  for (let i = 0; i < 20; i++)
    await expect(world.says(ids[0] ?? '', 'accepted', { seq: 1 })).rejects.toThrow(/disk full|in a row/);
  expect(world.worker.metrics.reloads).toBeLessThan(6);
  broken = false;
  world.clock.ms += 10_000;
  await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
  expect(world.receipted(ids[0] ?? '')).toEqual([1]);
});
