/** What is counted of a vehicle, and how the counts stay small. */
import { describe, expect, it } from 'vitest';
import { createMemoryReadModel } from '../../src/adapters/read-model/memory/memory-read-model.ts';
import { rebuildProjection } from '../../src/app/projector.ts';
import { vehicleStream } from '../../src/domain/shared/streams.ts';
import type { Ecu, VehicleEvent } from '../../src/domain/vehicle/events.ts';
import {
  cellName,
  cellOf,
  INSTALLED_BASE_LIMITS,
  type Slice,
} from '../../src/projections/installed-base/format.ts';
import { withInstalledBase } from '../../src/projections/installed-base/projection.ts';
import { installedBaseOf } from '../../src/projections/installed-base/read.ts';
import { vehiclesAlone } from '../../src/projections/vehicles.ts';
import { Given, TIME } from './fold.ts';
import { described } from './targeting/support.ts';

const unit = (position: string, softwareVersion: string): Ecu => ({
  type: 'TCM',
  position,
  serial: '',
  hardware: { part: 'P', version: '1' },
  components: [{ name: 'main', part: '', softwareVersion }],
});
const inventory = (vehicleId: string, ...ecus: readonly Ecu[]): VehicleEvent => ({
  type: 'InventoryReported',
  data: { vehicleId, source: 'ota', ecus: [...ecus], report: null },
});

async function car(given: Given, vehicleId: string, where: Parameters<typeof described>[0], ...ecus: Ecu[]) {
  await given.append(
    vehicleStream(vehicleId),
    { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
    { type: 'VehicleDescribed', data: { vehicleId, description: described(where) } },
    inventory(vehicleId, ...ecus),
  );
}

async function now(given: Given, slice: Slice = { kind: 'all' }, cells = INSTALLED_BASE_LIMITS.cells) {
  const writer = createMemoryReadModel();
  const projection = withInstalledBase(vehiclesAlone, { ...INSTALLED_BASE_LIMITS, cells });
  await rebuildProjection({ log: given.store, writer }, projection);
  const now_ms = Date.parse(TIME) + 1;
  const asked = { from_ms: null, to_ms: null, now_ms, buckets: 10, slice };
  return (await installedBaseOf(writer, 'TCM/main', asked))?.points.at(-1)?.counts;
}

describe('the installed base', () => {
  it('counts a vehicle once: under the version that its ECUs have, or as mixed', async () => {
    const given = new Given();
    await car(given, 'A', {}, unit('left', '1.0.0'), unit('right', '1.0.0'));
    await car(given, 'B', {}, unit('left', '1.0.0'), unit('right', '2.0.0'));
    expect(await now(given)).toEqual({ '=1.0.0': 1, mixed: 1 });
    await given.append(vehicleStream('B'), inventory('B', unit('left', '2.0.0'), unit('right', '2.0.0')));
    expect(await now(given)).toEqual({ '=1.0.0': 1, '=2.0.0': 1 });
  });

  it('leaves out vehicles that were decommissioned or lost the ECU', async () => {
    const given = new Given();
    for (const vehicleId of ['A', 'B', 'C']) await car(given, vehicleId, {}, unit('', '1.0.0'));
    await given.append(vehicleStream('A'), inventory('A'));
    const data = { vehicleId: 'B', reason: 'sold', at: TIME };
    await given.append(vehicleStream('B'), { type: 'VehicleDecommissioned', data });
    expect(await now(given)).toEqual({ '=1.0.0': 1 });
  });

  it('moves with the model and region of a vehicle, and a country has its parts', async () => {
    const given = new Given();
    await car(given, 'A', { model: 'A7', region: 'DE-BY' }, unit('', '1.0.0'));
    await car(given, 'B', { model: 'A7', region: 'DE' }, unit('', '2.0.0'));
    expect(await now(given, { kind: 'region', value: 'DE' })).toEqual({ '=1.0.0': 1, '=2.0.0': 1 });
    expect(await now(given, { kind: 'region', value: 'DE-BY' })).toEqual({ '=1.0.0': 1 });
    const description = described({ model: 'B1', region: 'FR' });
    await given.append(vehicleStream('A'), {
      type: 'VehicleDescribed',
      data: { vehicleId: 'A', description },
    });
    expect(await now(given, { kind: 'model', value: 'A7' })).toEqual({ '=2.0.0': 1 });
    expect(await now(given, { kind: 'region', value: 'DE-BY' })).toEqual({});
    expect(await now(given, { kind: 'region', value: 'FR' })).toEqual({ '=1.0.0': 1 });
  });

  it('takes versions called like its own words, or like parts of JavaScript', async () => {
    const given = new Given();
    const versions = ['mixed', 'other', '__proto__', 'constructor', 'm2:A7=1', ''.padEnd(64, '$.')];
    for (const [n, version] of versions.entries())
      await car(given, `A${n}`, { model: '__proto__' }, unit('', version));
    const counts = { ...(await now(given, { kind: 'model', value: '__proto__' })) };
    expect(counts).toEqual(Object.fromEntries(versions.map((version) => [`=${version}`, 1])));
    expect(await now(given)).toEqual(counts);
  });

  it('counts what has no room as other, loses nobody, and keeps nobody who has left', async () => {
    const given = new Given();
    // A vehicle has three counts: in all, of its model, of its region.
    for (let n = 0; n < 4; n++) await car(given, `A${n}`, {}, unit('', `1.${n}.0`));
    expect(await now(given, { kind: 'all' }, 6)).toEqual({ '=1.0.0': 1, '=1.1.0': 1, other: 2 });
    for (let n = 0; n < 4; n++) await given.append(vehicleStream(`A${n}`), inventory(`A${n}`, unit('', '9')));
    // Who came while there was no room stays there until the next change.
    expect(await now(given, { kind: 'all' }, 6)).toEqual({ '=9': 3, other: 1 });
    for (let n = 0; n < 4; n++) await given.append(vehicleStream(`A${n}`), inventory(`A${n}`));
    for (const slice of [{ kind: 'all' }, { kind: 'model', value: 'X' }] as const)
      expect(await now(given, slice, 6)).toEqual({});
  });
});

it('the name of a count says what it is of, whatever the parts are called', () => {
  for (const value of ['A7', 'r2:', '=', '12:x', 'Ünïcode 😀', 'two\nlines'])
    for (const name of ['=1.0.0', '=m3:x=2', 'mixed', '=\n'])
      for (const kind of ['model', 'region'] as const)
        expect(cellOf(cellName(kind, value, name))).toEqual({ kind, value, name });
  expect(cellOf(cellName('all', '', '=m3:x'))).toEqual({ kind: 'all', value: '', name: '=m3:x' });
});
