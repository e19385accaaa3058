import { describe, expect, it } from 'vitest';
import type { TargetSlice, TargetsEvent } from '../../../src/domain/campaign/events.ts';
import { foldTargets } from '../../../src/domain/campaign/targets.ts';
import { DIGEST, ID, PLAN } from './samples.ts';

const base = { campaignId: ID, shard: 3, planId: PLAN };
const slice = (model: string): TargetSlice => ({
  brand: 'b',
  model,
  variant: '',
  region: 'DE',
  timeZone: 'UTC',
  hardware: 'h',
  software: '1',
});
const opened: TargetsEvent = { type: 'TargetsOpened', data: { ...base, lastEventId: null } };
const listed = (ids: string[], slices: TargetSlice[] = []): TargetsEvent => ({
  type: 'TargetsListed',
  data: { ...base, slices, targets: ids.map((id, rank) => [id, 1, rank, 5, 0]) },
});
const closed = (targets: number): TargetsEvent => ({
  type: 'TargetsClosed',
  data: { ...base, targets, digest: DIGEST },
});
const idsOf = (events: TargetsEvent[], plan = PLAN) =>
  foldTargets(events, plan)?.targets.map((target) => target.vehicleId) ?? null;

describe('reading frozen targets', () => {
  it('joins the chunks of a run', () => {
    const list = foldTargets(
      [opened, listed(['A'], [slice('m')]), listed(['B'], [slice('n')]), closed(2)],
      PLAN,
    );
    expect(list).toMatchObject({ digest: DIGEST, slices: [slice('m'), slice('n')] });
    expect(list?.targets[0]).toEqual({ vehicleId: 'A', wave: 1, rank: 0, revision: 5, slice: 0 });
  });
  it('has none of a run that was not closed', () => {
    expect(idsOf([opened, listed(['A'])])).toBeNull();
    expect(idsOf([])).toBeNull();
  });
  it('takes the last run that was closed, and nothing of those that were not', () => {
    expect(idsOf([opened, listed(['A', 'X']), opened, listed(['A']), closed(1)])).toEqual(['A']);
    expect(idsOf([opened, listed(['A']), closed(1), opened, listed(['B'])])).toEqual(['A']);
    expect(idsOf([opened, listed(['A']), closed(1), opened, listed(['B']), closed(1)])).toEqual(['B']);
  });
  it('leaves other plans out', () => {
    expect(idsOf([opened, listed(['A']), closed(1)], '22222222-2222-4222-8222-222222222222')).toBeNull();
  });
  it('applies vehicles that joined or left', () => {
    const joined: TargetsEvent = {
      type: 'TargetJoined',
      data: {
        campaignId: ID,
        shard: 3,
        vehicleId: 'B',
        wave: 2,
        rank: 9,
        vehicleRevision: 1,
        slice: slice('n'),
      },
    };
    const left: TargetsEvent = {
      type: 'TargetLeft',
      data: { campaignId: ID, shard: 3, vehicleId: 'A', reason: 'sold' },
    };
    const list = foldTargets([opened, listed(['A'], [slice('m')]), closed(1), joined, left], PLAN);
    expect(list?.targets).toEqual([{ vehicleId: 'B', wave: 2, rank: 9, revision: 1, slice: 1 }]);
    expect(list?.slices[1]).toEqual(slice('n'));
  });
});
