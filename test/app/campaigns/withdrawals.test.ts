import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../../src/app/campaigns/agent.ts';
import { createWithdrawals } from '../../../src/app/campaigns/withdrawals.ts';
import { artifactStream, campaignStream } from '../../../src/domain/shared/streams.ts';
import { ID } from '../../domain/campaign/samples.ts';
import {
  approvedCampaign,
  createWorld,
  runningCampaign,
  settle,
  type World,
  withdrawnArtifact,
} from './world.ts';

let world: World;
let agent: Agent;
const keep = async (): Promise<void> => {
  agent = createWithdrawals(world.runtime, world);
  await agent.start();
  await settle();
};
const withdraw = (artifactId = 'tcm@2.1.0') =>
  world.write(artifactStream(artifactId), withdrawnArtifact(artifactId));

beforeEach(async () => {
  world = createWorld();
  await world.artifact('tcm@2.1.0');
  await world.artifact('adas@1.0.0');
});
afterEach(() => agent.stop());

describe('withdrawing an artifact', () => {
  it('pauses every running campaign that uses it, with the reason, and no other', async () => {
    await runningCampaign(world, { artifacts: ['adas@1.0.0', 'tcm@2.1.0'] });
    await runningCampaign(world, {}, 'second');
    await runningCampaign(world, { artifacts: ['adas@1.0.0'] }, 'other');
    await approvedCampaign(world, {}, 'not-started');
    await keep();
    const cause = await withdraw();
    await settle();
    for (const id of [ID, 'second']) {
      const last = (await world.eventsOf(campaignStream(id))).at(-1);
      expect(last).toMatchObject({
        type: 'CampaignPaused',
        data: { code: 'artifact-withdrawn', cause, reason: 'tcm@2.1.0 was withdrawn: bricks' },
      });
    }
    expect((await world.story('other')).at(-1)).toBe('WaveReleased 1');
    expect((await world.story('not-started')).at(-1)).toBe('CampaignApproved');
  });

  it('pauses once, also when it is started anew', async () => {
    await runningCampaign(world);
    await withdraw();
    await keep();
    await agent.stop();
    await keep();
    expect((await world.story()).slice(6)).toEqual(['CampaignPaused']);
  });

  it('pauses again what was resumed in a race with the withdrawal', async () => {
    await runningCampaign(world);
    await keep();
    await withdraw();
    await settle();
    await world.write(campaignStream(ID), {
      type: 'CampaignResumed',
      data: { campaignId: ID, reason: 'go', by: 'ada' },
    });
    await settle();
    expect((await world.story()).slice(6)).toEqual(['CampaignPaused', 'CampaignResumed', 'CampaignPaused']);
  });

  it('pauses what was started in a race with it', async () => {
    await approvedCampaign(world);
    await keep();
    await withdraw();
    const started = {
      type: 'CampaignStarted',
      data: { campaignId: ID, planDigest: 'd'.repeat(64), cause: null },
    } as const;
    await world.write(campaignStream(ID), started);
    await settle();
    expect((await world.story()).at(-1)).toBe('CampaignPaused');
  });

  it('is not undone by resuming', async () => {
    await runningCampaign(world);
    await keep();
    await withdraw();
    await settle();
    await expect(world.command('ada', { type: 'ResumeCampaign', reason: 'go' })).rejects.toThrow(
      'artifact-withdrawn',
    );
  });
});
