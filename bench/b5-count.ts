/** B5: a count with four predicates and facets over a large fleet, and what the targeting index holds per vehicle. */
import type { RecordedEvent } from '../src/app/ports.ts';
import { vehicleStream } from '../src/domain/shared/streams.ts';
import { TargetingIndex } from '../src/projections/targeting/targeting-index.ts';
import { defineBenchmark, type Figure } from './benchmark.ts';

const GOAL_MS = 20;
const VEHICLES_PER_BATCH = 1000;
/** ECU types of each vehicle beside the TCM. */
const OTHER_ECUS = Array.from({ length: 19 }, (_, i) => `ECU${i}`);
const REGIONS = ['DE', 'DE-BY', 'FR', 'US-CA', 'JP', 'GB', 'IT', 'ES'];

const metadata = {
  actor: { kind: 'system', id: 'bench' },
  time: '2026-01-01T00:00:00.000Z',
  correlationId: 'bench',
  causationId: null,
  source: 'cli',
} as const;

/** Spreads numbers evenly, so that attributes of a vehicle don't go together. */
const mix = (value: number, salt: number): number => {
  let hash = Math.imul(value + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
};
const pick = <Value>(values: readonly [Value, ...Value[]] | readonly Value[], number: number): Value =>
  values[number % values.length] as Value;

const vehicleId = (number: number): string => `WVWZZZ1J${number.toString().padStart(9, '0')}`;

const ecu = (type: string, softwareVersion: string, version: string) => ({
  type,
  position: '',
  serial: '',
  hardware: { part: `${type}-100`, version },
  components: [{ name: 'main', part: '', softwareVersion }],
});

/** @param equipments how many distinct sets of ECUs there are. */
function eventsOf(number: number, equipments: number): { type: string; data: unknown }[] {
  const id = vehicleId(number);
  const day = new Date(Date.UTC(2020, 0, 1) + (mix(number, 1) % 1800) * 86_400_000);
  const set = mix(number, 2) % equipments;
  const description = {
    brand: pick(['Acme', 'Apex'], mix(number, 3)),
    model: `M${mix(number, 4) % 12}`,
    variant: pick(['', 'S'], mix(number, 5)),
    region: pick(REGIONS, mix(number, 6)),
    timeZone: 'Europe/Berlin',
    tags: mix(number, 7) % 10 === 0 ? ['beta'] : [],
    buildDate: day.toISOString().slice(0, 10),
  };
  const ecus = [
    ecu('TCM', `${1 + (set % 3)}.${set % 7}.0`, `H${set % 4}`),
    ...OTHER_ECUS.map((type, i) => ecu(type, `1.${mix(set, i) % 4}.0`, '1.0.0')),
  ];
  return [
    { type: 'VehicleRegistered', data: { vehicleId: id, vin: { clear: id }, checkDigitValid: true } },
    { type: 'VehicleDescribed', data: { vehicleId: id, description } },
    { type: 'InventoryReported', data: { vehicleId: id, source: 'plant', ecus, report: null } },
  ];
}

function artifact(position: string): RecordedEvent {
  const requirements = {
    hardware: [{ part: 'TCM-100', versions: { exact: ['H0', 'H1', 'H2'] } }],
    previousSoftware: { range: '>=1.0.0 <3.0.0' },
    regions: ['DE', 'FR', 'GB'],
    models: [],
    variants: [],
    dependencies: [{ ecuType: 'ECU0', component: 'main', software: { range: '>=1.1.0' } }],
  };
  const data = {
    artifactId: 'tcm@3.1.0',
    name: 'tcm',
    version: '3.1.0',
    versionScheme: 'semver',
    kind: 'firmware',
    target: { ecuType: 'TCM', component: 'main' },
    releaseType: 'routine',
    releaseNotes: '',
    supersedes: null,
    requirements,
    by: 'bench',
  };
  return recorded('artifact-tcm@3.1.0', 0, position, { type: 'ArtifactRegistered', data });
}

const recorded = (
  stream: string,
  revision: number,
  position: string,
  event: { type: string; data: unknown },
): RecordedEvent => ({ ...event, id: position, schemaVersion: 1, stream, revision, position, metadata });

function fill(index: TargetingIndex, vehicles: number, equipments: number, progress: (line: string) => void) {
  let last = 0;
  const next = (): string => (++last).toString(16).padStart(16, '0');
  const first = artifact(next());
  index.apply({ events: [first], position: first.position });
  let folding_ms = 0;
  for (let from = 0; from < vehicles; from += VEHICLES_PER_BATCH) {
    const events: RecordedEvent[] = [];
    for (let number = from; number < Math.min(vehicles, from + VEHICLES_PER_BATCH); number++)
      for (const [revision, event] of eventsOf(number, equipments).entries())
        events.push(recorded(vehicleStream(vehicleId(number)), revision, next(), event));
    const before = performance.now();
    index.apply({ events, position: events.at(-1)?.position ?? '' });
    folding_ms += performance.now() - before;
    if (from % 500_000 === 0) progress(`${from} of ${vehicles} vehicles`);
  }
  return folding_ms;
}

const QUERIES = [
  ['four predicates', (i: number) => `model==M${i % 12};region==DE;ecu.TCM.software<2.${i}.0;tag!=beta`],
  ['everybody', () => 'vehicle==*'],
  ['by build date', (i: number) => `buildDate>=2021-01-${10 + (i % 20)};model==M${i % 12}`],
  ['by beginning of VIN', (i: number) => `vin==WVWZZZ1J${String(i).padStart(3, '0')}*`],
  ['three named', (i: number) => `vehicle=in=(${vehicleId(i)},${vehicleId(i + 1)},X);region==DE`],
] as const;

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

export const benchmark = defineBenchmark({
  title: 'count with four predicates and facets',
  options: {
    vehicles: { description: 'vehicles in the index', default: 10_000_000 },
    equipments: { description: 'distinct sets of 20 ECUs', default: 50 },
    counts: { description: 'counts of each query', default: 100 },
  },
  async run({ vehicles, equipments, counts }, progress) {
    const index = new TargetingIndex();
    globalThis.gc?.();
    const before = process.memoryUsage();
    const folding_ms = fill(index, vehicles, equipments, progress);
    globalThis.gc?.();
    const after = process.memoryUsage();
    const held = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    const figures: Figure[] = [
      { name: 'vehicles', value: index.size.vehicles, unit: '' },
      { name: 'distinct configurations', value: index.size.configurations, unit: '' },
      { name: 'folded', value: (vehicles / folding_ms) * 1000, unit: 'vehicles/s' },
      { name: 'held per vehicle (with --expose-gc)', value: held / vehicles, unit: 'bytes' },
    ];
    let goal_ms = 0;
    for (const [name, query] of QUERIES) {
      const took: number[] = [];
      for (let i = 0; i < counts; i++) {
        const start = performance.now();
        const count = index.count(query(i), ['tcm@3.1.0']);
        took.push(performance.now() - start);
        if (!count.ok) throw new Error(JSON.stringify(count.problem));
      }
      const [first = 0] = took;
      took.sort((a, b) => a - b);
      if (goal_ms === 0) goal_ms = at(took, 0.99);
      figures.push({ name: `${name}: first`, value: first, unit: 'ms' });
      figures.push({ name: `${name}: p50`, value: at(took, 0.5), unit: 'ms' });
      figures.push({ name: `${name}: p99`, value: at(took, 0.99), unit: 'ms' });
    }
    return {
      figures,
      ratios: [{ name: '20 ms by p99 of four predicates', value: GOAL_MS / goal_ms, goal: 1 }],
      notes: ['Each count is of another query, so that nothing is answered from what was kept.'],
    };
  },
});
