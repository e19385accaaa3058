import { describe, expect, it } from 'vitest';
import { TargetingIndex } from '../../../src/projections/targeting/targeting-index.ts';
import { artifact, car, ecu, MemoryLog } from './log.ts';

function indexOf(...registered: readonly Parameters<MemoryLog['artifact']>[0][]): TargetingIndex {
  const log = new MemoryLog();
  log.register(car('A', { ecus: [ecu('TCM', '1.0.0'), ecu('ADAS', '1.0.0')] }));
  log.list('l', ['B']);
  for (const one of registered) log.artifact(one);
  const index = new TargetingIndex();
  index.apply(log.batch());
  return index;
}
const needs = (range: string) => artifact('tcm@3.0.0', { previousSoftware: { range } });
const dependingOn = (ecuType: string, range: string) =>
  artifact('tcm@3.0.0', { dependencies: [{ ecuType, component: 'main', software: { range } }] });

describe('an artifact that is to be validated', () => {
  it('fits when a vehicle can take it, or has it already', () => {
    expect(indexOf().matchesAnyVehicle(needs('>=1.0.0 <2.0.0'))).toBe(true);
    expect(indexOf().matchesAnyVehicle(artifact('tcm@1.0.0'))).toBe(true);
  });

  it('does not fit when nothing brings a vehicle to the software that it needs', () => {
    const second = needs('>=2.0.0');
    expect(indexOf().matchesAnyVehicle(second)).toBe(false);
    // Itself is no way to get there.
    expect(indexOf(second).matchesAnyVehicle(second)).toBe(false);
  });

  it('fits when another artifact for the same target brings the software', () => {
    expect(indexOf(artifact('tcm@2.0.0')).matchesAnyVehicle(needs('>=2.0.0'))).toBe(true);
    expect(indexOf(artifact('tcm@1.9.0')).matchesAnyVehicle(needs('>=2.0.0'))).toBe(false);
    const elsewhere = artifact('maps@2.0.0', {}, { ecuType: 'TCM', component: 'maps' });
    expect(indexOf(elsewhere).matchesAnyVehicle(needs('>=2.0.0'))).toBe(false);
  });

  it('fits when another artifact brings a dependency, but not when the ECU for it is missing', () => {
    const adas = artifact('adas@2.0.0', {}, { ecuType: 'ADAS', component: 'main' });
    expect(indexOf().matchesAnyVehicle(dependingOn('ADAS', '>=2.0.0'))).toBe(false);
    expect(indexOf(adas).matchesAnyVehicle(dependingOn('ADAS', '>=2.0.0'))).toBe(true);
    const gateway = artifact('gw@2.0.0', {}, { ecuType: 'GW', component: 'main' });
    expect(indexOf(gateway).matchesAnyVehicle(dependingOn('GW', '>=2.0.0'))).toBe(false);
  });
});

it('a target is known by a vehicle that has it or an artifact for it', () => {
  const maps = artifact('maps@1.0.0', {}, { ecuType: 'TCM', component: 'maps' });
  expect(indexOf().targetIsKnown('TCM', 'main')).toBe(true);
  expect(indexOf().targetIsKnown('TCM', 'maps')).toBe(false);
  expect(indexOf(maps).targetIsKnown('TCM', 'maps')).toBe(true);
});

it('counts registered vehicles as known, not what only lists name', () => {
  expect(indexOf().size.vehicles).toBe(1);
});
