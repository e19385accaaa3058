import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../../src/app/campaigns/agent.ts';
import { createGatekeeper } from '../../../src/app/campaigns/gatekeeper.ts';
import { campaignStream, FLEET_STREAM, rolloutStream } from '../../../src/domain/shared/streams.ts';
import { gate, ID, policy } from '../../domain/campaign/samples.ts';
import { approvedCampaign, createWorld, emergency, runningCampaign, settle, type World } from './world.ts';

const PLANNED = ['CampaignCreated', 'TargetingDefined', 'TargetsFrozen', 'CampaignApproved'];
const STARTED = [...PLANNED, 'CampaignStarted', 'WaveReleased 1'];
let world: World;
let agent: Agent;
const keep = async (): Promise<void> => {
  agent = createGatekeeper(world.runtime, world);
  await agent.start();
  await settle();
};
const drain = (shard: number) =>
  world.write(rolloutStream(ID, shard), {
    type: 'RolloutDrained',
    data: { campaignId: ID, shard, why: 'settled' },
  });
const eventOf = async (story: string) => {
  const index = (await world.story()).lastIndexOf(story);
  return (await world.eventsOf(campaignStream(ID)))[index];
};

beforeEach(async () => {
  world = createWorld();
  await world.artifact('tcm@2.1.0');
});
afterEach(() => agent.stop());

describe('the gatekeeper', () => {
  it('soaks, passes and releases the next wave, naming the cause of each', async () => {
    await runningCampaign(world);
    await keep();
    await world.move(3, 1, 'waiting', 'succeeded', 'A');
    await settle();
    expect(await world.story()).toEqual(STARTED);
    const last = await world.move(7, 1, 'waiting', 'succeeded', 'B');
    await settle();
    expect(await world.story()).toEqual([...STARTED, 'GateDecided 1 soaking']);
    expect((await eventOf('GateDecided 1 soaking'))?.data).toMatchObject({
      cause: last,
      counters: { targets: 2, succeeded: 2 },
      soakUntil: '2027-03-01T12:01:00.000Z',
    });
    await world.clock.advance(59_999);
    expect(await world.story()).toHaveLength(7);
    await world.clock.advance(1);
    expect((await world.story()).slice(6)).toEqual([
      'GateDecided 1 soaking',
      'GateDecided 1 passed',
      'WaveReleased 2',
    ]);
    const passed = await eventOf('GateDecided 1 passed');
    expect(await eventOf('WaveReleased 2')).toMatchObject({
      data: { cause: passed?.id },
      metadata: { causationId: passed?.id, source: 'gatekeeper' },
    });
    expect(world.problems).toEqual([]);
  });

  it('pauses when a gate fails, once: a person who resumes has seen it', async () => {
    await runningCampaign(world);
    await keep();
    await world.move(3, 1, 'waiting', 'failed', 'A');
    await settle();
    expect((await world.story()).slice(6)).toEqual(['GateDecided 1 failed', 'CampaignPaused']);
    const failed = await eventOf('GateDecided 1 failed');
    expect((await eventOf('CampaignPaused'))?.data).toMatchObject({
      code: 'gate',
      cause: failed?.id,
      reason: expect.stringContaining('1 of 2 targets failed: 50 %'),
    });
    await world.command('ada', { type: 'ResumeCampaign', reason: 'go' });
    await world.move(7, 1, 'waiting', 'succeeded', 'B');
    await settle();
    expect((await world.story()).slice(8)).toEqual(['CampaignResumed']);
  });

  it('releases a wave that a person confirmed', async () => {
    await runningCampaign(world);
    await keep();
    await world.move(3, 1, 'waiting', 'declined', 'A');
    await world.move(3, 1, 'waiting', 'declined', 'B');
    await settle();
    expect((await world.story()).at(-1)).toBe('GateDecided 1 held');
    await world.command('ada', { type: 'ConfirmWave', wave: 1, note: '' });
    await settle();
    expect((await world.story()).slice(7)).toEqual(['WaveConfirmed 1', 'WaveReleased 2']);
  });

  it('starts at the scheduled time, not before', async () => {
    await approvedCampaign(world);
    await world.command('ada', { type: 'ScheduleCampaign', startAt: '2027-03-01T13:00:00.000Z' });
    await keep();
    await world.clock.advance(3_599_999);
    expect(await world.story()).toEqual([...PLANNED, 'CampaignScheduled']);
    await world.clock.advance(1);
    expect((await world.story()).slice(5)).toEqual(['CampaignStarted', 'WaveReleased 1']);
  });

  it('holds starts and waves during an emergency stop, and goes on after it', async () => {
    await runningCampaign(world, {
      waves: policy.waves.map((one) => ({ ...one, gate: { ...gate, soak_s: 0 } })),
    });
    await emergency(world);
    await keep();
    await world.move(3, 1, 'waiting', 'succeeded', 'A');
    await world.move(3, 1, 'waiting', 'succeeded', 'B');
    await settle();
    expect((await world.story()).slice(6)).toEqual(['GateDecided 1 passed']);
    await world.write(FLEET_STREAM, { type: 'EmergencyLifted', data: { reason: 'out', by: 'op' } });
    await settle();
    expect((await world.story()).slice(7)).toEqual(['WaveReleased 2']);
  });

  it('ends a campaign when every shard with targets has drained', async () => {
    await runningCampaign(world);
    await keep();
    await drain(3);
    await settle();
    expect(await world.story()).toEqual(STARTED);
    const last = await drain(7);
    await settle();
    expect(await eventOf('CampaignCompleted')).toMatchObject({ data: { cause: last } });
  });

  it('ends an aborted one as aborted', async () => {
    await runningCampaign(world);
    await keep();
    await world.command('ada', { type: 'AbortCampaign', reason: 'no' });
    await drain(3);
    await drain(7);
    await settle();
    expect((await world.story()).slice(6)).toEqual(['AbortRequested', 'CampaignAborted']);
  });

  it('does not pause for the gate of a campaign whose vehicles are all settled', async () => {
    await runningCampaign(world, {
      waves: policy.waves.map((one) => ({ ...one, gate: { ...gate, soak_s: 0 } })),
    });
    await keep();
    for (const id of ['A', 'B']) await world.move(3, 1, 'waiting', 'succeeded', id);
    for (let i = 0; i < 8; i++) await world.move(7, 2, 'waiting', i < 4 ? 'declined' : 'cancelled', `C${i}`);
    await settle();
    expect((await world.story()).slice(6)).toEqual([
      'GateDecided 1 passed',
      'WaveReleased 2',
      'GateDecided 2 held',
    ]);
  });

  it('holds a wave whose numbers can not be true', async () => {
    await runningCampaign(world);
    await keep();
    await world.move(3, 1, 'installing', 'succeeded', 'A');
    await settle();
    expect(await eventOf('GateDecided 1 held')).toMatchObject({
      data: { reason: expect.stringContaining('inFlight is -1') },
    });
  });

  it('counts nothing of another campaign whose id begins the same', async () => {
    await runningCampaign(world);
    await runningCampaign(world, {}, `${ID}-b`);
    await keep();
    for (const id of ['A', 'B']) await world.move(3, 1, 'waiting', 'succeeded', id, `${ID}-b`);
    await settle();
    expect(await world.story()).toEqual(STARTED);
    expect((await world.story(`${ID}-b`)).at(-1)).toBe('GateDecided 1 soaking');
    await agent.stop();
    await keep();
    await world.clock.advance(60_000);
    expect(await world.story()).toEqual(STARTED);
    expect((await world.story(`${ID}-b`)).at(-1)).toBe('WaveReleased 2');
  });
});

/** One campaign from start to end, as a list of things that happen to it. */
const scenario: (() => Promise<unknown>)[] = [
  () => world.move(3, 1, 'waiting', 'offered', 'A'),
  () => world.move(3, 1, 'offered', 'succeeded', 'A'),
  () => world.move(7, 1, 'waiting', 'succeeded', 'B'),
  () => world.clock.advance(60_000),
  () => world.move(7, 2, 'waiting', 'failed', 'C'),
  () => world.clock.advance(1000),
  () => world.command('ada', { type: 'ResumeCampaign', reason: 'go' }),
  ...Array.from({ length: 7 }, (_, i) => () => world.move(i < 2 ? 3 : 7, 2, 'waiting', 'succeeded', `D${i}`)),
  () => drain(3),
  () => drain(7),
  () => world.clock.advance(120_000),
];
const WHOLE = [
  ...STARTED,
  'GateDecided 1 soaking',
  'GateDecided 1 passed',
  'WaveReleased 2',
  'GateDecided 2 failed',
  'CampaignPaused',
  'CampaignResumed',
  'CampaignCompleted',
];

describe('a gatekeeper that dies', () => {
  it('tells the same story when it is started anew after every single thing that happens', async () => {
    await runningCampaign(world);
    await keep();
    for (const happen of scenario) {
      await happen();
      await settle();
      await agent.stop();
      await keep();
    }
    expect(await world.story()).toEqual(WHOLE);
  });

  it('tells it when it sleeps through any part of it', async () => {
    await runningCampaign(world);
    await keep();
    // Stopped while the first wave succeeds and its soak passes.
    await agent.stop();
    for (const happen of scenario.slice(0, 4)) await happen();
    await keep();
    await world.clock.advance(60_000);
    for (const happen of scenario.slice(4)) {
      await happen();
      await settle();
    }
    expect(await world.story()).toEqual(WHOLE);
  });

  it('does nothing twice when the answer of any append is lost', async () => {
    for (let lost = 1; lost <= 6; lost++) {
      await agent.stop();
      let appends = 0;
      world = createWorld({
        afterAppend: () => {
          if (armed && ++appends === lost) throw new Error('connection lost');
        },
      });
      let armed = false;
      await world.artifact('tcm@2.1.0');
      await runningCampaign(world);
      await keep();
      for (const happen of scenario) {
        // Only the gatekeeper's own appends are counted: those made while things settle.
        await happen();
        armed = true;
        await settle();
        armed = false;
        await world.clock.advance(300);
      }
      expect(await world.story()).toEqual(WHOLE);
    }
  });

  it('waits longer and longer while the store refuses, and goes on when it is back', async () => {
    let broken = false;
    await agent.stop();
    let tries = 0;
    world = createWorld({
      beforeAppend: (requests) => {
        if (!broken || requests[0]?.metadata.source !== 'gatekeeper') return;
        tries += 1;
        throw new Error('disk full');
      },
    });
    await world.artifact('tcm@2.1.0');
    await runningCampaign(world);
    await keep();
    broken = true;
    await world.move(3, 1, 'waiting', 'failed', 'A');
    for (let second = 0; second < 60; second++) await world.clock.advance(1000);
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThan(12);
    broken = false;
    await world.clock.advance(60_000);
    expect((await world.story()).slice(6)).toEqual(['GateDecided 1 failed', 'CampaignPaused']);
  });
});
