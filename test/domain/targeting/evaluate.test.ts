import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparison, comparisonsOf } from '../../../src/domain/targeting/ast.ts';
import {
  type ConfigurationFacts,
  evaluate,
  matchesQuery,
  matchesSingle,
  reduceQuery,
  type SingleFacts,
} from '../../../src/domain/targeting/evaluate.ts';
import { parseQuery } from '../../../src/domain/targeting/parse.ts';
import { matchesPattern } from '../../../src/domain/targeting/pattern.ts';
import { lists, query, vehicle } from './arbitraries.ts';

const ecu = (type: string, softwareVersion: string, version = '1.0.0', name = 'main') => ({
  type,
  hardware: { part: 'P-1', version },
  components: [{ name, part: '', softwareVersion }],
});
const car: ConfigurationFacts & SingleFacts = {
  vehicleId: 'V1',
  vin: 'WVWZZZ1JZXW000001',
  brand: 'Acme',
  model: 'Model X',
  variant: '',
  region: 'DE-BY',
  timeZone: 'Europe/Berlin',
  tags: ['beta', 'fleet:a'],
  buildDate: '2024-03-01',
  ecus: [
    ecu('TCM', '1.10.0'),
    ecu('ADAS', '2.0.0', 'H7'),
    ecu('ADAS', '3.0.0'),
    ecu('MAP', 'A', '1.0.0', 'tiles'),
  ],
  isInList: (list) => list === 'pilots',
};

const holds = (text: string): boolean => {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return matchesQuery(parsed.query, car);
};

describe('what a query means', () => {
  it.each([
    'vehicle==*',
    'vehicle=in=(V1,V2)',
    'vehicle=in=list:pilots',
    'vehicle=out=list:others',
    'vin==WVW*',
    "model=='Model X'",
    'model==*X',
    'region==DE',
    'region==DE-BY',
    'region==*-BY',
    "variant==''",
    'tag==beta',
    'tag==fleet:*',
    'tag=in=(none,beta)',
    'buildDate>=2024-03-01',
    'buildDate==2024-*',
    'ecu.TCM.software>1.9.0',
    'ecu.TCM.software==v1.10.0',
    'ecu.TCM.software=out=(1.1.0,1.2.0)',
    'ecu.ADAS.software==2.0.0;ecu.ADAS.software==3.0.0',
    'ecu.ADAS.hardwareVersion==H7',
    'ecu.MAP.tiles.software==A',
    'ecu.MAP.present==true',
    'ecu.XYZ.present==false',
    'ecu.XYZ.software!=1.0.0',
  ])('%s holds', (text) => {
    expect(holds(text)).toBe(true);
  });

  it.each([
    'vehicle==V2',
    'vehicle=out=list:pilots',
    'region==DE-BE',
    'region==FR',
    'tag!=beta',
    'variant==S',
    'ecu.TCM.software<1.9.0',
    'ecu.MAP.software==A',
    'ecu.MAP.tiles.software>0.0.1',
    'ecu.ADAS.hardwareVersion>1.0.0',
    'ecu.XYZ.software<9.9.9',
    'ecu.TCM.hardwarePart!=P-1',
  ])('%s does not hold', (text) => {
    expect(holds(text)).toBe(false);
  });

  it('orders nothing for a vehicle without build date', () => {
    const undated = { ...car, buildDate: null };
    const parsed = parseQuery('buildDate<2024-01-01,buildDate>=2024-01-01');
    expect(parsed.ok && matchesQuery(parsed.query, undated)).toBe(false);
  });

  it('makes != and =out= the opposites of == and =in=', () => {
    const opposite = { '==': '!=', '!=': '==', '=in=': '=out=', '=out=': '=in=' } as const;
    fc.assert(
      fc.property(query, vehicle(3), lists, (made, facts, members) => {
        const subject = {
          ...facts,
          isInList: (id: string) => members[id]?.includes(facts.vehicleId) ?? false,
        };
        for (const one of comparisonsOf(made)) {
          const operator = Object.hasOwn(opposite, one.operator)
            ? opposite[one.operator as keyof typeof opposite]
            : null;
          if (operator === null) continue;
          const other: Comparison = { ...one, operator };
          expect(matchesQuery(other, subject)).toBe(!matchesQuery(one, subject));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('comes out the same when the configuration is judged first', () => {
    fc.assert(
      fc.property(query, vehicle(3), lists, (made, facts, members) => {
        const subject = {
          ...facts,
          isInList: (id: string) => members[id]?.includes(facts.vehicleId) ?? false,
        };
        const rest = reduceQuery(made, subject);
        const result =
          typeof rest === 'boolean' ? rest : evaluate(rest, (one) => matchesSingle(one, subject));
        expect(result).toBe(matchesQuery(made, subject));
      }),
      { numRuns: 300 },
    );
  });
});

describe('wildcards', () => {
  it('match as a regular expression would', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), text, (pieces, subject) => {
        expect(matchesPattern(pieces, subject)).toBe(new RegExp(`^${pieces.join('.*')}$`).test(subject));
      }),
      { numRuns: 500 },
    );
  });

  it('take no longer the more of them there are', () => {
    const pieces = Array.from({ length: 3000 }, () => 'a');
    expect(matchesPattern([...pieces, 'b'], 'a'.repeat(9000))).toBe(false);
  });
});
