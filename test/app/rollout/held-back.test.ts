/** What a halt holds back is not held against the vehicle; what can't be read holds everything back. */
import { describe, expect, it } from 'vitest';
import { campaignStream, FLEET_STREAM } from '../../../src/domain/shared/streams.ts';
import { grants } from '../../../src/protocol/messages.ts';
import { iso, started, uuid, type World } from './world.ts';

const byNewerVersion = async (world: World, stream: string): Promise<void> => {
  const metadata = {
    actor: { kind: 'person', id: 'ada' } as const,
    time: iso(world.clock.ms),
    correlationId: uuid(),
    causationId: null,
    source: 'http',
  };
  const events = [{ id: uuid(), type: 'SomethingNew', schemaVersion: 1, data: {} }];
  const expectedRevision = (await world.stream(stream)).length - 1;
  await world.store.append([{ stream, expectedRevision, events, metadata }]);
  await world.settle();
};

describe('no false timeouts (DESIGN §4.7)', () => {
  it('who accepted and got no grant for a halt has the whole time after it, also after a takeover', async () => {
    const { world, ids } = await started(2, { attemptTimeout_s: 600, maxAttempts: 1 });
    const [waiting = '', downloading = ''] = ids;
    await world.says(downloading, 'accepted', { seq: 1 });
    await world.says(downloading, 'download-started', { seq: 2 });
    const paused = world.pause();
    await world.says(waiting, 'accepted', { seq: 1 });
    await paused;
    await world.settle();
    world.clock.ms += 700_000;
    await world.worker.tick();
    const timedOut = async () =>
      (await world.rollout()).filter(({ type }) => type === 'UpdateTimedOut').map(({ data }) => data);
    expect(await timedOut()).toMatchObject([{ vehicleId: downloading, stage: 'attempt' }]);
    await world.resume();
    await world.settle();
    await world.worker.tick();
    const next = world.newWorker();
    await next.assign([7]);
    world.clock.ms += 500_000;
    await next.tick();
    expect(await timedOut()).toHaveLength(1);
    const granted = await next.render(waiting, 'grant');
    expect(grants.parse(JSON.parse(new TextDecoder().decode(granted ?? undefined))).grants).toHaveLength(1);
    world.clock.ms += 200_000;
    await next.tick();
    expect(await timedOut()).toMatchObject([{ vehicleId: downloading }, { vehicleId: waiting }]);
  });
});

it('after standing still, say with a machine that slept, vehicles first have the grace to come back', async () => {
  const { world, ids } = await started(1, { attemptTimeout_s: 600, maxAttempts: 1 });
  const id = ids[0] ?? '';
  await world.says(id, 'accepted', { seq: 1 });
  const next = world.newWorker({ timeoutGrace_ms: 60_000 });
  await next.assign([7]);
  await next.tick();
  world.clock.ms += 8 * 3_600_000;
  await next.tick();
  expect(await world.types()).not.toContain('UpdateTimedOut');
  await next.process(7, [world.message(id, 'succeeded', { seq: 2 })]);
  expect((await world.types()).at(-1)).toBe('UpdateSucceeded');
});

it('a late outcome that closes a newer offer tells the vehicle so', async () => {
  const { world, ids } = await started(1, { attemptTimeout_s: 60, retryDelay_s: 0 });
  const id = ids[0] ?? '';
  await world.says(id, 'accepted', { seq: 1 });
  world.clock.ms += 61_000;
  await world.worker.tick();
  await world.worker.tick();
  expect(world.open(id)).toEqual([2]);
  await world.says(id, 'succeeded', { seq: 2 });
  expect((await world.types()).at(-1)).toBe('LateOutcomeReported');
  expect(world.open(id)).toEqual([]);
});

describe('what a newer version wrote', () => {
  it('about the fleet could be a stop: nothing is offered or granted', async () => {
    const { world, ids } = await started(2);
    const [a = '', b = ''] = ids;
    await byNewerVersion(world, FLEET_STREAM);
    await world.says(a, 'accepted', { seq: 1 });
    await world.worker.tick();
    expect(world.on('grant')).toEqual([]);
    expect(world.open(b)).toEqual([]);
    expect(await world.types()).toContain('RolloutHalted');
  });

  it('about a campaign could be a halt: what was accepted gets no grant, and is not timed out for that', async () => {
    const { world, ids } = await started(1, { attemptTimeout_s: 60 });
    await byNewerVersion(world, campaignStream('c1'));
    await world.says(ids[0] ?? '', 'accepted', { seq: 1 });
    world.clock.ms += 120_000;
    await world.worker.tick();
    expect(world.receipted(ids[0] ?? '')).toEqual([1]);
    expect(world.on('grant')).toEqual([]);
    expect((await world.types()).at(-1)).toBe('UpdateAccepted');
  });

  it('is named as the reason why nothing is offered', async () => {
    const { world } = await started(1, { retryDelay_s: 0, offerValid_s: 10 });
    await byNewerVersion(world, campaignStream('c1'));
    world.clock.ms += 11_000;
    await world.worker.tick();
    expect(world.worker.holds()).toMatchObject([{ reason: expect.stringContaining('newer version') }]);
  });
});

it('a campaign that is over holds nothing any more', async () => {
  const { world } = await started(1, { maxInFlight: 1 });
  expect(world.worker.holds()).toMatchObject([{ campaignId: 'c1', reason: 'the allowance is used up' }]);
  await world.abort();
  await world.settle();
  await world.worker.tick();
  expect(world.worker.holds()).toEqual([]);
});
