import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArtifactFacts, VehicleFacts } from '../../../src/domain/artifact/compatibility.ts';
import {
  type CompatibilityCode,
  compatibility,
  satisfied,
} from '../../../src/domain/artifact/compatibility.ts';
import { artifact, tcm, vehicle } from './facts.ts';

const codes = (car: VehicleFacts, software: ArtifactFacts): CompatibilityCode[] =>
  compatibility(car, software).reasons.map((reason) => reason.code);

const gateway = tcm('3.1.0', { type: 'GW' });

describe('what a vehicle must be', () => {
  it.each<[string, VehicleFacts, ArtifactFacts, CompatibilityCode[]]>([
    ['takes what asks for nothing', vehicle(), artifact(), []],
    ['a country covers its parts', vehicle({ region: 'DE-BY' }), artifact({ regions: ['FR', 'DE'] }), []],
    [
      'a part does not cover the country',
      vehicle({ region: 'DE' }),
      artifact({ regions: ['DE-BY'] }),
      ['region'],
    ],
    [
      'a part does not cover another',
      vehicle({ region: 'DE-BE' }),
      artifact({ regions: ['DE-BY'] }),
      ['region'],
    ],
    [
      'a code is not covered by its beginning',
      vehicle({ region: 'DE-BYX' }),
      artifact({ regions: ['DE-BY'] }),
      ['region'],
    ],
    ['another model', vehicle(), artifact({ models: ['X2'] }), ['model']],
    ['another variant', vehicle({ variant: '' }), artifact({ variants: ['long'] }), ['variant']],
    ['decommissioned', vehicle({ decommissioned: true }), artifact(), ['decommissioned']],
    ['a service flag is no reason', vehicle({ serviceFlags: ['brakes'] }), artifact(), []],
    ['no such ECU', vehicle({ ecus: [gateway] }), artifact(), ['target-ecu-missing']],
    [
      'no such component',
      vehicle(),
      artifact({}, { target: { ecuType: 'TCM', component: 'maps' } }),
      ['target-component-missing'],
    ],
    [
      'another hardware part',
      vehicle(),
      artifact({ hardware: [{ part: 'HW-8', versions: null }] }),
      ['hardware-part'],
    ],
    [
      'another hardware version',
      vehicle(),
      artifact({ hardware: [{ part: 'HW-7', versions: { range: '>=3' } }] }),
      ['hardware-version'],
    ],
    [
      'one of several hardware entries is enough',
      vehicle(),
      artifact({
        hardware: [
          { part: 'HW-7', versions: { range: '>=3' } },
          { part: 'HW-7', versions: { exact: ['2.0.0'] } },
        ],
      }),
      [],
    ],
    [
      'software before is too old',
      vehicle(),
      artifact({ previousSoftware: { range: '>=1.5.0' } }),
      ['previous-software'],
    ],
    [
      'software before is no semantic version',
      vehicle({ ecus: [tcm('2024w12')] }),
      artifact({ previousSoftware: { range: '*' } }),
      ['previous-software'],
    ],
    [
      'software before is in the exact set',
      vehicle({ ecus: [tcm('2024w12')] }),
      artifact({ previousSoftware: { exact: ['2024w12'] } }),
      [],
    ],
    [
      'other ECU is missing',
      vehicle(),
      artifact({ dependencies: [{ ecuType: 'GW', software: { range: '>=3' } }] }),
      ['dependency-missing'],
    ],
    [
      'other ECU has no such component',
      vehicle({ ecus: [tcm(), gateway] }),
      artifact({ dependencies: [{ ecuType: 'GW', component: 'maps', software: { range: '>=3' } }] }),
      ['dependency-missing'],
    ],
    [
      'other ECU is too old',
      vehicle({ ecus: [tcm(), gateway] }),
      artifact({ dependencies: [{ ecuType: 'GW', software: { range: '>=4' } }] }),
      ['dependency-version'],
    ],
    [
      'other ECU is right',
      vehicle({ ecus: [tcm(), gateway] }),
      artifact({ dependencies: [{ ecuType: 'GW', software: { range: '>=3' } }] }),
      [],
    ],
    [
      'installed already',
      vehicle({ ecus: [tcm('2.0.0')] }),
      artifact({ previousSoftware: { range: '<2.0.0' } }),
      ['already-installed'],
    ],
    ['going back is allowed', vehicle({ ecus: [tcm('2.1.0')] }), artifact(), []],
    [
      'going back is refused where the artifact says so',
      vehicle({ ecus: [tcm('2.1.0')] }),
      artifact({ previousSoftware: { range: '<2.0.0' } }),
      ['previous-software'],
    ],
  ])('%s', (_, car, software, expected) => {
    expect(codes(car, software)).toEqual(expected);
    expect(compatibility(car, software).compatible).toBe(expected.length === 0);
  });

  it('names every failed clause at once, with what was expected and found', () => {
    const { reasons } = compatibility(
      vehicle({ region: 'US', ecus: [tcm('1.0.0')] }),
      artifact({
        regions: ['DE', 'FR'],
        models: ['X2'],
        hardware: [{ part: 'HW-8', versions: null }],
        previousSoftware: { range: '>=1.4.0' },
        dependencies: [{ ecuType: 'GW', software: { range: '>=3' } }],
      }),
    );
    expect(reasons.map(({ code, clause, expected, actual }) => [code, clause, expected, actual])).toEqual([
      ['region', 'regions', 'DE, FR', 'US'],
      ['model', 'models', 'X2', 'X1'],
      ['hardware-part', 'hardware', 'HW-8', 'HW-7'],
      ['previous-software', 'previousSoftware', '>=1.4.0', '1.0.0'],
      ['dependency-missing', 'dependencies', 'GW/main >=3', null],
    ]);
  });
});

describe('an ECU type at several positions', () => {
  const left = tcm('1.4.0', { position: 'left' });
  const right = (software: string) => tcm(software, { position: 'right' });

  it('needs all of them to qualify', () => {
    const software = artifact({ previousSoftware: { range: '>=1.4.0' } });
    expect(codes(vehicle({ ecus: [left, right('1.3.0')] }), software)).toEqual(['previous-software']);
    expect(compatibility(vehicle({ ecus: [left, right('1.3.0')] }), software).reasons[0]?.message).toContain(
      'TCM right/main',
    );
    expect(codes(vehicle({ ecus: [left, right('1.5.0')] }), software)).toEqual([]);
  });

  it('goes on where one has the version already', () => {
    const software = artifact({ previousSoftware: { range: '<2.0.0' } });
    expect(codes(vehicle({ ecus: [left, right('2.0.0')] }), software)).toEqual([]);
    expect(satisfied(vehicle({ ecus: [left, right('2.0.0')] }), software)).toBe(false);
  });
});

describe('properties', () => {
  const word = fc.constantFrom('a', 'b', 'c');
  const version = fc.constantFrom('1.0.0', '1.1.0', '2.0.0', '2.0.0-rc.1', 'w12');
  const constraint = fc.oneof(
    fc.constantFrom('<1.1.0', '>=1.1.0', '*', '^2.0.0-0').map((range) => ({ range })),
    fc.array(version, { minLength: 1, maxLength: 3 }).map((exact) => ({ exact })),
  );
  const region = fc.constantFrom('DE', 'DE-BY', 'DE-BE', 'FR');
  const needs = fc.record({
    regions: fc.array(region, { maxLength: 2 }),
    models: fc.array(word, { maxLength: 2 }),
    variants: fc.array(word, { maxLength: 2 }),
    hardware: fc.array(fc.record({ part: word, versions: fc.option(constraint) }), { maxLength: 2 }),
    previousSoftware: fc.option(constraint),
    dependencies: fc.array(
      fc.record({ ecuType: word, component: fc.constant('main'), software: constraint }),
      {
        maxLength: 2,
      },
    ),
  });
  const ecus = fc.array(
    fc
      .record({ type: word, part: word, hardware: version, software: version })
      .map((one) =>
        tcm(one.software, { type: one.type, hardware: { part: one.part, version: one.hardware } }),
      ),
    { maxLength: 4 },
  );
  const car = fc
    .record({ model: word, variant: word, region, ecus, decommissioned: fc.boolean() })
    .map((facts) => vehicle(facts));
  const target = { ecuType: 'a', component: 'main' };

  it('a clause less never takes a vehicle away, and takes only reasons of that clause', () => {
    fc.assert(
      fc.property(
        car,
        needs,
        fc.constantFrom(...(['regions', 'models', 'variants', 'hardware', 'dependencies'] as const)),
        (facts, wants, clause) => {
          const all = compatibility(facts, artifact(wants, { target }));
          const fewer = compatibility(facts, artifact({ ...wants, [clause]: [] }, { target }));
          expect(fewer.reasons).toEqual(all.reasons.filter((reason) => reason.clause !== clause));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('one more region, model or variant in a list never takes a vehicle away', () => {
    fc.assert(
      fc.property(car, needs, region, word, (facts, wants, more, name) => {
        const listed = (list: readonly string[], one: string) => (list.length === 0 ? [] : [...list, one]);
        const wider = {
          ...wants,
          regions: listed(wants.regions, more),
          models: listed(wants.models, name),
          variants: listed(wants.variants, name),
        };
        if (compatibility(facts, artifact(wants, { target })).compatible)
          expect(compatibility(facts, artifact(wider, { target })).compatible).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('is compatible exactly when there is no reason, and never when satisfied', () => {
    fc.assert(
      fc.property(car, needs, (facts, wants) => {
        const software = artifact(wants, { target });
        const result = compatibility(facts, software);
        expect(result.compatible).toBe(result.reasons.length === 0);
        if (satisfied(facts, software)) expect(result.compatible).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});
