/** B20: what counting the installed base over time adds to the folding of vehicles, and how soon a series comes back. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteReader } from '../src/adapters/read-model/sqlite/sqlite-reader.ts';
import { openSqliteReadModel } from '../src/adapters/read-model/sqlite/sqlite-writer.ts';
import { installedBaseAnswer } from '../src/api/history/installed-base.ts';
import type { EventBatch, Projection, ReadModelReader, RecordedEvent } from '../src/app/ports.ts';
import { rebuildProjection } from '../src/app/projector.ts';
import { vehicleStream } from '../src/domain/shared/streams.ts';
import type { VehicleEvent } from '../src/domain/vehicle/events.ts';
import { targetId } from '../src/projections/installed-base/format.ts';
import { installedBaseOf } from '../src/projections/installed-base/read.ts';
import { vehiclesAlone, vehicles as vehiclesCounted } from '../src/projections/vehicles.ts';
import { defineBenchmark, median } from './benchmark.ts';

const GOAL_MS = 100;
const GOAL_SHARE = 0.9;
const BATCH = 1000;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2024, 0, 1);
const MODELS = 12;
const REGIONS = ['DE', 'FR', 'GB', 'IT', 'ES', 'SE', 'NL', 'PL'];
const SAMPLES = 200;
const BUCKETS = 200;
const WINDOWS_DAYS = [1 / 24, 1, 7, 30, 365];

interface Fleet {
  readonly vehicles: number;
  readonly ecus: number;
  readonly updates: number;
  readonly days: number;
}

const vehicleId = (n: number): string => `WFW${String(n).padStart(14, '0')}`;
const typeOf = (k: number): string => `ECU${k}`;

/** Each update is of one ECU type, the same for all vehicles. */
function inventoryOf(n: number, updates: number, ecus: number): VehicleEvent {
  const list = Array.from({ length: ecus }, (_, k) => ({
    type: typeOf(k),
    position: '',
    serial: `S-${n}-${k}`,
    hardware: { part: `P-${k}`, version: '1.0.0' },
    components: [
      {
        name: 'main',
        part: '',
        softwareVersion: `1.${n % 5}.${Math.floor((updates + ecus - 1 - k) / ecus)}`,
      },
    ],
  }));
  return {
    type: 'InventoryReported',
    data: { vehicleId: vehicleId(n), source: 'ota', ecus: list, report: null },
  };
}

function registrationOf(n: number, ecus: number): readonly VehicleEvent[] {
  const description = {
    brand: 'B',
    model: `M${n % MODELS}`,
    variant: '',
    region: REGIONS[Math.floor(n / MODELS) % REGIONS.length] ?? '',
    timeZone: 'UTC',
    tags: [],
    buildDate: null,
  };
  const id = vehicleId(n);
  return [
    { type: 'VehicleRegistered', data: { vehicleId: id, vin: { clear: id }, checkDigitValid: true } },
    { type: 'VehicleDescribed', data: { vehicleId: id, description } },
    inventoryOf(n, 0, ecus),
  ];
}

function* eventsOf({ vehicles, ecus, updates }: Fleet): Generator<readonly [n: number, event: VehicleEvent]> {
  for (let n = 0; n < vehicles; n++) for (const event of registrationOf(n, ecus)) yield [n, event];
  for (let update = 1; update <= updates; update++)
    for (let n = 0; n < vehicles; n++) yield [n, inventoryOf(n, update, ecus)];
}

const countOf = ({ vehicles, updates }: Fleet): number => vehicles * (3 + updates);

/** Spread evenly over the days. */
function* batchesOf(fleet: Fleet): Generator<EventBatch> {
  const each_ms = (fleet.days * DAY_MS) / countOf(fleet);
  let events: RecordedEvent[] = [];
  let sequence = 0;
  for (const [n, { type, data }] of eventsOf(fleet)) {
    const position = (++sequence).toString(16).padStart(16, '0');
    const metadata = {
      actor: { kind: 'system' as const, id: 'b' },
      time: new Date(START_MS + Math.round(sequence * each_ms)).toISOString(),
      correlationId: 'b',
      causationId: null,
      source: 'b',
    };
    const stream = vehicleStream(vehicleId(n));
    const revision = sequence;
    events.push({ id: position, type, schemaVersion: 1, data, stream, revision, position, metadata });
    if (events.length < BATCH) continue;
    yield { events, position };
    events = [];
  }
  if (events.length > 0) yield { events, position: sequence.toString(16).padStart(16, '0') };
}

interface Spent {
  wall_ms: number;
  cpu_ms: number;
}

/** Both fold the same batches in turns, so that whatever else the machine does hits them alike. */
async function foldInTurns(
  fleet: Fleet,
  runs: readonly { readonly path: string; readonly projection: Projection }[],
  say: (line: string) => void,
): Promise<readonly Spent[]> {
  const spent = runs.map((): Spent => ({ wall_ms: 0, cpu_ms: 0 }));
  const turns = runs.map(() => Promise.withResolvers<void>());
  turns[0]?.resolve();
  const pass = (mine: number): void => {
    turns[mine] = Promise.withResolvers<void>();
    turns[(mine + 1) % runs.length]?.resolve();
  };
  async function* log(mine: number): AsyncGenerator<EventBatch> {
    let folded = 0;
    const own = spent[mine] as Spent;
    for (const batch of batchesOf(fleet)) {
      await turns[mine]?.promise;
      const [started, cpu] = [performance.now(), process.cpuUsage()];
      yield batch;
      const used = process.cpuUsage(cpu);
      own.wall_ms += performance.now() - started;
      own.cpu_ms += (used.user + used.system) / 1000;
      folded += batch.events.length;
      if (mine === 0 && folded % 500_000 === 0) say(`${folded} events`);
      pass(mine);
    }
  }
  await Promise.all(
    runs.map(async ({ path, projection }, mine) => {
      const writer = openSqliteReadModel(path);
      // The first reading of the log is all of it; a second one would be of what came meanwhile.
      let read = false;
      const readAll = (): AsyncIterable<EventBatch> => {
        if (read) throw new Error('the log was read twice');
        read = true;
        return log(mine);
      };
      await rebuildProjection({ log: { readAll }, writer }, projection);
      await writer.close();
    }),
  );
  return spent;
}

const rising = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);

/** Series of each length, ending anywhere in the time of the log. The CPU is theirs also where others want it too. */
async function series(from: ReadModelReader, { days }: Fleet) {
  let pages = 0;
  const reader = {
    get: from.get.bind(from),
    getMany: (collection: string, ids: readonly string[]) => {
      pages = Math.max(pages, ids.length);
      return from.getMany(collection, ids);
    },
  } as ReadModelReader;
  const took: number[] = [];
  const cpu: number[] = [];
  for (let n = 0; n < SAMPLES; n++) {
    const length_ms = (WINDOWS_DAYS[n % WINDOWS_DAYS.length] ?? 1) * DAY_MS;
    // A golden step visits the whole time without order; every other one ends now.
    const share = n % 2 === 0 ? 1 : (n * 0.6180339887) % 1;
    const to_ms = START_MS + Math.round(days * DAY_MS * share);
    const slice =
      n % 3 === 0
        ? ({ kind: 'all' } as const)
        : n % 3 === 1
          ? ({ kind: 'region', value: 'DE' } as const)
          : ({ kind: 'model', value: 'M3' } as const);
    const [started, before] = [performance.now(), process.cpuUsage()];
    const asked = { from_ms: to_ms - length_ms, to_ms, now_ms: to_ms, buckets: BUCKETS, slice };
    const found = await installedBaseOf(reader, targetId(typeOf(0), 'main'), asked);
    if (found === null) throw new Error('there is no installed base');
    JSON.stringify(installedBaseAnswer({ ecuType: typeOf(0), component: 'main' }, {}, found));
    took.push(performance.now() - started);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
  }
  return { took: rising(took), cpu: rising(cpu), pages };
}

export const benchmark = defineBenchmark({
  title: 'installed base over time: cost of folding, and a series',
  options: {
    vehicles: { description: 'vehicles of the fleet', default: 1_000_000 },
    ecus: { description: 'ECUs of each', default: 2 },
    updates: { description: 'updates of each', default: 4 },
    days: { description: 'time in which all of it happens', default: 730 },
  },
  async run(fleet, say) {
    const directory = await mkdtemp(join(tmpdir(), 'fleetwave-b20-'));
    const [alone, counted] = ['alone.db', 'counted.db'].map((file) => join(directory, file)) as [
      string,
      string,
    ];
    try {
      const runs = [
        { path: alone, projection: vehiclesAlone },
        { path: counted, projection: vehiclesCounted },
      ];
      const [without, with_] = (await foldInTurns(fleet, runs, say)) as [Spent, Spent];
      const bytes = (await stat(counted)).size - (await stat(alone)).size;
      const reader = openSqliteReader(counted);
      const pages = await reader.count('installed-base-pages');
      const { took, cpu, pages: read } = await series(reader, fleet);
      reader.close();
      const slowest = took.at(-1) ?? 0;
      const events = countOf(fleet);
      const rate = (name: string, { wall_ms }: Spent) => ({
        name,
        value: events / (wall_ms / 1000),
        unit: 'events/s',
      });
      return {
        figures: [
          { name: 'events of vehicles', value: events, unit: '' },
          rate('vehicles folded, without the installed base', without),
          rate('vehicles folded, with it', with_),
          { name: `series of up to ${BUCKETS} steps, median`, value: median(took), unit: 'ms' },
          { name: 'series, p99', value: took[Math.floor(took.length * 0.99)] ?? slowest, unit: 'ms' },
          { name: 'series, slowest', value: slowest, unit: 'ms' },
          { name: 'series, CPU of the slowest', value: cpu.at(-1) ?? 0, unit: 'ms' },
          { name: 'series, pages read at most', value: read, unit: '' },
          { name: 'pages kept', value: pages, unit: `of ${fleet.ecus} targets` },
          { name: 'kept on disk for it', value: bytes / 1024, unit: 'KiB' },
        ],
        ratios: [
          {
            name: 'with / without, events a second',
            value: without.wall_ms / with_.wall_ms,
            goal: GOAL_SHARE,
          },
          { name: 'without / with, CPU', value: without.cpu_ms / with_.cpu_ms, goal: GOAL_SHARE },
          { name: `${GOAL_MS} ms / the slowest series`, value: GOAL_MS / slowest, goal: 1 },
        ],
        notes: ['A made-up log straight into the projections, in turns; without HTTP.'],
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
});
