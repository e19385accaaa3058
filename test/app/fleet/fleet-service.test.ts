import { beforeEach, describe, expect, it } from 'vitest';
import { createFleetService, type FleetService } from '../../../src/app/fleet/fleet-service.ts';
import type { CommandEnvelope } from '../../../src/app/handle-command.ts';
import { campaignStream, FLEET_STREAM, rolloutStream } from '../../../src/domain/shared/streams.ts';
import { ID } from '../../domain/campaign/samples.ts';
import { approvedCampaign, createWorld, runningCampaign, settle, type World } from '../campaigns/world.ts';

const by: CommandEnvelope = { actor: { kind: 'person', id: 'ada' }, source: 'http' };
const OTHER = `${ID}-b`;
let world: World;
let service: FleetService;

const stop = async (): Promise<string> => {
  const outcome = await service.execute({ type: 'StopEmergency', reason: 'fire' }, by);
  if (!outcome.ok) throw new Error(outcome.rejection.code);
  return outcome.eventIds[0] ?? '';
};
const lift = () => service.execute({ type: 'LiftEmergency', reason: 'out' }, by);
const halt = (campaignId: string, shard: number, cause: string) =>
  world.write(rolloutStream(campaignId, shard), {
    type: 'RolloutHalted',
    data: { campaignId, shard, cause, why: 'emergency' },
  });
const isWaiting = async (answer: Promise<unknown>): Promise<boolean> => {
  await settle();
  return (await Promise.race([answer, Promise.resolve('waiting')])) === 'waiting';
};

beforeEach(async () => {
  world = createWorld();
  service = createFleetService(world.runtime, world);
  await world.artifact('tcm@2.1.0');
});

describe('the emergency stop (DESIGN §4.5)', () => {
  it('waits until every shard with targets of every campaign under way has halted for it', async () => {
    await runningCampaign(world);
    await runningCampaign(world, {}, OTHER);
    await world.command(
      'ada',
      { type: 'PauseCampaign', reason: 'look', code: 'operator', cause: null },
      OTHER,
    );
    await approvedCampaign(world, {}, `${ID}-c`);
    const cause = await stop();
    const answer = service.waitForHalt();
    await settle();
    for (const shard of [3, 7]) await halt(ID, shard, cause);
    await halt(OTHER, 7, cause);
    await halt(OTHER, 3, 'an earlier stop');
    expect(await isWaiting(answer)).toBe(true);
    await halt(OTHER, 3, cause);
    expect(await answer).toEqual({ active: true, halted: true, missing: [] });
  });

  it('names what is missing when the time is up, and waits again when repeated', async () => {
    await runningCampaign(world);
    await runningCampaign(world, {}, OTHER);
    const cause = await stop();
    const answer = service.waitForHalt();
    await settle();
    for (const shard of [3, 7]) await halt(ID, shard, cause);
    await halt(OTHER, 7, cause);
    await world.clock.advance(4999);
    expect(await isWaiting(answer)).toBe(true);
    await world.clock.advance(1);
    const missing = [{ campaignId: OTHER, shards: [3] }];
    expect(await answer).toEqual({ active: true, halted: false, missing });

    expect(await stop()).toBe('');
    const again = service.waitForHalt();
    await halt(OTHER, 3, cause);
    expect(await again).toEqual({ active: true, halted: true, missing: [] });
    expect(await world.eventsOf(FLEET_STREAM)).toHaveLength(1);
  });

  it('does not wait for shards that have drained, nor for campaigns that end meanwhile', async () => {
    await runningCampaign(world);
    await runningCampaign(world, {}, OTHER);
    await world.command('ada', { type: 'AbortCampaign', reason: 'no' }, OTHER);
    const cause = await stop();
    const answer = service.waitForHalt();
    await world.write(rolloutStream(ID, 3), {
      type: 'RolloutDrained',
      data: { campaignId: ID, shard: 3, why: 'settled' },
    });
    await halt(ID, 7, cause);
    expect(await isWaiting(answer)).toBe(true);
    await world.write(campaignStream(OTHER), {
      type: 'CampaignAborted',
      data: { campaignId: OTHER, cause: null },
    });
    expect(await answer).toEqual({ active: true, halted: true, missing: [] });
  });

  it('has nobody to wait for when nothing runs', async () => {
    await approvedCampaign(world);
    await stop();
    expect(await service.waitForHalt()).toEqual({ active: true, halted: true, missing: [] });
  });

  it('does not call a stop that was lifted since halted', async () => {
    const cause = await stop();
    expect(await lift()).toMatchObject({ ok: true, events: [{ type: 'EmergencyLifted' }] });
    expect(cause).not.toBe('');
    expect(await service.waitForHalt()).toEqual({ active: false, halted: false, missing: [] });
  });

  it('tells whether it is in force, why and since when', async () => {
    const none = { active: false, reason: null, since: null };
    expect(await service.emergency()).toEqual(none);
    await stop();
    const since = new Date(world.clock.now()).toISOString();
    expect(await service.emergency()).toEqual({ active: true, reason: 'fire', since });
    await lift();
    expect(await service.emergency()).toEqual(none);
  });
});
