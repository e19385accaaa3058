/** kill -9 at any moment: what was answered or receipted is there, and the campaign goes on by itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../src/demo/api-client.ts';
import { exportEvents, exportVehicles } from '../../src/demo/export-files.ts';
import { planFleet } from '../../src/demo/fleet-plan.ts';
import type { Child } from '../../src/demo/processes.ts';
import { idOf, importFleet, writeFleetFile } from '../../src/demo/register-fleet.ts';
import { releaseArtifacts, uploadArtifacts } from '../../src/demo/release-artifacts.ts';
import { type Progress, policyOf, readProgress, startCampaign } from '../../src/demo/run-campaign.ts';
import { judge } from '../../src/demo/verdict.ts';
import { projections } from '../../src/projections/all.ts';
import type { Findings } from '../../src/reconcile/findings.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { CALM } from '../../src/simulator/fate.ts';
import { createRandom } from '../../src/simulator/random.ts';
import { OVER, SMALL_FILES } from './support/campaign.ts';
import { dumpReadModels } from './support/read-models.ts';
import { fleetwave, freePorts, kill, Stage } from './support/stage.ts';
import { until, untilTrue } from './support/wait.ts';
import { type Answered, startWriters } from './support/writers.ts';

const VEHICLES = 220;
const SEED = 20_260_704;
const FAIL_RATE = 0.05;
const STORY_MS = 240_000;
const STUCK_MS = 30_000;

const inPhase =
  (...phases: readonly string[]) =>
  ({ byPhase }: Progress): boolean =>
    phases.some((phase) => (byPhase[phase] ?? 0) > 0);
const share = ({ succeeded, failed, targets }: Progress): number => (succeeded + failed) / targets;

interface Moment {
  readonly name: string;
  /** The campaign is killed a little after this was seen; at the latest when this share has settled. */
  readonly seen: (progress: Progress) => boolean;
  readonly least: number;
  readonly latest: number;
  /** Killed a second time while it takes its shards over. */
  readonly again?: boolean;
}
const MOMENTS: readonly Moment[] = [
  { name: 'first offers', seen: inPhase('offered', 'accepted'), least: 0, latest: 0.02 },
  { name: 'downloads', seen: inPhase('downloading'), least: 0.03, latest: 0.15 },
  { name: 'installations', seen: inPhase('installing'), least: 0.2, latest: 0.3, again: true },
  { name: 'outcomes', seen: inPhase('downloaded', 'installing'), least: 0.4, latest: 0.5 },
  { name: 'offers of the last wave', seen: inPhase('offered'), least: 0.55, latest: 0.65 },
  { name: 'anything', seen: () => true, least: 0.75, latest: 0.75 },
];

interface Killed {
  readonly name: string;
  readonly before: Progress;
  /** Of the server that came back, reading everything that was answered. */
  readonly after: Progress;
}

const stage = new Stage({
  ...(await freePorts()),
  environment: { FLEETWAVE_TIMEOUT_GRACE_S: '1', FLEETWAVE_TICK_MS: '100' },
});
const random = createRandom(SEED);
const plan = planFleet(VEHICLES, SEED, { ...CALM, fail: FAIL_RATE });
const story = {
  killed: [] as Killed[],
  answered: [] as readonly Answered[],
  ended: null as Progress | null,
  findings: null as Findings | null,
  failing: new Set<string>(),
};

/** Null while the server is away. */
async function look(client: ApiClient, position = ''): Promise<Progress | null> {
  try {
    return await readProgress(client, position);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** @throws Error with the last progress when nothing changes any more. */
async function untilOver(client: ApiClient): Promise<Progress> {
  let [last, changedAt] = ['', Date.now()];
  return until(
    'the end of the campaign',
    async () => {
      const progress = await look(client);
      const now = JSON.stringify(progress);
      if (now !== last) [last, changedAt] = [now, Date.now()];
      if (Date.now() - changedAt > STUCK_MS) throw new Error(`nothing changes any more: ${last}`);
      return progress !== null && OVER.includes(progress.state) ? progress : null;
    },
    STORY_MS,
  );
}

async function dieAndComeBack(server: Child, oda: ApiClient, moment: Moment): Promise<Child> {
  const before = await until(moment.name, async () => {
    const progress = await look(oda);
    if (progress === null || share(progress) < moment.least) return null;
    return moment.seen(progress) || share(progress) >= moment.latest ? progress : null;
  });
  await new Promise((resolve) => setTimeout(resolve, random() * 80));
  await kill(server);
  if (moment.again === true) {
    const started = stage.launch();
    await new Promise((resolve) => setTimeout(resolve, 300 + random() * 900));
    await kill(started);
  }
  const back = await stage.start();
  const position = story.answered.at(-1)?.position ?? '';
  const after = await until('the server that came back', () => look(oda, position));
  story.killed.push({ name: moment.name, before, after });
  return back;
}

async function prove(oda: ApiClient, ended: Progress): Promise<void> {
  const [ledger, events, vehicles] = ['ledger', 'events', 'vehicles'].map((name) =>
    stage.file(`${name}.ndjson`),
  ) as [string, string, string];
  await exportEvents(oda, events, undefined);
  await exportVehicles(oda, vehicles);
  story.findings = await reconcile({ ledger, events, vehicles });
  story.ended = ended;
}

beforeAll(async () => {
  let server = await stage.start();
  const ada = await stage.person('ada', 'developer', 'planner');
  const bob = await stage.person('bob', 'validator', 'approver');
  const oda = await stage.person('oda', 'operator', 'analyst');
  await uploadArtifacts(ada, SEED, SMALL_FILES);
  await importFleet(oda, plan);
  const ids = await writeFleetFile(oda, plan, stage.file('fleet.ndjson'));
  story.failing = new Set([...plan.failing].map((vin) => idOf(ids, vin)));
  await releaseArtifacts(bob);
  const simulator = stage.simulate([
    ...['--fleet', stage.file('fleet.ndjson'), '--ledger', stage.file('ledger.ndjson')],
    ...['--vehicles', String(VEHICLES), '--seed', String(SEED), '--fail-rate', String(FAIL_RATE)],
    ...['--resend-after-ms', '1000', '--grace-ms', '30000', '--quiet'],
  ]);
  await untilTrue('the fleet to be online', async () => {
    const { body } = await oda.request('GET', '/v1/fleet/status');
    return (body as { online: number }).online >= VEHICLES;
  });
  await startCampaign({ ada, bob, oda }, plan, { ...policyOf(plan), maxInFlight: 30 });
  // What they register now is no target any more.
  const writers = startWriters(stage, stage.adminKey(), SEED);
  stage.defer(() => writers.stop());
  story.answered = writers.answered;
  for (const moment of MOMENTS) server = await dieAndComeBack(server, oda, moment);
  const ended = await untilOver(oda);
  await writers.stop();
  await stage.stop(simulator);
  await prove(oda, await readProgress(oda, story.answered.at(-1)?.position));
  expect(ended.state).toBe('completed');
}, STORY_MS);

afterAll(() => stage.close());

describe('a server that is killed in the middle of a campaign', () => {
  it('was killed while the campaign was running, and went on with it', () => {
    expect(story.killed.map(({ name }) => name)).toEqual(MOMENTS.map(({ name }) => name));
    for (const { before, after } of story.killed) {
      expect([before.state, after.state]).toEqual(['running', 'running']);
      expect(after.pending).toBeGreaterThan(0);
      // Nothing that was counted is lost.
      expect(after.succeeded).toBeGreaterThanOrEqual(before.succeeded);
    }
    expect(story.killed.some(({ before }) => inPhase('offered', 'accepted')(before))).toBe(true);
    expect(story.killed.some(({ before }) => inPhase('downloading', 'downloaded')(before))).toBe(true);
    expect(story.killed.some(({ before }) => inPhase('installing')(before))).toBe(true);
  });

  it('completes the campaign; ledger and events agree to the last message', () => {
    const { ended, findings, failing } = story;
    if (ended === null || findings === null) throw new Error('the story was not told to its end');
    expect(findings.counts).toMatchObject({ lost: 0, countedTwice: 0, wrong: 0 });
    const { complaints } = judge(ended, findings, {
      targets: plan.compatible,
      incompatible: plan.incompatible,
      failing,
    });
    expect(complaints).toEqual([]);
  });

  it('has everything that was answered over HTTP, once', async () => {
    const { answered } = story;
    expect(answered.length).toBeGreaterThan(MOMENTS.length);
    // Some were cut off and sent again; none was refused for having been recorded before.
    expect(answered.every(({ status }) => status === 200 || status === 201)).toBe(true);
    const [{ revision } = { revision: -1 }] = answered;
    expect(new Set(answered.map((one) => one.revision))).toEqual(new Set([revision]));
    expect(answered.filter(({ sent }) => sent > 1).length).toBeGreaterThan(0);
    for (const { vin, position } of answered) {
      const found = await stage.admin().request('GET', `/v1/vehicles/${vin}`, { minPosition: position });
      expect(found.body).toMatchObject({ vin, revision });
    }
  });

  it('has a whole chain, and read models that a rebuild gives again byte by byte', async () => {
    await stage.admin().request('GET', '/v1/fleet/status');
    await stage.stopServer();
    const verified = await fleetwave('verify', '--data-dir', stage.dataDir, '--json');
    expect(verified).toMatchObject({ code: 0 });
    expect(JSON.parse(verified.out)).toMatchObject({ problems: [] });
    const collections = projections.flatMap((projection) => projection.collections.map(({ name }) => name));
    const served = await dumpReadModels(stage.dataDir, collections);
    const rebuilt = await fleetwave('rebuild', '--data-dir', stage.dataDir);
    expect(rebuilt).toMatchObject({ code: 0 });
    expect(await dumpReadModels(stage.dataDir, collections)).toEqual(served);
  }, 60_000);
});
