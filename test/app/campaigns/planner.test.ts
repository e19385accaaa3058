import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../../src/app/campaigns/agent.ts';
import { createPlanner } from '../../../src/app/campaigns/planner.ts';
import { loadStream } from '../../../src/app/handle-command.ts';
import type {
  AppendRequest,
  Position,
  SelectionResult,
  TargetRow,
  TargetSelector,
} from '../../../src/app/ports.ts';
import { campaignDecider } from '../../../src/domain/campaign/decide.ts';
import type { TargetSlice, TargetsEvent } from '../../../src/domain/campaign/events.ts';
import { foldTargets, shardDigestText, type Target } from '../../../src/domain/campaign/targets.ts';
import { SHARD_COUNT, shardOf } from '../../../src/domain/shared/shard.ts';
import { campaignStream, targetsStream } from '../../../src/domain/shared/streams.ts';
import { ID, policyOf } from '../../domain/campaign/samples.ts';
import { createWorld, settle, type World } from './world.ts';

const MODELS = 5;
const slices: TargetSlice[] = Array.from({ length: MODELS }, (_, i) => ({
  brand: 'b',
  model: `M${i}`,
  variant: '',
  region: 'DE',
  timeZone: 'UTC',
  hardware: 'h',
  software: '1',
}));
const fleet = (count: number): TargetRow[] =>
  Array.from({ length: count }, (_, i) => ({
    vehicleId: `WVWZZZ1KZ${String(i).padStart(8, '0')}`,
    revision: i % 7,
    slice: i % MODELS,
  }));
async function* batches(rows: readonly TargetRow[]): AsyncGenerator<readonly TargetRow[]> {
  for (let at = 0; at < rows.length; at += 1000) yield rows.slice(at, at + 1000);
}
const selecting = (rows: readonly TargetRow[], change = {}): SelectionResult => ({
  ok: true,
  selection: {
    lastEventId: 'last',
    slices,
    rows: batches(rows),
    matched: rows.length,
    incompatible: 0,
    reasons: [],
    ...change,
  },
});

let world: World;
let agent: Agent;
let asked: { query: string; artifacts: readonly string[]; atLeast: Position }[];
let answer: () => Promise<SelectionResult>;
let beforeAppend: (requests: readonly AppendRequest[]) => void;
const selector: TargetSelector = {
  select: (query, artifacts, atLeast) => {
    asked.push({ query, artifacts, atLeast });
    return answer();
  },
};
const keep = async (): Promise<void> => {
  agent = createPlanner(world.runtime, { ...world, selector });
  await agent.start();
  await settle(200);
};
const define = (query = 'model==A') => world.command('ada', { type: 'DefineTargeting', query });
const planOf = async () => {
  const { state } = await loadStream(world.store, campaignStream(ID), campaignDecider);
  if (state.phase === 'absent' || state.plan === null) throw new Error('no plan');
  return state.plan;
};
const targetsOf = async (shard: number) => {
  const events = await world.eventsOf(targetsStream(ID, shard));
  return { events, list: foldTargets(events as unknown as TargetsEvent[], (await planOf()).planId) };
};
const allTargets = async (): Promise<Target[]> => {
  const all: Target[] = [];
  for (let shard = 0; shard < SHARD_COUNT; shard++)
    all.push(...((await targetsOf(shard)).list?.targets ?? []));
  return all;
};
const lastOf = async () => (await world.eventsOf(campaignStream(ID))).at(-1);

beforeEach(async () => {
  beforeAppend = () => {};
  world = createWorld({ beforeAppend: (requests) => beforeAppend(requests) });
  asked = [];
  answer = async () => selecting(fleet(500));
  const waves = policyOf().waves.map((wave, index) =>
    index === 0 ? { ...wave, size: { percent: 10 } } : wave,
  );
  await world.command('ada', {
    type: 'CreateCampaign',
    campaignId: ID,
    title: 'T',
    purpose: '',
    policy: policyOf({ waves }),
  });
});
afterEach(() => agent.stop());

describe('the planner', () => {
  it('freezes a query into lists that add up, each vehicle once and on its shard', async () => {
    await keep();
    await define();
    await settle(200);
    const plan = await planOf();
    expect(plan).toMatchObject({ status: 'frozen', targets: 500, waves: [50, 450] });
    const defined = (await world.eventsOf(campaignStream(ID)))[1];
    expect(asked).toEqual([{ query: 'model==A', artifacts: ['tcm@2.1.0'], atLeast: defined?.position }]);
    const digests: string[] = [];
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      const { list, events } = await targetsOf(shard);
      const targets = list?.targets ?? [];
      expect(targets.length).toBe(plan.shards[shard]);
      expect(targets.every((target) => shardOf(target.vehicleId) === shard)).toBe(true);
      expect(targets.map((target) => target.rank)).toEqual(
        targets.map((target) => target.rank).sort((a, b) => a - b),
      );
      for (const { vehicleId, revision, slice } of targets) {
        const index = Number(vehicleId.slice(9));
        expect([revision, list?.slices[slice]]).toEqual([index % 7, slices[index % MODELS]]);
      }
      const tuples = targets.map(
        (t) => [t.vehicleId, t.wave, t.rank, t.revision, t.slice] as [string, number, number, number, number],
      );
      digests.push(world.runtime.digest(shardDigestText(list?.slices ?? [], tuples)));
      if (list !== null) expect(list.digest).toBe(digests.at(-1));
      expect(events.every(({ metadata }) => metadata.causationId === defined?.id)).toBe(true);
    }
    expect(plan.digest).toBe(world.runtime.digest(digests.join('\n')));
    const all = await allTargets();
    expect(new Set(all.map((target) => target.rank)).size).toBe(500);
    expect(
      all
        .filter((target) => target.wave === 1)
        .map((target) => target.rank)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('writes chunks of at most 512 KiB', async () => {
    // Long ids of one shard only, so that its list does not fit into one chunk.
    const rows = Array.from(
      { length: 900_000 },
      (_, i) => `LONGVEHICLEIDENTIFIER${String(i).padStart(8, '0')}`,
    )
      .filter((id) => shardOf(id) === 5)
      .map((vehicleId) => ({ vehicleId, revision: 100_000, slice: 1 }));
    answer = async () => selecting(rows);
    await define();
    await keep();
    const listed = (await world.eventsOf(targetsStream(ID, 5))).filter(
      ({ type }) => type === 'TargetsListed',
    );
    expect(listed.length).toBeGreaterThan(1);
    for (const { data } of listed)
      expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThanOrEqual(512 * 1024);
    expect((await targetsOf(5)).list?.targets.length).toBe((await planOf()).targets);
  });

  it('records why a query could not be frozen', async () => {
    answer = async () => ({ ok: false, reason: 'expected a value at character 7' });
    await define();
    await keep();
    expect(await lastOf()).toMatchObject({
      type: 'TargetsFreezeFailed',
      data: { reason: 'expected a value at character 7' },
    });
  });

  it('records when a query selects nothing, and why', async () => {
    answer = async () =>
      selecting([], { matched: 12, incompatible: 12, reasons: [{ code: 'wrong-hardware', vehicles: 12 }] });
    await define();
    await keep();
    expect(await lastOf()).toMatchObject({
      data: {
        reason:
          "The query matches 12 vehicles, and 12 of them can't take the artifacts: wrong-hardware (12).",
      },
    });
  });

  it('freezes again what is defined again, and only once each', async () => {
    await keep();
    await define();
    await settle(200);
    await define('model==B');
    await settle(200);
    expect(asked.map(({ query }) => query)).toEqual(['model==A', 'model==B']);
    expect(await planOf()).toMatchObject({ query: 'model==B', status: 'frozen' });
    expect(world.problems).toEqual([]);
  });

  it('drops a freeze that was superseded while it was made', async () => {
    await define();
    let first = true;
    answer = async () => {
      if (first) {
        first = false;
        await define('model==B');
        await settle();
      }
      return selecting(fleet(100));
    };
    await keep();
    expect(await planOf()).toMatchObject({ query: 'model==B', status: 'frozen' });
  });

  it('does it again after dying at any append, with nothing lost or double', async () => {
    await define();
    for (let deadAt = 1; deadAt <= 9; deadAt++) {
      let appends = 0;
      beforeAppend = (requests) => {
        if (requests[0]?.metadata.source === 'planner' && ++appends === deadAt) throw new Error('killed');
      };
      await keep();
      await agent.stop();
    }
    beforeAppend = () => {};
    await keep();
    expect(await planOf()).toMatchObject({ status: 'frozen', targets: 500 });
    const all = await allTargets();
    expect(new Set(all.map((target) => target.vehicleId)).size).toBe(500);
    expect(all).toHaveLength(500);
  });

  it('tries again, with back-off, while the index is not there', async () => {
    answer = async () => {
      throw new Error('the index was stopped');
    };
    await define();
    await keep();
    for (let second = 0; second < 30; second++) await world.clock.advance(1000);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.length).toBeLessThan(10);
    answer = async () => selecting(fleet(10));
    await world.clock.advance(60_000);
    await settle(200);
    expect(await planOf()).toMatchObject({ status: 'frozen', targets: 10 });
  });

  it('stops though the index never catches up', async () => {
    answer = () => new Promise(() => {});
    await define();
    await keep();
    await agent.stop();
    expect(await planOf()).toMatchObject({ status: 'pending' });
  });
});
