/** Read models are a function of the log: however it is cut into batches, and however often it is folded. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { toNewEvents } from '../../src/app/handle-command.ts';
import type { EventStore, ReadModelWriter } from '../../src/app/ports.ts';
import { checkpointName, rebuildProjection } from '../../src/app/projector.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { PHASES, type Phase } from '../../src/domain/rollout/events.ts';
import { shardOf } from '../../src/domain/shared/shard.ts';
import { rolloutStream, targetsStream, vehicleStream } from '../../src/domain/shared/streams.ts';
import { projections } from '../../src/projections/all.ts';
import { project } from './fold.ts';

const VEHICLES = ['VA', 'VB', 'VC', 'VD'];
const planId = '00000000-0000-4000-8000-0000000000aa';
const slice = (model: string) => ({
  brand: 'B',
  model,
  variant: '',
  region: 'DE',
  timeZone: 'UTC',
  hardware: 'H1',
  software: '1.0.0',
});
const report = (seq: number) => ({ epoch: { tcu: 'T', reset: 0 }, seq, sentAt: null });
const at = '2027-01-01T00:00:00.000Z';

type Step = {
  readonly kind: 'describe' | 'inventory' | 'move';
  readonly vehicle: number;
  readonly value: number;
};
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('describe', 'inventory', 'move'),
    vehicle: fc.nat(VEHICLES.length - 1),
    value: fc.nat(PHASES.length - 1),
  }),
  { maxLength: 60 },
);

/** A log that a real run could have left, as far as the projections look at it. */
async function fill(store: EventStore, script: readonly Step[]): Promise<void> {
  const revisions = new Map<string, number>();
  let id = 0;
  const newId = () => `00000000-0000-7000-8000-${String(++id).padStart(12, '0')}`;
  const append = async (stream: string, ...events: DomainEvent[]): Promise<void> => {
    const expectedRevision = revisions.get(stream) ?? -1;
    const metadata = {
      actor: { kind: 'system' as const, id: 'test' },
      time: at,
      correlationId: 'c',
      causationId: null,
      source: 'test',
    };
    const [result] = await store.append([
      { stream, expectedRevision, events: toNewEvents(events, newId), metadata },
    ]);
    expect(result?.status).toBe('appended');
    revisions.set(stream, expectedRevision + events.length);
  };
  await append('campaign-spring', {
    type: 'TargetingDefined',
    data: { campaignId: 'spring', planId, query: 'vehicle==*', by: 'ada' },
  });
  for (const [rank, vehicleId] of VEHICLES.entries()) {
    const shard = shardOf(vehicleId);
    await append(vehicleStream(vehicleId), {
      type: 'VehicleRegistered',
      data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true },
    });
    await append(
      targetsStream('spring', shard),
      { type: 'TargetsOpened', data: { campaignId: 'spring', shard, planId, lastEventId: null } },
      {
        type: 'TargetsListed',
        data: {
          campaignId: 'spring',
          shard,
          planId,
          slices: [slice(`M${rank % 2}`)],
          targets: [[vehicleId, 1 + (rank % 2), rank, 0, 0]],
        },
      },
      {
        type: 'TargetsClosed',
        data: { campaignId: 'spring', shard, planId, targets: 1, digest: 'a'.repeat(64) },
      },
    );
  }
  const phases = new Map<string, Phase>();
  for (const [index, { kind, vehicle, value }] of script.entries()) {
    const vehicleId = VEHICLES[vehicle] ?? 'VA';
    if (kind === 'describe') {
      const description = {
        brand: 'B',
        model: `M${value}`,
        variant: '',
        region: 'DE',
        timeZone: 'UTC',
        tags: [],
        buildDate: null,
      };
      await append(vehicleStream(vehicleId), { type: 'VehicleDescribed', data: { vehicleId, description } });
    } else if (kind === 'inventory') {
      const ecu = {
        type: 'TCM',
        position: '',
        serial: '',
        hardware: { part: 'P', version: '1' },
        components: [{ name: 'main', part: '', softwareVersion: `1.0.${value}` }],
      };
      await append(vehicleStream(vehicleId), {
        type: 'InventoryReported',
        data: { vehicleId, source: 'workshop', ecus: [ecu], report: null },
      });
    } else {
      const from = phases.get(vehicleId) ?? 'waiting';
      const to = PHASES[value] ?? 'waiting';
      phases.set(vehicleId, to);
      const data = {
        vehicleId,
        wave: 1 + (vehicle % 2),
        slice: 0,
        attempt: 1,
        offer: 1,
        from,
        to,
        report: report(index + 1),
        receivedAt: at,
      };
      await append(rolloutStream('spring', shardOf(vehicleId)), {
        type: 'UpdateFailed',
        data: { ...data, code: `c${value % 3}`, message: '', ecus: [], notBefore: null },
      });
    }
  }
}

async function dump(model: ReadModelWriter): Promise<string> {
  const lines: string[] = [];
  for (const { collections } of projections)
    for (const { name } of collections)
      for await (const document of model.dump(name)) lines.push(`${name} ${JSON.stringify(document)}`);
  return lines.join('\n');
}

describe('read models', () => {
  it('are the same documents however the log is batched, and after a rebuild', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 40 }), async (script, batchSize) => {
        const store = createMemoryEventStore();
        await fill(store, script);
        const whole = await project(store, projections, 10_000);
        const expected = await dump(whole);
        expect(await dump(await project(store, projections, batchSize))).toBe(expected);
        for (const projection of projections) {
          await rebuildProjection({ log: store, writer: whole }, projection);
          expect(await whole.checkpoint(checkpointName(projection))).not.toBe('');
        }
        expect(await dump(whole)).toBe(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('count every target once, in total and in every slice', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const store = createMemoryEventStore();
        await fill(store, script);
        const model = await project(store, projections, 7);
        const progress = await model.get<{
          id: string;
          byPhase: Record<string, number>;
          byModel: Record<string, Record<string, number>>;
        }>('progress', 'spring');
        const sum = (counts: Record<string, number>) =>
          Object.values(counts).reduce((total, n) => total + n, 0);
        expect(sum(progress?.byPhase ?? {})).toBe(VEHICLES.length);
        expect(Object.values(progress?.byModel ?? {}).reduce((total, counts) => total + sum(counts), 0)).toBe(
          VEHICLES.length,
        );
        for (const count of Object.values(progress?.byPhase ?? {})) expect(count).toBeGreaterThan(0);
      }),
      { numRuns: 40 },
    );
  });
});
