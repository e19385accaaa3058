/** Queries and vehicles that have something to do with each other, so that a query matches some of them. */
import fc from 'fast-check';
import {
  type Comparison,
  join,
  type Operator,
  type Pattern,
  type Query,
  type Selector,
} from '../../../src/domain/targeting/ast.ts';
import type { ConfigurationFacts, SingleFacts } from '../../../src/domain/targeting/evaluate.ts';

const MODELS = ['X', 'Y', 'Model (2024)', "it's", 'a*b', 'and', 'ß'];
const REGIONS = ['DE', 'DE-BY', 'FR', 'US-CA'];
const VERSIONS = ['1.0.0', '1.2.0-rc.1', '1.2.0', '1.10.0', '2.0.0+7', 'H7'];
const SEMVERS = VERSIONS.filter((version) => version !== 'H7');
const TAGS = ['beta', 'pilot', 'fleet:a'];
const DATES = ['2023-12-31', '2024-02-29', '2024-03-01'];
const TYPES = ['TCM', 'ADAS'];
const COMPONENTS = ['main', 'maps'];
const ids = Array.from({ length: 12 }, (_, i) => `V${i}`);
const LISTS = ['l-1', 'l-2'];

const EQUALITY: readonly Operator[] = ['==', '!=', '=in=', '=out='];
const ORDER: readonly Operator[] = ['<', '<=', '>', '>='];

/** Text pieces with wildcards between: made by cutting a word, so that it often matches. */
const patternOf = (word: string): fc.Arbitrary<Pattern> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant([word]) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.nat(word.length), fc.nat(word.length))
        .map(([a, b]) => [word.slice(0, Math.min(a, b)), word.slice(Math.max(a, b))]),
    },
    { weight: 1, arbitrary: fc.constant(['', '']) },
  );

function comparisonOf(
  selector: Selector,
  words: readonly string[],
  operators: readonly Operator[],
  ordered: readonly string[] = words,
): fc.Arbitrary<Comparison> {
  const word = fc.constantFrom(...words);
  return fc.constantFrom(...operators).chain((operator): fc.Arbitrary<Comparison> => {
    const make = (values: readonly Pattern[]): Comparison => ({
      kind: 'compare',
      selector,
      operator,
      values,
    });
    if (operator === '=in=' || operator === '=out=')
      return fc.array(word, { minLength: 1, maxLength: 4 }).map((all) => make(all.map((one) => [one])));
    if (ORDER.includes(operator)) return fc.constantFrom(...ordered).map((one) => make([[one]]));
    return word.chain(patternOf).map((value) => make([value]));
  });
}

const vehicleField = (field: Extract<Selector, { kind: 'vehicle' }>['field']): Selector => ({
  kind: 'vehicle',
  field,
});
const listValues = LISTS.map((list) => `list:${list}`);

const idComparison = comparisonOf(vehicleField('vehicle'), ids, EQUALITY);
const listComparison = fc
  .tuple(
    fc.constantFrom<Operator>('=in=', '=out='),
    fc.array(fc.constantFrom(...listValues, ...ids), { minLength: 1, maxLength: 3 }),
  )
  .map(
    ([operator, values]): Comparison => ({
      kind: 'compare',
      selector: vehicleField('vehicle'),
      operator,
      values: values.map((value) => [value]),
    }),
  );
const ecuComparison = fc.constantFrom(...TYPES).chain((type) =>
  fc.oneof(
    fc
      .constantFrom(...COMPONENTS)
      .chain((component) =>
        comparisonOf(
          { kind: 'ecu', type, component, field: 'software' },
          VERSIONS,
          [...EQUALITY, ...ORDER],
          SEMVERS,
        ),
      ),
    comparisonOf({ kind: 'ecu', type, component: 'main', field: 'hardwarePart' }, ['P-1', 'P-2'], EQUALITY),
    comparisonOf(
      { kind: 'ecu', type, component: 'main', field: 'hardwareVersion' },
      VERSIONS,
      [...EQUALITY, ...ORDER],
      SEMVERS,
    ),
    fc.tuple(fc.constantFrom<Operator>('==', '!='), fc.constantFrom('true', 'false')).map(
      ([operator, value]): Comparison => ({
        kind: 'compare',
        selector: { kind: 'ecu', type, component: 'main', field: 'present' },
        operator,
        values: [[value]],
      }),
    ),
  ),
);

export const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  idComparison,
  listComparison,
  comparisonOf(
    vehicleField('vin'),
    ids.map((id) => `VIN${id}`),
    EQUALITY,
  ),
  comparisonOf(vehicleField('brand'), ['B1', 'B2'], EQUALITY),
  comparisonOf(vehicleField('model'), MODELS, EQUALITY),
  comparisonOf(vehicleField('variant'), ['', 'S'], EQUALITY),
  comparisonOf(vehicleField('region'), REGIONS, EQUALITY),
  comparisonOf(vehicleField('timeZone'), ['Europe/Berlin', 'UTC'], EQUALITY),
  comparisonOf(vehicleField('tag'), TAGS, EQUALITY),
  comparisonOf(vehicleField('buildDate'), DATES, [...EQUALITY, ...ORDER]),
  ecuComparison,
);

export const query: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    comparison,
    fc
      .tuple(
        fc.constantFrom<'and' | 'or'>('and', 'or'),
        fc.array(tie('query'), { minLength: 2, maxLength: 4 }),
      )
      .map(([kind, nodes]) => join(kind, nodes)),
  ),
})).query;

const ecu = (type: string) =>
  fc.record({
    type: fc.constant(type),
    hardware: fc.record({ part: fc.constantFrom('P-1', 'P-2'), version: fc.constantFrom(...VERSIONS) }),
    components: fc
      .subarray([...COMPONENTS], { minLength: 1 })
      .chain((names) =>
        fc
          .tuple(...names.map(() => fc.constantFrom(...VERSIONS)))
          .map((versions) =>
            names.map((name, i) => ({ name, part: '', softwareVersion: versions[i] ?? '1.0.0' })),
          ),
      ),
  });

export type Vehicle = ConfigurationFacts & Omit<SingleFacts, 'isInList'>;

/** Vehicle number `i` of a fleet; `ecus` of one type are at different positions. */
export const vehicle = (i: number): fc.Arbitrary<Vehicle> =>
  fc.record({
    vehicleId: fc.constant(`V${i}`),
    vin: fc.constantFrom(`VINV${i}`, ''),
    brand: fc.constantFrom('B1', 'B2'),
    model: fc.constantFrom(...MODELS),
    variant: fc.constantFrom('', 'S'),
    region: fc.constantFrom(...REGIONS),
    timeZone: fc.constantFrom('Europe/Berlin', 'UTC'),
    tags: fc.subarray([...TAGS]),
    buildDate: fc.option(fc.constantFrom(...DATES)),
    ecus: fc.array(fc.constantFrom(...TYPES).chain(ecu), { maxLength: 3 }),
  });

export const fleet: fc.Arbitrary<readonly Vehicle[]> = fc
  .integer({ min: 0, max: 12 })
  .chain((size) => fc.tuple(...Array.from({ length: size }, (_, i) => vehicle(i))));

/** Both lists that queries name; ids of vehicles that are not there are among them. */
export const lists: fc.Arbitrary<Readonly<Record<string, readonly string[]>>> = fc.record({
  'l-1': fc.subarray([...ids, 'V99']),
  'l-2': fc.subarray([...ids]),
});
