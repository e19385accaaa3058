/** A pilot on the embedded default moves to EventStoreDB, MongoDB and S3: same history, same read models, same files. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openMongoReader } from '../../src/adapters/read-model/mongodb/mongo-reader.ts';
import { type Progress, readProgress } from '../../src/demo/run-campaign.ts';
import { projections } from '../../src/projections/all.ts';
import { run } from '../cli/support.ts';
import { engine, recipe, serverDirectory } from '../support/engines.ts';
import { type ExportedEvent, eventsOf, OVER, type Prepared, prepare, start } from './support/campaign.ts';
import { dumpReadModels } from './support/read-models.ts';
import { Stage } from './support/stage.ts';
import { until } from './support/wait.ts';

vi.setConfig({ testTimeout: 240_000 });
const VEHICLES = 20;
const SEED = 3;
/** History is made of positions, packed: it is looked at through replay. */
const COLLECTIONS = projections
  .flatMap(({ collections }) => collections.map(({ name }) => name))
  .filter((name) => !name.startsWith('history'));

type Dump = Readonly<Record<string, readonly unknown[]>>;
type Settings = Readonly<Record<string, string>>;

const pilot = new Stage({ environment: { FLEETWAVE_TICK_MS: '50' } });
let world: Prepared;
let settings: Settings = {};
let grown: Stage;
let stopLog: () => Promise<void> = async () => {};
const before = {
  events: [] as readonly ExportedEvent[],
  progress: null as Progress | null,
  readModels: {} as Dump,
  admin: '',
};

beforeAll(async () => {
  await pilot.start();
  world = await prepare(pilot, VEHICLES, SEED);
  const simulator = pilot.simulate([
    ...['--fleet', pilot.file('fleet.ndjson'), '--ledger', pilot.file('ledger.ndjson')],
    ...['--vehicles', String(VEHICLES), '--seed', String(SEED), '--roughness', '0', '--quiet'],
  ]);
  await start(world);
  const { oda } = world.persons;
  before.progress = await until('the end of the campaign', async () => {
    const progress = await readProgress(oda);
    return OVER.includes(progress.state) ? progress : null;
  });
  await pilot.stop(simulator);
  before.events = await eventsOf(oda);
  before.admin = pilot.adminKey();
  await pilot.stopServer();
  expect(await run(['rebuild', '--data-dir', pilot.dataDir])).toMatchObject({ code: 0 });
  before.readModels = withoutPositions(await dumpReadModels(pilot.dataDir, COLLECTIONS));

  const log = await recipe('eventstore-double').start({ directory: serverDirectory('growing-up') });
  stopLog = () => log.stop();
  const documents = new URL((await engine('documents')).url);
  documents.pathname = '/growing_up';
  const artifacts = new URL((await engine('s3')).url);
  artifacts.pathname = '/growing-up';
  settings = {
    FLEETWAVE_EVENT_STORE: log.url,
    FLEETWAVE_MONGODB: documents.href,
    FLEETWAVE_S3: artifacts.href,
    FLEETWAVE_TICK_MS: '50',
  };
  grown = new Stage({ environment: settings });
}, 240_000);

afterAll(async () => {
  await grown?.close();
  await pilot.close();
  await stopLog();
});

const fleetwave = (...args: readonly string[]) =>
  run(args, { ...settings, FLEETWAVE_DATA_DIR: grown.dataDir });

const strip = (_: string, value: unknown): unknown =>
  typeof value === 'string' && /^([0-9a-f]{16}){1,2}$/.test(value) ? 'position' : value;

/** As JSON, without the one thing that differs: where in its log an event is. */
function withoutPositions(dump: Readonly<Record<string, readonly string[]>>): Dump {
  return Object.fromEntries(
    Object.entries(dump).map(([name, lines]) => [name, lines.map((line) => JSON.parse(line, strip))]),
  );
}

async function dumpMongo(): Promise<Dump> {
  const reader = await openMongoReader({ url: settings['FLEETWAVE_MONGODB'] ?? '', log: () => {} });
  try {
    const dump: Record<string, string[]> = {};
    for (const collection of COLLECTIONS) {
      const lines: string[] = [];
      for await (const document of reader.dump(collection)) lines.push(JSON.stringify(document));
      dump[collection] = lines;
    }
    return withoutPositions(dump);
  } finally {
    await reader.close();
  }
}

describe('a pilot that grows up', () => {
  it('copies its log to EventStoreDB, where the chain is whole', async () => {
    const from = `sqlite:${pilot.dataDir}`;
    const copied = await fleetwave('copy', '--from', from, '--to', 'configured', '--json');
    expect({ code: copied.code, err: copied.err }).toMatchObject({ code: 0 });
    const { ok, copied: appends, source, target } = JSON.parse(copied.out);
    expect(ok).toBe(true);
    expect(appends).toBeGreaterThan(100);
    expect(target).toEqual(source);
    const verified = await fleetwave('verify', '--json');
    expect(JSON.parse(verified.out)).toEqual({ appends, streams: source.streams, problems: [] });
  });

  it('brings its artifacts to S3 and its keys to the new place, and finds the log there', async () => {
    const restored = await fleetwave('restore', pilot.dataDir, '--json');
    expect({ code: restored.code, err: restored.err }).toMatchObject({ code: 0 });
    expect(JSON.parse(restored.out)).toMatchObject({
      ok: true,
      log: { copied: 0 },
      artifacts: { copied: 3, held: 0, damaged: [] },
      keyFiles: 4,
    });
    const examined = await fleetwave('doctor', '--deep');
    expect(examined.out).toContain('3 files decrypt to the digests in the log');
  });

  it('replays a campaign from there, and folds the same read models into MongoDB', async () => {
    const [there, here] = [
      await fleetwave('replay', 'demo-spring-update', '--json'),
      await run(['replay', 'demo-spring-update', '--json', '--data-dir', pilot.dataDir]),
    ];
    expect(there.code).toBe(0);
    expect(JSON.parse(there.out, strip)).toEqual(JSON.parse(here.out, strip));
    expect(await fleetwave('rebuild')).toMatchObject({ code: 0 });
    expect(await dumpMongo()).toEqual(before.readModels);
  });

  it('serves the same from the new engines, to the same keys', async () => {
    await grown.start();
    expect(grown.adminKey()).toBe(before.admin);
    const oda = await grown.person('oda', 'operator', 'analyst');
    expect(await readProgress(oda)).toEqual(before.progress);
    const idsOf = (events: readonly ExportedEvent[]) =>
      events.map(({ id, stream, data }) => ({ id, stream, data }));
    expect(idsOf(await eventsOf(oda))).toEqual(idsOf(before.events));
  });

  it('rebuilds its read models beside the running server, and they are the same again', async () => {
    expect(await fleetwave('rebuild')).toMatchObject({ code: 0 });
    const oda = await grown.person('olga', 'operator', 'analyst');
    const { row } = world.plan.vehicle(0);
    const { vin, ...described } = row;
    const put = await oda.request('PUT', `/v1/vehicles/${vin}`, {
      body: { ...described, tags: ['grown-up'] },
    });
    expect(put.status).toBe(200);
    // The projector was put off by the rebuild, and goes on with what it made.
    await until('the change to be seen', async () => {
      const { body } = await oda.request('GET', `/v1/vehicles/${vin}`);
      return (body as { tags: readonly string[] }).tags.includes('grown-up') ? true : null;
    });
    expect(await grown.stopServer()).toBe(0);
    const served = await dumpMongo();
    expect(await fleetwave('rebuild')).toMatchObject({ code: 0 });
    expect(await dumpMongo()).toEqual(served);
    expect(await fleetwave('verify')).toMatchObject({ code: 0 });
  });

  it('can go back: a backup of it is a data directory of the embedded default', async () => {
    const backup = pilot.file('backup');
    const done = await fleetwave('backup', backup, '--json');
    expect(JSON.parse(done.out)).toMatchObject({ ok: true, artifacts: { copied: 3 }, keyFiles: 4 });
    expect(await run(['verify', '--data-dir', backup])).toMatchObject({ code: 0 });
    expect(await run(['rebuild', '--data-dir', backup])).toMatchObject({ code: 0 });
    expect(withoutPositions(await dumpReadModels(backup, COLLECTIONS))).toEqual(await dumpMongo());
  });
});
