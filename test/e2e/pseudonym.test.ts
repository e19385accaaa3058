/** A deployment whose vehicle ids are pseudonyms: everything works by VIN, and no VIN is in the log. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exportEvents, exportVehicles } from '../../src/demo/export-files.ts';
import { policyOf, readProgress } from '../../src/demo/run-campaign.ts';
import { judge } from '../../src/demo/verdict.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { eventsOf, OVER, type Prepared, prepare, start } from './support/campaign.ts';
import { filesBelow } from './support/damage.ts';
import { Stage } from './support/stage.ts';
import { until } from './support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });
const VEHICLES = 50;
const SEED = 31;

const stage = new Stage({
  environment: { FLEETWAVE_IDENTITY: 'pseudonym', FLEETWAVE_TICK_MS: '50' },
});
let world: Prepared;

beforeAll(async () => {
  await stage.start();
  world = await prepare(stage, VEHICLES, SEED);
}, 120_000);

afterAll(() => stage.close());

const vinOf = (index: number): string => world.plan.vehicle(index).row.vin;
const vins = (): string[] => Array.from({ length: VEHICLES }, (_, index) => vinOf(index));
const get = async (path: string, minPosition = ''): Promise<Record<string, unknown>> =>
  (await world.persons.oda.request('GET', path, minPosition === '' ? {} : { minPosition })).body as Record<
    string,
    unknown
  >;

describe('a deployment with pseudonyms', () => {
  it('gives ids that are not the VIN, and finds vehicles by either', async () => {
    for (const { vehicleId, index, username } of world.accounts) {
      expect(vehicleId).toMatch(/^[A-Z2-7]{26}$/);
      expect(username).toBe(vehicleId);
      const byVin = await get(`/v1/vehicles/${vinOf(index)}`);
      expect(byVin).toMatchObject({ id: vehicleId, vin: vinOf(index) });
      expect(await get(`/v1/vehicles/${vehicleId}`)).toEqual(byVin);
    }
  });

  it('takes every command and query by VIN', async () => {
    const { oda, ada } = world.persons;
    const [account] = world.accounts;
    if (account === undefined) throw new Error('there is no vehicle');
    const { vin, ...row } = world.plan.vehicle(account.index).row;
    const described = await oda.request('PUT', `/v1/vehicles/${vin}`, { body: { ...row, tags: ['seen'] } });
    expect(described).toMatchObject({ status: 200 });
    const flag = { code: 'BRAKE-7', reason: 'Recall.' };
    await oda.request('POST', `/v1/vehicles/${vin}/flag-service`, { body: flag });
    await oda.request('POST', `/v1/vehicles/${vin}/clear-service`, { body: { code: flag.code } });
    const list = { vehicles: vins().slice(0, 10) };
    expect(await ada.request('PUT', '/v1/vehicle-lists/ten', { body: list })).toMatchObject({ status: 200 });
    const last = await oda.request('POST', `/v1/vehicles/${vin}/flag-service`, { body: flag });
    const query = encodeURIComponent('vehicle=in=list:ten');
    const preview = await get(`/v1/targeting/preview?query=${query}`, last.position);
    expect(preview).toMatchObject({ matched: 10 });
    expect(await get(`/v1/vehicles/${vin}/available-updates`)).toMatchObject({
      vehicleId: account.vehicleId,
    });
    // Whoever may not, or asks for what is not there, leaves no VIN behind either.
    await expect(ada.request('POST', `/v1/vehicles/${vin}/issue-credential`, { body: {} })).rejects.toThrow(
      '403',
    );
    await expect(get('/v1/vehicles/WVWZZZ1JZXW000001')).rejects.toThrow('404');
  });

  it('runs a campaign to its end, reconciled to the last message', async () => {
    const { oda } = world.persons;
    const simulator = stage.simulate([
      ...['--fleet', stage.file('fleet.ndjson'), '--ledger', stage.file('ledger.ndjson')],
      ...['--vehicles', String(VEHICLES), '--seed', String(SEED), '--grace-ms', '30000', '--quiet'],
    ]);
    await start(world, policyOf(world.plan));
    const ended = await until('the end of the campaign', async () => {
      const progress = await readProgress(oda);
      return OVER.includes(progress.state) ? progress : null;
    });
    expect(await stage.stop(simulator)).toBe(0);
    const [events, vehicles] = [stage.file('events.ndjson'), stage.file('vehicles.ndjson')];
    await exportEvents(oda, events, undefined);
    await exportVehicles(oda, vehicles);
    const findings = await reconcile({ ledger: stage.file('ledger.ndjson'), events, vehicles });
    const { compatible: targets, incompatible } = world.plan;
    expect(judge(ended, findings, { targets, incompatible, failing: new Set() }).complaints).toEqual([]);
    const [account] = world.accounts;
    const vin = vinOf(account?.index ?? 0);
    const position = (await eventsOf(oda)).at(-1)?.position ?? '';
    const { items } = (await get(`/v1/vehicles/${vin}/assignments`, position)) as { items: object[] };
    expect(items).toMatchObject([{ vehicleId: account?.vehicleId, phase: 'succeeded' }]);
  });

  it('has no VIN in any file of the data directory, nor in what it exports', async () => {
    expect(await stage.stopServer()).toBe(0);
    const files = [
      ...filesBelow(stage.dataDir),
      ...['events', 'vehicles'].map((name) => stage.file(`${name}.ndjson`)),
    ];
    expect(files.some((file) => file.endsWith('log.sqlite'))).toBe(true);
    const found = files.flatMap((file) => {
      const bytes = readFileSync(file);
      return vins().flatMap((vin) => (bytes.includes(vin) ? `${vin} in ${file}` : []));
    });
    expect(found).toEqual([]);
  });
});
