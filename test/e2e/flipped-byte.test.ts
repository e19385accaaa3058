/** One flipped byte on disk: found by the server's own checks, refused by every vehicle, never installed. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pathsOf } from '../../src/config.ts';
import { exportEvents, exportVehicles } from '../../src/demo/export-files.ts';
import type { Child } from '../../src/demo/processes.ts';
import { listVehicles } from '../../src/demo/register-fleet.ts';
import { ARTIFACTS } from '../../src/demo/release-artifacts.ts';
import { readProgress } from '../../src/demo/run-campaign.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { createRandom } from '../../src/simulator/random.ts';
import { ONE_WAVE, OVER, type Prepared, prepare, start } from './support/campaign.ts';
import { filesBelow, flip } from './support/damage.ts';
import { fleetwave, Stage } from './support/stage.ts';
import { until } from './support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });
const VEHICLES = 30;
const SEED = 5;
const random = createRandom(SEED);
const somewhere = (path: string): number => Math.floor(random() * statSync(path).size);

const stage = new Stage({ environment: { FLEETWAVE_TICK_MS: '50' } });
let world: Prepared;
let stored: string[];
let simulator: Child;

beforeAll(async () => {
  await stage.start();
  world = await prepare(stage, VEHICLES, SEED);
  stored = filesBelow(join(pathsOf(stage.dataDir).blobs, 'content'));
}, 120_000);

afterAll(() => stage.close());

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}
async function doctor(): Promise<{ readonly code: number | null; readonly damaged: readonly Finding[] }> {
  const { code, out } = await fleetwave('doctor', '--deep', '--json', '--data-dir', stage.dataDir);
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  return { code, damaged: findings.filter(({ ok }) => !ok) };
}

describe('a flipped byte of an artifact', () => {
  it('is found by `doctor --deep`, in whichever file and wherever it is, beside the running server', async () => {
    expect(stored.length).toBe(3);
    expect(await doctor()).toEqual({ code: 0, damaged: [] });
    for (const path of stored) {
      const at = somewhere(path);
      flip(path, at);
      const { code, damaged } = await doctor();
      expect({ code, count: damaged.length }).toEqual({ code: 1, count: 1 });
      expect(damaged[0]?.detail).toContain(path.slice(-64));
      expect(ARTIFACTS.some((id) => damaged[0]?.detail.includes(id))).toBe(true);
      flip(path, at);
    }
    expect(await doctor()).toEqual({ code: 0, damaged: [] });
  });

  it('is refused by every vehicle, and nothing is installed, not even what is whole', async () => {
    const [path = ''] = stored;
    flip(path, somewhere(path));
    simulator = stage.simulate([
      ...['--fleet', stage.file('fleet.ndjson'), '--ledger', stage.file('ledger.ndjson')],
      ...['--vehicles', String(VEHICLES), '--roughness', '0', '--grace-ms', '30000', '--quiet'],
    ]);
    const { oda } = world.persons;
    const before = await software();
    await start(world, { ...ONE_WAVE, maxAttempts: 1 });
    const ended = await until('the end of the campaign', async () => {
      const progress = await readProgress(oda);
      return OVER.includes(progress.state) ? progress : null;
    });
    expect(await stage.stop(simulator)).toBe(0);
    const targets = world.accounts.length;
    expect(ended).toMatchObject({ targets, succeeded: 0, failed: targets, pending: 0 });
    expect(ended.failureCodes).toEqual({ 'digest-mismatch': targets });

    const ledger = readFileSync(stage.file('ledger.ndjson'), 'utf8').trimEnd().split('\n');
    const kinds = ledger.map((line) => (JSON.parse(line) as { k: string }).k);
    expect(kinds).not.toContain('installed');
    expect(await software()).toEqual(before);
    const [events, vehicles] = [stage.file('events.ndjson'), stage.file('vehicles.ndjson')];
    await exportEvents(oda, events, undefined);
    await exportVehicles(oda, vehicles);
    const { counts } = await reconcile({ ledger: stage.file('ledger.ndjson'), events, vehicles });
    const { digestFailures, ...others } = counts;
    expect(digestFailures).toBe(targets);
    expect(Object.values(others).every((count) => count === 0)).toBe(true);
  });

  async function software(): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for await (const { id, ecus } of listVehicles(world.persons.oda)) found[id] = ecus;
    return found;
  }
});

describe('a flipped byte of the log', () => {
  interface Append {
    readonly stream: string;
    readonly text: string;
  }
  /** Bodies and metadata short enough to lie in one piece in the file. */
  function appends(): readonly Append[] {
    const db = new DatabaseSync(pathsOf(stage.dataDir).log, { readOnly: true });
    try {
      const rows = db
        .prepare(
          `SELECT s.name AS stream, a.body AS text FROM appends a JOIN streams s ON s.id = a.stream_id
             WHERE length(a.body) BETWEEN 200 AND 2000
           UNION ALL
           SELECT s.name, a.metadata FROM appends a JOIN streams s ON s.id = a.stream_id
             WHERE length(a.metadata) > 100 AND length(a.body) < 1500`,
        )
        .all() as unknown as Append[];
      // Appends of one batch may have the same metadata.
      const times = Map.groupBy(rows, ({ text }) => text);
      return rows.filter(({ text }) => times.get(text)?.length === 1);
    } finally {
      db.close();
    }
  }
  const verify = () => fleetwave('verify', '--json', '--data-dir', stage.dataDir);

  it('is found by `verify`, with the stream it is in', async () => {
    expect(await stage.stopServer()).toBe(0);
    expect(await verify()).toMatchObject({ code: 0 });
    const path = pathsOf(stage.dataDir).log;
    const all = appends();
    expect(all.length).toBeGreaterThan(20);
    for (let times = 0; times < 3; times++) {
      const { stream, text } = all[Math.floor(random() * all.length)] ?? { stream: '', text: '' };
      const from = readFileSync(path).indexOf(text);
      expect(from).toBeGreaterThan(0);
      const at = from + Math.floor(random() * text.length);
      flip(path, at);
      const found = await verify();
      expect(found.code).toBe(1);
      const { problems } = JSON.parse(found.out) as { problems: { stream: string }[] };
      expect(problems.map((problem) => problem.stream)).toEqual([stream]);
      flip(path, at);
    }
    expect(await verify()).toMatchObject({ code: 0 });
  });
});
