import { expect, it } from 'vitest';
import { shardStream, vehicleStream } from '../../../src/domain/shared/streams.ts';
import { iso, SHARD, started, type World } from './world.ts';

const deadLetters = async (world: World) =>
  (await world.stream(shardStream(SHARD))).filter(({ type }) => type === 'ReportSetAside');

it('an inventory that loses a race against the decommissioning is put on record before it is receipted', async () => {
  let race: (() => Promise<unknown>) | null = null;
  const { world, ids } = await started(
    1,
    {},
    {
      beforeAppend: async (requests) => {
        if (!requests.some(({ events }) => events.some(({ type }) => type === 'InventoryReported'))) return;
        const run = race;
        race = null;
        await run?.();
      },
    },
  );
  const id = ids[0] ?? '';
  await world.says(id, 'accepted', { seq: 1 });
  race = () =>
    world.append(vehicleStream(id), {
      type: 'VehicleDecommissioned',
      data: { vehicleId: id, reason: 'scrapped', at: iso(world.clock.ms) },
    });
  await world.worker.process(SHARD, [world.inventory(id, 2, '2.0.0')]);
  expect(world.receipted(id)).toEqual([1, 2]);
  expect(await deadLetters(world)).toMatchObject([
    { data: { vehicleId: id, channel: 'inventory', code: 'vehicle-decommissioned', report: { seq: 2 } } },
  ]);
});

it('rubbish that can not be receipted, and so comes again and again, is on record once', async () => {
  const { world, ids } = await started(2);
  const [a = '', b = ''] = ids;
  for (let i = 0; i < 5; i++) await world.worker.process(SHARD, [world.raw(a, '{rubbish')]);
  const next = world.newWorker();
  await next.assign([SHARD]);
  await next.process(SHARD, [world.raw(a, '{rubbish')]);
  expect(await deadLetters(world)).toHaveLength(1);
  await next.process(SHARD, [world.raw(b, '{rubbish'), world.raw(a, '{other rubbish')]);
  expect(await deadLetters(world)).toHaveLength(3);
});
