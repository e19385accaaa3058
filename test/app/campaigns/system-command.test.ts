import { expect, it } from 'vitest';
import { runCampaignCommand } from '../../../src/app/campaigns/lookups.ts';
import { issue } from '../../../src/app/campaigns/system-command.ts';
import { FLEET_STREAM } from '../../../src/domain/shared/streams.ts';
import { ID } from '../../domain/campaign/samples.ts';
import { approvedCampaign, createWorld, runningCampaign } from './world.ts';

it('nobody can take the id of a command of a process manager, whatever their name and Idempotency-Key', async () => {
  const world = createWorld();
  await world.artifact('tcm@2.1.0');
  await runningCampaign(world);
  const outcome = await runCampaignCommand(
    world.runtime,
    ID,
    { type: 'PauseCampaign', reason: 'look', code: 'operator', cause: null },
    {
      actor: { kind: 'person', id: 'gatekeeper' },
      source: 'http',
      // As the API makes it: person and Idempotency-Key.
      command: { id: 'gatekeeper:e1/conclude', digest: 'of the request' },
    },
  );
  expect(outcome.ok).toBe(true);
  const command = { type: 'ConcludeCampaign', cause: 'e1' } as const;
  const request = { campaignId: ID, command, cause: 'e1', purpose: 'conclude' };
  expect(await issue(world.runtime, world.log, 'gatekeeper', request)).not.toBeNull();
  expect(world.problems).toEqual([]);
});

it('an event of the fleet that only a newer version can read could be a stop: nothing is started', async () => {
  const world = createWorld();
  await world.artifact('tcm@2.1.0');
  await approvedCampaign(world);
  const metadata = {
    actor: { kind: 'person', id: 'op' } as const,
    time: new Date(world.clock.now()).toISOString(),
    correlationId: 'c',
    causationId: null,
    source: 'http',
  };
  const events = [{ id: world.runtime.newId(), type: 'FleetFrozen', schemaVersion: 1, data: {} }];
  await world.store.append([{ stream: FLEET_STREAM, expectedRevision: -1, events, metadata }]);
  const outcome = await runCampaignCommand(
    world.runtime,
    ID,
    { type: 'StartCampaign', cause: null },
    { actor: { kind: 'person', id: 'ada' }, source: 'http' },
  );
  expect(outcome).toMatchObject({ ok: false, rejection: { code: 'emergency-stop' } });
});
