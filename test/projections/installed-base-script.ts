/** A fleet's life as random steps, written to a log; and what a reader of the log would count of it at any instant. */
import fc from 'fast-check';
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts';
import { toNewEvents } from '../../src/app/handle-command.ts';
import type { EventStore } from '../../src/app/ports.ts';
import { regionCovers } from '../../src/domain/artifact/compatibility.ts';
import { vehicleStream } from '../../src/domain/shared/streams.ts';
import type { Ecu, VehicleEvent } from '../../src/domain/vehicle/events.ts';
import { evolveVehicle, noVehicle, type VehicleState } from '../../src/domain/vehicle/state.ts';
import type { Slice } from '../../src/projections/installed-base/format.ts';
import { described } from './targeting/support.ts';

export const START_MS = Date.UTC(2027, 0, 1);
const VEHICLES = 5;
export const TARGETS = ['TCM/main', 'TCM/boot', 'DCU/main'] as const;
const MODELS = ['A7', 'B1'];
const REGIONS = ['DE', 'DE-BY', 'FR'];

const unit = (type: string, position: string, versions: Readonly<Record<string, number>>): Ecu => ({
  type,
  position,
  serial: '',
  hardware: { part: 'P', version: '1' },
  components: Object.entries(versions).map(([name, n]) => ({
    name,
    part: '',
    softwareVersion: `1.${n}.0`,
  })),
});

export interface Step {
  readonly kind: 'describe' | 'inventory' | 'replace' | 'decommission' | 'other';
  readonly vehicle: number;
  readonly values: readonly [number, number, number];
  /** Since the step before, and how far off the writer's clock is, milliseconds. */
  readonly wait_ms: number;
  readonly clock_ms: number;
}
const value = fc.nat(3);
export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...(['describe', 'inventory', 'inventory', 'inventory', 'replace', 'decommission', 'other'] as const),
  ),
  vehicle: fc.nat(VEHICLES - 1),
  values: fc.tuple(value, value, value),
  wait_ms: fc.oneof(fc.nat(8), fc.nat(400)),
  clock_ms: fc.oneof(fc.constant(0), fc.integer({ min: -30, max: 30 })),
});

function eventOf(vehicleId: string, { kind, values: [a, b, c] }: Step, at: string): VehicleEvent {
  switch (kind) {
    case 'describe': {
      const description = described({ model: MODELS[a % 2] ?? '', region: REGIONS[b % 3] ?? '' });
      return { type: 'VehicleDescribed', data: { vehicleId, description } };
    }
    case 'inventory': {
      const tcm = a === 3 ? [] : [unit('TCM', '', { main: a, boot: b % 2 })];
      const dcus = c === 3 ? [] : [unit('DCU', 'left', { main: c }), unit('DCU', 'right', { main: b })];
      return {
        type: 'InventoryReported',
        data: { vehicleId, source: 'ota', ecus: [...tcm, ...dcus], report: null },
      };
    }
    case 'replace': {
      const installed = unit('DCU', 'left', { main: c });
      const data = { vehicleId, type: 'DCU', position: 'left', removedSerial: '', installed };
      return { type: 'EcuReplaced', data: { ...data, source: 'workshop' } };
    }
    case 'decommission':
      return { type: 'VehicleDecommissioned', data: { vehicleId, reason: '', at } };
    case 'other':
      return { type: 'ServiceFlagged', data: { vehicleId, code: 'c', reason: '' } };
  }
}

/** What a vehicle runs of a target, by the words of the API's description. */
function runs(state: VehicleState, target: string): string | null {
  if (state.stage !== 'in-use') return null;
  const [type, component] = target.split('/');
  const versions = state.ecus
    .filter((ecu) => ecu.type === type)
    .flatMap(({ components }) => components.filter(({ name }) => name === component))
    .map(({ softwareVersion }) => softwareVersion);
  if (versions.length === 0) return null;
  return new Set(versions).size === 1 ? `=${versions[0]}` : 'mixed';
}

interface Placed {
  readonly model: string;
  readonly region: string;
  readonly name: string;
}

/** Every change of a target: from when on it counts, and where all vehicles are after it. */
export type Changes = { readonly from_ms: number; readonly placed: readonly Placed[] }[];

const sliceHas = (slice: Slice, { model, region }: Placed): boolean =>
  slice.kind === 'all' ||
  (slice.kind === 'model' ? model === slice.value : regionCovers(slice.value, region));

export function expectedAt(changes: Changes, at_ms: number, slice: Slice): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const last = changes.findLast(({ from_ms }) => from_ms <= at_ms);
  for (const placed of last?.placed ?? [])
    if (sliceHas(slice, placed)) counts[placed.name] = (counts[placed.name] ?? 0) + 1;
  return counts;
}

/** @param afterEach called after every step. */
export async function written(
  steps: readonly Step[],
  afterEach: (store: EventStore) => Promise<void> = async () => {},
) {
  const store = createMemoryEventStore();
  const states = new Map<string, VehicleState>();
  const revisions = new Map<string, number>();
  const changes: Record<string, Changes> = Object.fromEntries(TARGETS.map((target) => [target, []]));
  let now_ms = START_MS;
  let ids = 0;
  const append = async (vehicleId: string, event: VehicleEvent, time_ms: number): Promise<void> => {
    const stream = vehicleStream(vehicleId);
    const expectedRevision = revisions.get(stream) ?? -1;
    const metadata = {
      actor: { kind: 'system' as const, id: 'test' },
      time: new Date(time_ms).toISOString(),
      correlationId: 'c',
      causationId: null,
      source: 'test',
    };
    const newId = (): string => `00000000-0000-7000-8000-${String(++ids).padStart(12, '0')}`;
    const events = toNewEvents([event], newId);
    const [result] = await store.append([{ stream, expectedRevision, events, metadata }]);
    if (result?.status !== 'appended') throw new Error(`not appended: ${JSON.stringify(result)}`);
    revisions.set(stream, expectedRevision + 1);
    const placedOf = (target: string): readonly Placed[] =>
      [...states].flatMap(([, state]) => {
        const name = runs(state, target);
        return name === null || state.stage === 'none'
          ? []
          : [{ model: state.model, region: state.region, name }];
      });
    const before = TARGETS.map((target) => JSON.stringify(placedOf(target)));
    states.set(vehicleId, evolveVehicle(states.get(vehicleId) ?? noVehicle, event));
    for (const [n, target] of TARGETS.entries()) {
      const placed = placedOf(target);
      if (JSON.stringify(placed) === before[n]) continue;
      const own = changes[target] ?? [];
      own.push({ from_ms: Math.max(time_ms, own.at(-1)?.from_ms ?? time_ms), placed });
    }
  };
  for (let n = 0; n < VEHICLES; n++) {
    const vehicleId = `V${n}`;
    const data = { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true };
    await append(vehicleId, { type: 'VehicleRegistered', data }, now_ms);
  }
  for (const one of steps) {
    now_ms += one.wait_ms;
    const time_ms = now_ms + one.clock_ms;
    const vehicleId = `V${one.vehicle}`;
    await append(vehicleId, eventOf(vehicleId, one, new Date(time_ms).toISOString()), time_ms);
    await afterEach(store);
  }
  await afterEach(store);
  return { store, changes, now_ms };
}
