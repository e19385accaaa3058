import { describe, expect, it } from 'vitest';
import type { TargetSlice } from '../../src/domain/campaign/events.ts';
import type { Phase, RolloutEvent } from '../../src/domain/rollout/events.ts';
import { campaignStream, rolloutStream, targetsStream } from '../../src/domain/shared/streams.ts';
import { assignments } from '../../src/projections/assignments.ts';
import { progress } from '../../src/projections/progress.ts';
import { Given, TIME } from './fold.ts';

const campaignId = 'spring';
const PLAN_1 = '00000000-0000-4000-8000-000000000001';
const PLAN_2 = '00000000-0000-4000-8000-000000000002';
const digest = 'a'.repeat(64);

const slice = (changes: Partial<TargetSlice> = {}): TargetSlice => ({
  brand: 'Acme',
  model: 'X',
  variant: '',
  region: 'DE',
  timeZone: 'UTC',
  hardware: 'T-1 1.0',
  software: '1.0.0',
  ...changes,
});

const define = (given: Given, planId: string) =>
  given.append(campaignStream(campaignId), {
    type: 'TargetingDefined',
    data: { campaignId, planId, query: 'vehicle==*', by: 'ada' },
  });

/** Lists vehicles of shard 3: id, wave, slice. */
const freeze = (
  given: Given,
  planId: string,
  vehicles: readonly [string, number, number][],
  slices: TargetSlice[] = [slice()],
) =>
  given.append(
    targetsStream(campaignId, 3),
    { type: 'TargetsOpened', data: { campaignId, shard: 3, planId, lastEventId: null } },
    {
      type: 'TargetsListed',
      data: {
        campaignId,
        shard: 3,
        planId,
        slices,
        targets: vehicles.map(([id, wave, number], rank) => [id, wave, rank, 0, number]),
      },
    },
    { type: 'TargetsClosed', data: { campaignId, shard: 3, planId, targets: vehicles.length, digest } },
  );

const base = (vehicleId: string, from: Phase, to: Phase, wave = 1, number = 0) => ({
  vehicleId,
  wave,
  slice: number,
  attempt: 1,
  offer: 1,
  from,
  to,
  report: { epoch: { tcu: 'T', reset: 0 }, seq: 1, sentAt: null },
  receivedAt: TIME,
});
const roll = (given: Given, ...events: readonly RolloutEvent[]) =>
  given.append(rolloutStream(campaignId, 3), ...events);
const read = (given: Given) => given.document(progress, 'progress', campaignId);
const assigned = async (given: Given) => {
  const { items } = await (await given.fold(assignments)).find('assignments', {
    where: { campaignId },
    limit: 100,
  });
  return items.map(({ vehicleId, phase, wave, outcome }) => ({ vehicleId, phase, wave, outcome }));
};

describe('progress', () => {
  it('has every target waiting, in total, by wave and by slice', async () => {
    const given = await define(new Given(), PLAN_1);
    await freeze(
      given,
      PLAN_1,
      [
        ['A', 1, 0],
        ['B', 2, 1],
        ['C', 2, 0],
      ],
      [slice(), slice({ model: 'Y', region: 'FR' })],
    );
    expect(await read(given)).toMatchObject({
      byPhase: { waiting: 3 },
      waves: [
        { wave: 1, byPhase: { waiting: 1 } },
        { wave: 2, byPhase: { waiting: 2 } },
      ],
      byModel: { X: { waiting: 2 }, Y: { waiting: 1 } },
      byRegion: { DE: { waiting: 2 }, FR: { waiting: 1 } },
      byModelRegion: { 'X/DE': { waiting: 2 }, 'Y/FR': { waiting: 1 } },
      byHardware: { 'T-1 1.0': { waiting: 3 } },
      bySoftwareBefore: { '1.0.0': { waiting: 3 } },
    });
  });

  it('counts a list once that a planner wrote again after it died', async () => {
    const given = await define(new Given(), PLAN_1);
    await freeze(given, PLAN_1, [
      ['A', 1, 0],
      ['B', 1, 0],
    ]);
    await freeze(given, PLAN_1, [
      ['A', 1, 0],
      ['C', 2, 0],
      ['D', 2, 0],
    ]);
    const document = await read(given);
    expect(document).toMatchObject({ byPhase: { waiting: 3 }, byModel: { X: { waiting: 3 } } });
    expect(document?.['waves']).toMatchObject([{ byPhase: { waiting: 1 } }, { byPhase: { waiting: 2 } }]);
    expect((await assigned(given)).map(({ vehicleId }) => vehicleId)).toEqual(['A', 'C', 'D']);
  });

  it('starts afresh with a new query, and leaves a list of an old plan out', async () => {
    const given = await define(new Given(), PLAN_1);
    await freeze(given, PLAN_1, [
      ['A', 1, 0],
      ['B', 1, 0],
    ]);
    await define(given, PLAN_2);
    expect(await read(given)).toMatchObject({ byPhase: {} });
    await freeze(given, PLAN_1, [['A', 1, 0]]);
    expect(await read(given)).toMatchObject({ byPhase: {} });
    await freeze(given, PLAN_2, [['C', 1, 0]]);
    expect(await read(given)).toMatchObject({ byPhase: { waiting: 1 }, planId: PLAN_2 });
    expect((await assigned(given)).map(({ vehicleId }) => vehicleId)).toEqual(['C']);
  });

  it('moves vehicles from phase to phase, and counts attempts and failure codes', async () => {
    const given = await define(new Given(), PLAN_1);
    await freeze(given, PLAN_1, [
      ['A', 1, 0],
      ['B', 2, 0],
    ]);
    const outcome = { code: 'flash-failed', message: 'no', ecus: [] };
    await roll(
      given,
      { type: 'DownloadStarted', data: base('A', 'waiting', 'downloading') },
      { type: 'UpdateFailed', data: { ...base('A', 'downloading', 'failed'), ...outcome, notBefore: null } },
      { type: 'UpdateSucceeded', data: { ...base('B', 'waiting', 'succeeded', 2), ecus: [] } },
      { type: 'UpdateHealthy', data: base('B', 'succeeded', 'succeeded', 2) },
    );
    expect(await read(given)).toMatchObject({
      byPhase: { failed: 1, succeeded: 1 },
      waves: [
        { byPhase: { failed: 1 }, attempts: { UpdateFailed: 1 } },
        { byPhase: { succeeded: 1 }, attempts: { UpdateSucceeded: 1 } },
      ],
      attempts: { UpdateFailed: 1, UpdateSucceeded: 1 },
      failureCodes: { 'flash-failed': 1 },
    });
    expect(await assigned(given)).toEqual([
      { vehicleId: 'A', phase: 'failed', wave: 1, outcome: { code: 'flash-failed', message: 'no' } },
      { vehicleId: 'B', phase: 'succeeded', wave: 2, outcome: null },
    ]);
  });

  it('lets what the car says late move the counts once', async () => {
    const given = await define(new Given(), PLAN_1);
    await freeze(given, PLAN_1, [['A', 1, 0]]);
    const { report: _, receivedAt: __, ...ours } = base('A', 'waiting', 'timed-out');
    await roll(
      given,
      { type: 'UpdateTimedOut', data: { ...ours, stage: 'attempt', deadline: TIME, notBefore: null } },
      {
        type: 'LateOutcomeReported',
        data: {
          ...base('A', 'timed-out', 'succeeded'),
          reportedAttempt: 1,
          outcome: 'succeeded',
          code: '',
          message: '',
          ecus: [],
        },
      },
    );
    expect(await read(given)).toMatchObject({
      byPhase: { succeeded: 1 },
      attempts: { UpdateTimedOut: 1, LateOutcomeReported: 1 },
      failureCodes: { 'timed-out': 1 },
    });
  });

  it('takes in a vehicle that joins an open campaign', async () => {
    const given = await define(new Given(), PLAN_1);
    await freeze(given, PLAN_1, [['A', 1, 0]]);
    await given.append(targetsStream(campaignId, 3), {
      type: 'TargetJoined',
      data: {
        campaignId,
        shard: 3,
        vehicleId: 'J',
        wave: 1,
        rank: 9,
        vehicleRevision: 2,
        slice: slice({ model: 'Z' }),
      },
    });
    await roll(given, { type: 'DownloadStarted', data: base('J', 'waiting', 'downloading', 1, 1) });
    expect(await read(given)).toMatchObject({ byModel: { X: { waiting: 1 }, Z: { downloading: 1 } } });
    expect((await assigned(given)).map(({ vehicleId }) => vehicleId)).toEqual(['A', 'J']);
  });

  it('counts under names that objects have of themselves', async () => {
    const names = ['constructor', '__proto__', 'toString'];
    const given = await define(new Given(), PLAN_1);
    await freeze(
      given,
      PLAN_1,
      names.map((_, i) => [`V${i}`, 1, i]),
      names.map((model) => slice({ model })),
    );
    await roll(given, { type: 'DownloadStarted', data: base('V1', 'waiting', 'downloading', 1, 1) });
    const document = await read(given);
    expect(Object.entries(document?.['byModel'] ?? {})).toEqual([
      ['constructor', { waiting: 1 }],
      ['__proto__', { downloading: 1 }],
      ['toString', { waiting: 1 }],
    ]);
  });

  it('bounds the number of failure codes that vehicles can make up', async () => {
    const given = await define(new Given(), PLAN_1);
    await freeze(given, PLAN_1, [['A', 1, 0]]);
    const fail = (code: string): RolloutEvent => ({
      type: 'UpdateFailed',
      data: { ...base('A', 'waiting', 'waiting'), code, message: '', ecus: [], notBefore: null },
    });
    await roll(given, ...Array.from({ length: 520 }, (_, i) => fail(`c${i}`)));
    const document = await read(given);
    const codes: Record<string, number> = { ...(document?.['failureCodes'] ?? {}) };
    expect(Object.keys(codes).length).toBe(501);
    expect(codes['other']).toBe(20);
  });
});
