import { beforeEach, describe, expect, it } from 'vitest';
import { createCampaignService } from '../../../src/app/campaigns/campaign-service.ts';
import type { CommandEnvelope } from '../../../src/app/handle-command.ts';
import { campaignStream, rolloutStream } from '../../../src/domain/shared/streams.ts';
import { ID, policy } from '../../domain/campaign/samples.ts';
import { createWorld, runningCampaign, settle, type World } from './world.ts';

const by = (id: string): CommandEnvelope => ({ actor: { kind: 'person', id }, source: 'http' });
let world: World;
let service: ReturnType<typeof createCampaignService>;
const causeOf = async (type: string): Promise<string> =>
  (await world.eventsOf(campaignStream(ID))).filter((event) => event.type === type).at(-1)?.id ?? '';
const halt = (shard: number, cause: string) =>
  world.write(rolloutStream(ID, shard), {
    type: 'RolloutHalted',
    data: { campaignId: ID, shard, cause, why: 'paused' },
  });
const pause = { reason: 'look', code: 'operator', cause: null } as const;

beforeEach(async () => {
  world = createWorld();
  service = createCampaignService(world.runtime, world);
  await world.artifact('tcm@2.1.0');
});

describe('pausing, resuming and aborting', () => {
  it('answers when every shard with targets has halted for it', async () => {
    await runningCampaign(world);
    const answer = service.pause(ID, pause, by('ada'));
    await settle();
    const cause = await causeOf('CampaignPaused');
    await halt(7, cause);
    await halt(3, 'an earlier pause');
    await settle();
    expect(await Promise.race([answer, Promise.resolve('waiting')])).toBe('waiting');
    await halt(3, cause);
    expect(await answer).toMatchObject({
      outcome: { ok: true },
      halt: { halted: true, shards: [3, 7], missing: [] },
    });
  });

  it('names the shards that are missing when the time is up', async () => {
    await runningCampaign(world);
    const answer = service.abort(ID, { reason: 'no' }, by('ada'));
    await settle();
    await halt(7, await causeOf('AbortRequested'));
    await world.clock.advance(4999);
    expect(await Promise.race([answer, Promise.resolve('waiting')])).toBe('waiting');
    await world.clock.advance(1);
    expect(await answer).toMatchObject({
      outcome: { ok: true },
      halt: { halted: false, shards: [7], missing: [3] },
    });
  });

  it('gives the same answer to the same pause again', async () => {
    await runningCampaign(world);
    const first = service.pause(ID, pause, by('ada'));
    await settle();
    const cause = await causeOf('CampaignPaused');
    await halt(3, cause);
    await halt(7, cause);
    await first;
    const again = await service.pause(ID, pause, by('ada'));
    expect(again).toMatchObject({
      outcome: { ok: true, events: [] },
      halt: { halted: true, shards: [3, 7] },
    });
  });

  it('waits for the shards to go on after a resumption', async () => {
    await runningCampaign(world);
    await world.command('ada', { type: 'PauseCampaign', ...pause });
    const answer = service.resume(ID, { reason: 'go' }, by('ada'));
    await settle();
    const cause = await causeOf('CampaignResumed');
    for (const shard of [3, 7])
      await world.write(rolloutStream(ID, shard), {
        type: 'RolloutResumed',
        data: { campaignId: ID, shard, cause },
      });
    expect(await answer).toMatchObject({ halt: { halted: true, shards: [3, 7] } });
  });

  it('waits for nobody when the command is refused, or nothing has started', async () => {
    expect(await service.pause(ID, pause, by('ada'))).toMatchObject({ outcome: { ok: false }, halt: null });
    await service.create(ID, { title: 'T', purpose: '', policy }, by('ada'));
    expect(await service.abort(ID, { reason: 'no' }, by('ada'))).toMatchObject({
      outcome: { ok: true },
      halt: { halted: true, shards: [] },
    });
  });
});

describe('the campaign service', () => {
  it('waits for the planner', async () => {
    await service.create(ID, { title: 'T', purpose: '', policy }, by('ada'));
    await service.defineTargeting(ID, { query: 'model==A' }, by('ada'));
    const late = service.waitForTargets(ID, 1000);
    await world.clock.advance(1000);
    expect(await late).toBe(false);
    const { planId } = (await service.get(ID))?.campaign.plan ?? { planId: '' };
    const answer = service.waitForTargets(ID, 1000);
    await settle();
    await world.write(campaignStream(ID), {
      type: 'TargetsFreezeFailed',
      data: { campaignId: ID, planId, reason: 'x' },
    });
    expect(await answer).toBe(true);
    expect(await service.waitForTargets(ID, 1000)).toBe(true);
  });

  it('tells the digest that an approval must name', async () => {
    await runningCampaign(world);
    const found = await service.get(ID);
    expect(found?.planDigest).toBe(found?.campaign.approval?.planDigest);
    expect(await service.get('nothing')).toBeNull();
  });

  it('exports the events of one campaign in log order, and only its own', async () => {
    await runningCampaign(world);
    await runningCampaign(world, {}, `${ID}-b`);
    await world.move(3, 1, 'waiting', 'offered');
    const types: string[] = [];
    let last = '';
    for await (const batch of (await service.events(ID)) ?? [])
      for (const event of batch) {
        types.push(event.type);
        expect(event.position > last).toBe(true);
        last = event.position;
      }
    expect(types).toEqual([
      'CampaignCreated',
      'TargetingDefined',
      'TargetsFrozen',
      'CampaignApproved',
      'CampaignStarted',
      'WaveReleased',
      'UpdateOffered',
    ]);
    expect(await service.events('nothing')).toBeNull();
    expect(await service.history(ID)).toHaveLength(6);
    expect(await service.history('nothing')).toBeNull();
  });
});
