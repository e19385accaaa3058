/** Where the facts of an explanation come from: streams of the log, read models, lists, and other campaigns. */
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../../src/adapters/read-model/memory/memory-read-model.ts';
import { rebuildProjection } from '../../../src/app/projector.ts';
import {
  type AssignmentDocument,
  type CampaignDocument,
  explainVehicle,
  listedIn,
} from '../../../src/app/vehicles/explain/explain.ts';
import type { CampaignEvent } from '../../../src/domain/campaign/events.ts';
import type { RolloutEvent } from '../../../src/domain/rollout/events.ts';
import { campaignStream, rolloutStream, vehicleStream } from '../../../src/domain/shared/streams.ts';
import { projections } from '../../../src/projections/all.ts';
import { type Given, TIME } from '../../projections/fold.ts';
import { CAMPAIGN, givenRun, OTHER, SHARD, VEHICLE } from '../evidence/world.ts';

const NOW = Date.parse('2027-01-01T01:00:00.000Z');
const SOON = '2027-01-01T02:00:00.000Z';
const base = { vehicleId: OTHER, wave: 1, slice: 0, attempt: 1, offer: 1 };

const failed: RolloutEvent = {
  type: 'UpdateFailed',
  data: {
    ...base,
    from: 'accepted',
    to: 'waiting',
    report: { epoch: { tcu: 'T', reset: 0 }, seq: 3, sentAt: null },
    receivedAt: TIME,
    code: 'flash-error',
    message: '',
    ecus: [],
    notBefore: SOON,
  },
};

async function explained(given: Given, vehicleId = OTHER, lists: readonly string[] = []) {
  const reader = createMemoryReadModel();
  for (const projection of projections)
    await rebuildProjection({ log: given.store, writer: reader }, projection);
  const campaign = await reader.get<CampaignDocument>('campaigns', CAMPAIGN);
  if (campaign === null) throw new Error('there is no campaign');
  const found = await reader.get<AssignmentDocument>('assignments', `${CAMPAIGN}/${vehicleId}`);
  const assignment = listedIn(campaign, found);
  const deps = {
    log: given.store,
    reader,
    clock: { now: () => NOW, sleep: async () => undefined },
    targeting: {
      listsWith: async (_id: string, asked: readonly string[]) => asked.filter((id) => lists.includes(id)),
    },
    presence: { isOnline: () => true },
    fleet: { emergency: async () => ({ active: false, reason: null }) },
  };
  return explainVehicle(deps, vehicleId, campaign, assignment);
}
const codes = async (given: Given) => (await explained(given))?.why.map(({ code }) => code);
const released: CampaignEvent = {
  type: 'WaveReleased',
  data: { campaignId: CAMPAIGN, wave: 1, cause: null },
};
const running = async (): Promise<Given> => (await givenRun()).append(campaignStream(CAMPAIGN), released);

describe('the facts of an explanation', () => {
  it('have the pause after a failed attempt from the log', async () => {
    const given = await running();
    await given.append(rolloutStream(CAMPAIGN, SHARD), failed);
    expect((await explained(given))?.why).toMatchObject([{ code: 'retry', until: SOON }]);
  });

  it('have the deadline of what is under way', async () => {
    expect((await explained(await running()))?.why).toMatchObject([{ code: 'under-way', until: TIME }]);
  });

  it('keep the deadline while the vehicle is at work, and the pause after a late outcome', async () => {
    const given = await running();
    const report = { epoch: { tcu: 'T', reset: 0 }, seq: 3, sentAt: null };
    const told = { ...base, report, receivedAt: TIME };
    await given.append(rolloutStream(CAMPAIGN, SHARD), {
      type: 'InstallStarted',
      data: { ...told, from: 'accepted', to: 'installing' },
    });
    expect((await explained(given))?.why).toMatchObject([{ code: 'under-way', until: TIME }]);
    await given.append(rolloutStream(CAMPAIGN, SHARD), failed, {
      type: 'LateOutcomeReported',
      data: {
        ...told,
        from: 'waiting',
        to: 'waiting',
        reportedAttempt: 1,
        outcome: 'failed',
        code: 'flash-error',
        message: '',
        ecus: [],
      },
    });
    expect((await explained(given))?.why).toMatchObject([{ code: 'retry', until: SOON }]);
    await given.append(rolloutStream(CAMPAIGN, SHARD), {
      type: 'UpdateOffered',
      data: { ...base, from: 'waiting', to: 'offered', at: TIME, validUntil: SOON, vehicleRevision: 2 },
    });
    expect((await explained(given))?.why).toMatchObject([{ code: 'offered', until: SOON }]);
  });

  it('leave the list of an earlier query out while the new one is made, or could not be', async () => {
    const given = await givenRun();
    const planId = '00000000-0000-4000-8000-0000000000bb';
    await given.append(campaignStream(CAMPAIGN), {
      type: 'TargetingDefined',
      data: { campaignId: CAMPAIGN, planId, query: 'model==X', by: 'ada' },
    });
    expect(await codes(given)).toEqual(['not-frozen']);
    await given.append(campaignStream(CAMPAIGN), {
      type: 'TargetsFreezeFailed',
      data: { campaignId: CAMPAIGN, planId, reason: 'no list x' },
    });
    expect((await explained(given))?.why).toMatchObject([
      { code: 'freeze-failed', message: expect.stringContaining('no list x') },
    ]);
  });

  it('name another campaign that is at work on the same component', async () => {
    const given = await running();
    await given.append(rolloutStream(CAMPAIGN, SHARD), {
      ...failed,
      data: { ...failed.data, notBefore: null },
    } as RolloutEvent);
    const policy = {
      artifacts: ['tcm-main@2.0.0'],
      waves: [
        {
          name: 'all',
          size: { rest: true as const },
          gate: { successPercent: 90, failurePercent: 10, soak_s: 0, confirm: false },
        },
      ],
      maxAttempts: 3,
      attemptTimeout_s: 3600,
      offerValid_s: 3600,
      retryDelay_s: 60,
      window: null,
      startAt: null,
      endAt: null,
      offersPerMinute: null,
      maxInFlight: null,
      preconditions: [],
      consentTextKey: null,
    };
    await given.append(campaignStream('autumn'), {
      type: 'CampaignCreated',
      data: { campaignId: 'autumn', title: 'Autumn', purpose: '', policy, by: 'ada' },
    });
    expect(await codes(given)).toEqual(['next']);
    await given.append(rolloutStream('autumn', SHARD), {
      type: 'UpdateOffered',
      data: { ...base, from: 'waiting', to: 'offered', at: TIME, validUntil: SOON, vehicleRevision: 2 },
    });
    expect((await explained(given))?.why).toMatchObject([
      { code: 'other-campaign', message: expect.stringContaining('autumn is at work on TCM/main') },
    ]);
  });

  it('say what a newer version wrote, to the vehicle or the campaign', async () => {
    const later = { type: 'OfALaterVersion', data: { vehicleId: OTHER } } as never;
    const given = await running();
    await given.append(rolloutStream(CAMPAIGN, SHARD), failed);
    await given.append(vehicleStream(OTHER), later);
    await given.append(campaignStream(CAMPAIGN), later);
    expect(await codes(given)).toEqual(['newer-campaign', 'newer-vehicle', 'retry']);
  });

  it('ask the lists that the query names, and say what of it does not hold', async () => {
    const given = await running();
    const planId = '00000000-0000-4000-8000-0000000000bb';
    const query = 'model==X;vehicle=in=list:pilots';
    await given.append(campaignStream(CAMPAIGN), {
      type: 'TargetingDefined',
      data: { campaignId: CAMPAIGN, planId, query, by: 'ada' },
    });
    expect((await explained(given))?.judged).toMatchObject({
      matchesQuery: false,
      clauses: [{ holds: true }, { clause: 'vehicle=in=(list:pilots)', holds: false }],
    });
    expect((await explained(given, OTHER, ['pilots']))?.judged?.matchesQuery).toBe(true);
  });

  it('are none for a vehicle that there is not', async () => {
    expect(await explained(await running(), 'NOBODY')).toBeNull();
    expect((await explained(await running(), VEHICLE))?.why).toMatchObject([{ code: 'succeeded' }]);
  });
});
