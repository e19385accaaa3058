/** Takeovers by a worker that is behind the log, and takeovers that overtake each other. */
import { expect, it } from 'vitest';
import type { EventStore } from '../../../src/app/ports.ts';
import { SHARD, started } from './world.ts';

/** A store whose subscriptions stand still from `hold` to `release`. */
function slowStore(store: EventStore) {
  let released = Promise.resolve();
  let release = (): void => {};
  const slow: EventStore = {
    append: (requests) => store.append(requests),
    readStream: (stream, options) => store.readStream(stream, options),
    readStreams: (names) => store.readStreams(names),
    readAll: (options) => store.readAll(options),
    appends: (after) => store.appends(after),
    streamAppends: (stream, from) => store.streamAppends(stream, from),
    subscribe: (options) =>
      store.subscribe({
        ...options,
        onBatch: async (batch) => {
          await released;
          return options.onBatch(batch);
        },
      }),
    head: () => store.head(),
    verify: (stream) => store.verify(stream),
    close: () => store.close(),
  };
  return {
    slow,
    hold: () => {
      released = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
  };
}

it('a new owner that has not read of a pause yet does not undo the halt of the one before', async () => {
  const { world, ids } = await started(2);
  const [accepted = ''] = ids;
  const { slow, hold, release } = slowStore(world.store);
  const next = world.newWorker({ store: slow });
  await next.assign([SHARD + 1]);
  hold();
  await world.says(accepted, 'accepted', { seq: 1 });
  const cause = await world.pause();
  await world.settle();
  await world.worker.revoke([SHARD]);
  world.sent.length = 0;
  const taking = next.assign([SHARD]);
  await world.settle();
  expect(await world.types()).not.toContain('RolloutResumed');
  release();
  await taking;
  await next.tick();
  expect((await world.rollout()).filter((event) => event.type === 'RolloutHalted')).toMatchObject([
    { data: { cause } },
  ]);
  expect(await world.types()).not.toContain('RolloutResumed');
  expect(world.on('grant')).toEqual([]);
});

it('who was overtaken while it was still reading is fenced, though it writes nothing any more', async () => {
  let overtake: (() => Promise<void>) | null = null;
  const { world, ids } = await started(
    1,
    {},
    {
      afterAppend: async () => {
        const run = overtake;
        overtake = null;
        await run?.();
      },
    },
  );
  const slower = world.newWorker();
  const faster = world.newWorker();
  // Right after the ShardTaken of the slower one, and told to it while it has nothing loaded.
  overtake = async () => {
    await faster.assign([SHARD]);
    await world.settle();
  };
  await expect(slower.assign([SHARD])).rejects.toThrow('taken over by another worker');
  await expect(slower.render(ids[0] ?? '', 'grant')).rejects.toThrow('not owned here');
  // The late one's RolloutTaken stands on the rollout; the shard is the faster one's all the same.
  const accepted = world.message(ids[0] ?? '', 'accepted', { seq: 1 });
  await expect(faster.process(SHARD, [accepted])).rejects.toThrow('read again');
  await faster.process(SHARD, [accepted]);
  expect(world.receipted(ids[0] ?? '')).toEqual([1]);
  expect(world.fenced).toEqual([SHARD, SHARD]);
});

it('who stood still and was replaced sends nothing of what it believes is open, before it has read the log', async () => {
  const { world, ids } = await started(2);
  const [accepted = ''] = ids;
  await world.worker.revoke([SHARD]);
  const { slow, hold, release } = slowStore(world.store);
  const sleeper = world.newWorker({ store: slow });
  await sleeper.assign([SHARD]);
  await sleeper.process(SHARD, [world.message(accepted, 'accepted', { seq: 1 })]);
  await sleeper.tick();
  hold();
  world.clock.ms += 60_000;
  const next = world.newWorker();
  await next.assign([SHARD]);
  await world.abort();
  await world.settle();
  await next.tick();
  expect(await world.types()).toContain('RolloutHalted');
  world.sent.length = 0;
  // It wakes up: its broker has forgotten it, and nobody has told it of the other yet.
  await sleeper.repeatEverything();
  await sleeper.tick();
  expect(world.sent).toEqual([]);
  expect(world.fenced).toEqual([SHARD]);
  release();
});
