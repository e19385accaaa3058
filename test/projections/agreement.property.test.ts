/** Numbers agree with each other: what progress counts is what the assignments are, whatever planners and vehicles did. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assignmentsTable } from '../../src/app/export/assignments.ts';
import type { Cell } from '../../src/app/export/table.ts';
import type { ReadModelReader } from '../../src/app/ports.ts';
import type { TargetSlice } from '../../src/domain/campaign/events.ts';
import { PHASES, type Phase } from '../../src/domain/rollout/events.ts';
import { campaignStream, rolloutStream, targetsStream } from '../../src/domain/shared/streams.ts';
import { assignments } from '../../src/projections/assignments.ts';
import { progress } from '../../src/projections/progress.ts';
import { Given, TIME } from './fold.ts';

const campaignId = 'spring';
const SHARDS = [0, 1];
const digest = 'a'.repeat(64);
const planOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const slice = (n: number): TargetSlice => ({
  brand: 'B',
  model: `M${n % 2}`,
  variant: '',
  region: n < 2 ? 'DE' : 'FR',
  timeZone: 'UTC',
  hardware: 'H',
  software: '1.0.0',
});

/** Lists number their slices each in its own way, so that a number of an old list names another slice. */
const numberIn = (vehicles: Listed, n: number): number => (n + vehicles.length) % 4;
const slicesOf = (vehicles: Listed): TargetSlice[] =>
  [0, 1, 2, 3].map((number) => slice((number + 4 - (vehicles.length % 4)) % 4));

type Listed = readonly { readonly wave: number; readonly slice: number }[];
const listed: fc.Arbitrary<Listed> = fc.array(
  fc.record({ wave: fc.integer({ min: 1, max: 3 }), slice: fc.nat(3) }),
  { maxLength: 6 },
);
/** One freeze: lists of the shards, some of them written in vain before by a planner that died. */
const freeze = fc.record({
  vain: fc.array(fc.record({ shard: fc.constantFrom(...SHARDS), list: listed, closed: fc.boolean() }), {
    maxLength: 2,
  }),
  lists: fc.tuple(listed, listed),
});
const moves = fc.array(
  fc.record({ shard: fc.constantFrom(...SHARDS), vehicle: fc.nat(5), to: fc.nat(PHASES.length - 1) }),
  { maxLength: 30 },
);

async function list(
  given: Given,
  planId: string,
  shard: number,
  vehicles: Listed,
  closed: boolean,
): Promise<void> {
  // Planners write nothing for a shard without targets.
  if (vehicles.length === 0) return;
  const at = { campaignId, shard, planId };
  await given.append(
    targetsStream(campaignId, shard),
    { type: 'TargetsOpened', data: { ...at, lastEventId: null } },
    {
      type: 'TargetsListed',
      data: {
        ...at,
        slices: slicesOf(vehicles),
        targets: vehicles.map((one, i) => [`S${shard}V${i}`, one.wave, i, 0, numberIn(vehicles, one.slice)]),
      },
    },
  );
  if (closed)
    await given.append(targetsStream(campaignId, shard), {
      type: 'TargetsClosed',
      data: { ...at, targets: vehicles.length, digest },
    });
}

async function run(
  given: Given,
  freezes: readonly { vain: { shard: number; list: Listed; closed: boolean }[]; lists: [Listed, Listed] }[],
) {
  let lists: readonly Listed[] = [];
  for (const [number, one] of freezes.entries()) {
    const planId = planOf(number);
    await given.append(campaignStream(campaignId), {
      type: 'TargetingDefined',
      data: { campaignId, planId, query: 'vehicle==*', by: 'ada' },
    });
    for (const { shard, list: vehicles, closed } of one.vain)
      await list(given, planId, shard, vehicles, closed);
    for (const shard of SHARDS) await list(given, planId, shard, one.lists[shard] ?? [], true);
    lists = one.lists;
    const shards = lists.map((vehicles) => vehicles.length);
    await given.append(campaignStream(campaignId), {
      type: 'TargetsFrozen',
      data: {
        campaignId,
        planId,
        query: 'vehicle==*',
        targets: lists.flat().length,
        incompatible: 0,
        reasons: [],
        waves: [lists.flat().length],
        shards,
        digest,
        lastEventId: null,
      },
    });
  }
  return lists;
}

/** Where the newest list has the vehicle. */
function frozenAs(lists: readonly Listed[], vehicleId: string): readonly string[] {
  const [shard = 0, vehicle = 0] = vehicleId.slice(1).split('V').map(Number);
  const { model, region } = slice(lists[shard]?.[vehicle]?.slice ?? 0);
  return [vehicleId, model, region];
}

/** What analysts get of each assignment: the slice that it was frozen in. No vehicle is known here as it is now. */
async function exportedSlices(targets: ReadModelReader): Promise<readonly (readonly Cell[])[]> {
  const reader = {
    find: targets.find.bind(targets),
    getMany: (collection: string, ids: readonly string[]) =>
      collection === 'vehicles' ? Promise.resolve(ids.map(() => null)) : targets.getMany(collection, ids),
  } as unknown as ReadModelReader;
  const { columns, rows } = assignmentsTable(reader, campaignId);
  const at = ['vehicle_id', 'model', 'region'].map((name) =>
    columns.findIndex((column) => column.name === name),
  );
  const found: (readonly Cell[])[] = [];
  for await (const batch of rows)
    for (const row of batch) found.push(at.map((column) => row[column] ?? null));
  return found;
}

it('progress counts the assignments, and the export tells them by the same slices', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(freeze, { minLength: 1, maxLength: 3 }), moves, async (freezes, script) => {
      const given = new Given();
      const lists = await run(given, freezes);
      const phases = new Map<string, Phase>();
      for (const { shard, vehicle, to } of script) {
        const target = lists[shard]?.[vehicle];
        if (target === undefined) continue;
        const vehicleId = `S${shard}V${vehicle}`;
        const next = PHASES[to] ?? 'waiting';
        const data = {
          vehicleId,
          wave: target.wave,
          slice: numberIn(lists[shard] ?? [], target.slice),
          attempt: 1,
          offer: 1,
          from: phases.get(vehicleId) ?? 'waiting',
          to: next,
        };
        const report = { epoch: { tcu: 'T', reset: 0 }, seq: 1, sentAt: null };
        await given.append(rolloutStream(campaignId, shard), {
          type: 'DownloadStarted',
          data: { ...data, report, receivedAt: TIME },
        });
        phases.set(vehicleId, next);
      }
      const targets = await given.fold(assignments);
      const { items } = await targets.find('assignments', { where: { campaignId }, limit: 1000 });
      expect(items.length).toBe(lists.flat().length);

      const expected = { byPhase: {}, byModel: {}, byRegion: {}, waves: {} };
      const add = (group: Record<string, Record<string, number>>, name: string, phase: string): void => {
        const counts = group[name] ?? {};
        group[name] = { ...counts, [phase]: (counts[phase] ?? 0) + 1 };
      };
      for (const { vehicleId, phase, wave } of items) {
        const [shard = 0, vehicle = 0] = String(vehicleId).slice(1).split('V').map(Number);
        const { model, region } = slice(lists[shard]?.[vehicle]?.slice ?? 0);
        add(expected, 'byPhase', String(phase));
        add(expected.byModel, model, String(phase));
        add(expected.byRegion, region, String(phase));
        add(expected.waves, String(wave), String(phase));
      }
      const document = await given.document(progress, 'progress', campaignId);
      expect(await exportedSlices(targets)).toEqual(
        items.map(({ vehicleId }) => frozenAs(lists, String(vehicleId))),
      );
      const some = (groups: unknown) =>
        Object.fromEntries(
          Object.entries(Object(groups)).filter(([, counts]) => Object.keys(Object(counts)).length > 0),
        );
      const waves = (document?.['waves'] ?? []) as { wave: number; byPhase: unknown }[];
      expect({
        byPhase: document?.['byPhase'],
        byModel: some(document?.['byModel']),
        byRegion: some(document?.['byRegion']),
        waves: some(Object.fromEntries(waves.map(({ wave, byPhase }) => [wave, byPhase]))),
      }).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
