/** A backup of a server that is in the middle of a campaign, restored: the same history, the same answers. */
import { cpSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pathsOf } from '../../src/config.ts';
import { createApiClient } from '../../src/demo/api-client.ts';
import { type Progress, readProgress } from '../../src/demo/run-campaign.ts';
import { projections } from '../../src/projections/all.ts';
import { ONE_WAVE, OVER, type Prepared, prepare, start } from './support/campaign.ts';
import { filesBelow, flip } from './support/damage.ts';
import { dumpReadModels } from './support/read-models.ts';
import { type CliRun, fleetwave, Stage } from './support/stage.ts';
import { until } from './support/wait.ts';

vi.setConfig({ testTimeout: 180_000 });
const VEHICLES = 60;
const SEED = 11;
const settings = { environment: { FLEETWAVE_IDENTITY: 'pseudonym', FLEETWAVE_TICK_MS: '50' } };
const COLLECTIONS = projections.flatMap(({ collections }) => collections.map(({ name }) => name));

const stage = new Stage(settings);
const restored = new Stage(settings);
const early = new Stage(settings);
const backup = stage.file('backup');
let world: Prepared;
const story = {
  early: null as Summary | null,
  ended: null as Progress | null,
  late: null as Summary | null,
  admin: '',
};

interface Summary {
  readonly ok: boolean;
  readonly log: {
    readonly copied: number;
    readonly held: number;
    readonly source: { readonly appends: number; readonly digest: string };
    readonly target: Summary['log']['source'];
  };
  readonly artifacts: { readonly copied: number; readonly held: number; readonly damaged: readonly string[] };
  readonly keyFiles: number;
}

async function json<T>(command: string, ...args: readonly string[]): Promise<{ run: CliRun; report: T }> {
  const done = await fleetwave(command, ...args, '--json');
  if (done.out === '') throw new Error(`${command} said: ${done.err}`);
  return { run: done, report: JSON.parse(done.out) as T };
}

const backUp = () => json<Summary>('backup', backup, '--data-dir', stage.dataDir);
const rebuilt = async (dataDir: string): Promise<Record<string, string[]>> => {
  expect(await fleetwave('rebuild', '--data-dir', dataDir)).toMatchObject({ code: 0 });
  return dumpReadModels(dataDir, COLLECTIONS);
};

beforeAll(async () => {
  await stage.start();
  world = await prepare(stage, VEHICLES, SEED);
  const simulator = stage.simulate([
    ...['--fleet', stage.file('fleet.ndjson'), '--ledger', stage.file('ledger.ndjson')],
    ...['--vehicles', String(VEHICLES), '--seed', String(SEED), '--roughness', '0', '--quiet'],
  ]);
  // A few at a time, so that it lasts.
  await start(world, { ...ONE_WAVE, maxInFlight: 3 });
  const { oda } = world.persons;
  await until('the first outcomes', async () => ((await readProgress(oda)).succeeded > 0 ? true : null));
  story.early = (await backUp()).report;
  cpSync(backup, early.dataDir, { recursive: true });
  story.ended = await until('the end of the campaign', async () => {
    const progress = await readProgress(oda);
    return OVER.includes(progress.state) ? progress : null;
  });
  await stage.stop(simulator);
  story.late = (await backUp()).report;
  story.admin = stage.adminKey();
  expect(await stage.stopServer()).toBe(0);
}, 180_000);

afterAll(async () => {
  for (const one of [stage, restored, early]) await one.close();
});

describe('a backup', () => {
  it('is made while the server runs, and the next one only adds to it', () => {
    const { early: first, late } = story;
    expect(first).toMatchObject({
      ok: true,
      log: { held: 0 },
      artifacts: { copied: 3, held: 0, damaged: [] },
    });
    expect(late).toMatchObject({ ok: true, artifacts: { copied: 0, held: 3 } });
    expect(late?.log.held).toBe(first?.log.copied);
    expect(late?.log.copied).toBeGreaterThan(0);
    expect(late?.log.target).toEqual(late?.log.source);
    // Master key, fleet secrets, content tokens, signing key, keys of VINs.
    expect(late?.keyFiles).toBe(5);
  });

  it('can be read by its owner only', () => {
    const { dataDir, keys, adminKey } = pathsOf(backup);
    for (const path of [dataDir, keys]) expect(statSync(path).mode & 0o077).toBe(0);
    for (const path of [adminKey, ...filesBelow(keys)]) expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('leaves a damaged artifact out, and says so', async () => {
    const [path = ''] = filesBelow(join(pathsOf(stage.dataDir).blobs, 'content'));
    const other = stage.file('other-backup');
    flip(path, 1000);
    const { run, report } = await json<Summary>('backup', other, '--data-dir', stage.dataDir);
    flip(path, 1000);
    expect(run.code).toBe(1);
    expect(report).toMatchObject({ ok: false, artifacts: { copied: 2, damaged: [path.slice(-64)] } });
    expect((await json<Summary>('backup', other, '--data-dir', stage.dataDir)).report).toMatchObject({
      ok: true,
      artifacts: { copied: 1, held: 2 },
    });
    rmSync(other, { recursive: true });
  });

  it('is not made of nothing, nor into the data directory itself', async () => {
    const nothing = await fleetwave('backup', stage.file('x'), '--data-dir', stage.file('nothing'));
    expect(nothing).toMatchObject({ code: 1, out: '' });
    expect(nothing.err).toMatch(/^There is no deployment yet: .*nothing\/keys is missing/);
    const itself = await fleetwave('backup', stage.dataDir, '--data-dir', stage.dataDir);
    expect(itself.err).toMatch(/is the data directory itself/);
  });
});

describe('a restored server', () => {
  it('has the same log, artifacts and keys', async () => {
    const { run, report } = await json<Summary>('restore', backup, '--data-dir', restored.dataDir);
    expect(run).toMatchObject({ code: 0 });
    expect(report).toMatchObject({ ok: true, artifacts: { copied: 3 }, keyFiles: 5 });
    expect(report.log.target).toEqual(story.late?.log.source);
    expect(await fleetwave('verify', '--data-dir', restored.dataDir)).toMatchObject({ code: 0 });
    expect((await fleetwave('doctor', '--deep', '--data-dir', restored.dataDir)).out).toContain(
      '3 files decrypt to the digests in the log',
    );
  });

  it('folds read models that are equal, byte by byte', async () => {
    expect(await rebuilt(restored.dataDir)).toEqual(await rebuilt(stage.dataDir));
  });

  it('is restored once: what is there already stays, and what differs is refused', async () => {
    const again = await json<Summary>('restore', backup, '--data-dir', restored.dataDir);
    expect(again.report).toMatchObject({ ok: true, log: { copied: 0 }, artifacts: { copied: 0, held: 3 } });
    const foreign = new Stage(settings);
    try {
      await foreign.start();
      await foreign.stopServer();
      const refused = await fleetwave('restore', backup, '--data-dir', foreign.dataDir);
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(refused.err).toMatch(/is another key than the one to be restored: restore into an empty keys/);
    } finally {
      await foreign.close();
    }
  });

  it('answers as before, to the same keys and for the same VINs', async () => {
    await restored.start();
    const admin = createApiClient(restored.ready.http, story.admin);
    const oda = await restored.person('oda', 'operator', 'analyst');
    expect(await readProgress(oda)).toEqual(story.ended);
    for (const { index, vehicleId } of world.accounts.slice(0, 5)) {
      const { vin } = world.plan.vehicle(index).row;
      const { body } = await admin.request('GET', `/v1/vehicles/${vin}`);
      expect(body).toMatchObject({ id: vehicleId, vin });
    }
    expect(await restored.stopServer()).toBe(0);
    expect(await fleetwave('verify', '--data-dir', restored.dataDir)).toMatchObject({ code: 0 });
  });
});

describe('a server on a copy of a backup', () => {
  it('goes on in the middle of the campaign where the backup was made', async () => {
    await early.start();
    const admin = createApiClient(early.ready.http, story.admin);
    const oda = createApiClient(early.ready.http, await keyOf(admin));
    const progress = await readProgress(oda);
    expect(progress.state).toBe('running');
    expect(progress.succeeded).toBeGreaterThan(0);
    expect(progress.pending).toBeGreaterThan(0);
    const simulator = early.simulate([
      ...['--fleet', stage.file('fleet.ndjson'), '--ledger', early.file('ledger.ndjson')],
      ...['--vehicles', String(VEHICLES), '--seed', String(SEED), '--roughness', '0', '--quiet'],
    ]);
    const ended = await until('the end of the campaign', async () => {
      const now = await readProgress(oda);
      return OVER.includes(now.state) ? now : null;
    });
    expect(ended).toMatchObject({ state: 'completed', targets: story.ended?.targets });
    await early.stop(simulator);
    expect(await early.stopServer()).toBe(0);
    expect(await fleetwave('verify', '--data-dir', early.dataDir)).toMatchObject({ code: 0 });
  });

  async function keyOf(admin: ReturnType<typeof createApiClient>): Promise<string> {
    const body = { person: 'olga', roles: ['operator', 'analyst'] };
    return ((await admin.request('POST', '/v1/access/keys', { body })).body as { key: string }).key;
  }
});
