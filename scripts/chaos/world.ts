/** A whole deployment with a fleet and a campaign under way: what faults are tried on, and what is proven at the end. */
import { openEventStoreDb } from '../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts';
import { type Cluster, startCluster } from '../../src/demo/cluster.ts';
import { exportEvents, exportVehicles } from '../../src/demo/export-files.ts';
import { type FleetPlan, planFleet } from '../../src/demo/fleet-plan.ts';
import { introduce } from '../../src/demo/persons.ts';
import { type Child, startSimulator, stop } from '../../src/demo/processes.ts';
import { idOf, importFleet, writeFleetFile } from '../../src/demo/register-fleet.ts';
import { releaseArtifacts, uploadArtifacts } from '../../src/demo/release-artifacts.ts';
import {
  type Persons,
  type Progress,
  policyOf,
  readProgress,
  startCampaign,
} from '../../src/demo/run-campaign.ts';
import { judge } from '../../src/demo/verdict.ts';
import { openWorkspace, type Workspace } from '../../src/demo/workspace.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { CALM } from '../../src/simulator/fate.ts';
import { EngineSet } from './engine-set.ts';

export interface WorldOptions {
  readonly vehicles: number;
  readonly seed: number;
  readonly failRate?: number;
  /** Paced to take about this long, seconds; null = as fast as it goes. */
  readonly campaign_s: number | null;
  readonly say: (line: string) => void;
  /** More settings of the processes. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Directory that is kept, to look at what a failure left behind. */
  readonly keep?: string | undefined;
}

export interface Proof {
  readonly state: string;
  readonly lost: number;
  readonly countedTwice: number;
  /** What is not as it must be, a sentence each; empty when ledger, events, read models and seed agree. */
  readonly complaints: readonly string[];
}

export interface World {
  readonly engines: EngineSet;
  readonly cluster: Cluster;
  readonly persons: Persons;
  readonly workspace: Workspace;
  readonly plan: FleetPlan;
  readonly say: (line: string) => void;
  /** Position of the newest event; null while the log can't be reached. */
  head(): Promise<string | null>;
  /** Null while the API can't answer. */
  progress(): Promise<Progress | null>;
  /** Waits for the end of the campaign and of the simulator, and compares all accounts. */
  prove(): Promise<Proof>;
  close(): Promise<void>;
}

/** States in which a campaign does not move by itself. */
export const OVER = ['completed', 'aborted', 'paused'];
const POLL_MS = 250;
/** A campaign in which nothing changes for so long is stuck. */
const STUCK_MS = 120_000;
const SIMULATOR_GRACE_MS = 60_000;
const STOP_MS = 15_000;
const HEAD_WITHIN_MS = 2000;

export async function openWorld(options: WorldOptions): Promise<World> {
  const { seed, vehicles, say } = options;
  const workspace = openWorkspace(options.keep);
  const engines = new EngineSet(workspace.file('engines'));
  const children: Child[] = [];
  const closing: (() => Promise<unknown>)[] = [
    async () => workspace.remove(),
    () => engines.stopAll(),
    () => Promise.all(children.map((child) => end(child))),
  ];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    await engines.startAll(say);
    say(`engines: ${engines.versions.join(' · ')}`);
    const cluster = await startCluster({
      workspace,
      environment: { ...engines.environment, ...options.environment },
      mosquittoDirectory: engines.directoryOf('mosquitto'),
      onChild: (child) => children.push(child),
    });
    const persons = await introduce(cluster.ready);
    const plan = planFleet(vehicles, seed, { ...CALM, fail: options.failRate ?? 0.03 });
    const log = await openEventStoreDb({
      connectionString: engines.get('eventstore-double').url,
      log: () => undefined,
    });
    closing.push(() => log.close());
    await Promise.all([uploadArtifacts(persons.ada, seed, vehicles), importFleet(persons.oda, plan)]);
    const ids = await writeFleetFile(persons.oda, plan, workspace.file('fleet.ndjson'));
    await cluster.updateBroker();
    const simulator = simulate(options, cluster, workspace);
    children.push(simulator);
    await releaseArtifacts(persons.bob);
    await startCampaign(persons, plan, paced(policyOf(plan), plan.compatible, options.campaign_s));
    const failing = new Set([...plan.failing].map((vin) => idOf(ids, vin)));
    const progress = (): Promise<Progress | null> => look(persons);
    await untilRunning(progress);
    say(`a campaign over ${plan.compatible} vehicles runs`);
    return {
      engines,
      cluster,
      persons,
      workspace,
      plan,
      say,
      progress,
      head: () => within(HEAD_WITHIN_MS, log.head()),
      async prove() {
        const ended = await untilOver(progress);
        await stop(simulator, SIMULATOR_GRACE_MS + STOP_MS);
        return accountsOf(persons, workspace, plan, failing, ended);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Also one that is stopped by a signal. */
async function end(child: Child): Promise<void> {
  child.process.kill('SIGCONT');
  await stop(child, STOP_MS);
}

const paced = (policy: object, targets: number, campaign_s: number | null): object =>
  campaign_s === null
    ? policy
    : { ...policy, offersPerMinute: Math.max(1, Math.ceil((targets * 60) / campaign_s)) };

function simulate(
  { seed, vehicles, failRate = 0.03 }: WorldOptions,
  { ready }: Cluster,
  workspace: Workspace,
): Child {
  return startSimulator(
    [
      ...['--server', ready.http, '--mqtt', ready.mqtt],
      ...['--fleet', workspace.file('fleet.ndjson'), '--ledger', workspace.file('ledger.ndjson')],
      ...['--vehicles', String(vehicles), '--seed', String(seed), '--fail-rate', String(failRate)],
      ...['--resend-after-ms', '3000', '--grace-ms', String(SIMULATOR_GRACE_MS)],
    ],
    workspace.file('simulator.log'),
  );
}

async function look({ oda }: Persons): Promise<Progress | null> {
  try {
    return await readProgress(oda);
  } catch {
    // The process may be away, or what it needs: that is what is tried here.
    return null;
  }
}

/** Read models are a little behind the answer to the start. */
async function untilRunning(progress: () => Promise<Progress | null>): Promise<void> {
  const end = Date.now() + STUCK_MS;
  while ((await progress())?.state !== 'running') {
    if (Date.now() > end) throw new Error('the campaign does not run');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function untilOver(progress: () => Promise<Progress | null>): Promise<Progress> {
  let [last, changedAt] = ['', Date.now()];
  for (;;) {
    const now = await progress();
    const text = JSON.stringify(now);
    if (text !== last) [last, changedAt] = [text, Date.now()];
    if (now !== null && OVER.includes(now.state)) return now;
    if (Date.now() - changedAt > STUCK_MS) throw new Error(`nothing changes any more: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function accountsOf(
  { oda }: Persons,
  workspace: Workspace,
  plan: FleetPlan,
  failing: ReadonlySet<string>,
  ended: Progress,
): Promise<Proof> {
  const [ledger, events, vehicles] = ['ledger', 'events', 'vehicles'].map((name) =>
    workspace.file(`${name}.ndjson`),
  ) as [string, string, string];
  const { position } = await oda.request('GET', '/v1/fleet/status');
  const progress = { ...(await readProgress(oda, position)), state: ended.state };
  await exportEvents(oda, events, undefined);
  await exportVehicles(oda, vehicles);
  const findings = await reconcile({ ledger, events, vehicles });
  const { complaints } = judge(progress, findings, {
    targets: plan.compatible,
    incompatible: plan.incompatible,
    failing,
  });
  const { lost, countedTwice } = findings.counts;
  return { state: ended.state, lost, countedTwice, complaints };
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), ms).unref());
  return Promise.race([promise.catch(() => null), late]);
}
