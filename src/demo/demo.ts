/**
 * `npm run demo`: a whole campaign over a simulated fleet, from upload to review, on a throw-away server, and
 * then the proof: the simulator's ledger against the server's event export.
 */

import { reconcile } from '../reconcile/reconcile.ts';
import { CALM } from '../simulator/fate.ts';
import { ToldError } from '../simulator/told-error.ts';
import { openDistributed } from './distributed.ts';
import { exportEvents, exportVehicles } from './export-files.ts';
import { type FleetPlan, planFleet } from './fleet-plan.ts';
import type { DemoOptions } from './options.ts';
import { createOutput, type Output } from './output.ts';
import { introduce } from './persons.ts';
import { type Child, type Ready, startSimulator, stop, tailOf } from './processes.ts';
import { idOf, importFleet, writeFleetFile } from './register-fleet.ts';
import { releaseArtifacts, uploadArtifacts } from './release-artifacts.ts';
import {
  CAMPAIGN,
  type Persons,
  type Progress,
  readProgress,
  reviewCampaign,
  SOAK_S,
  startCampaign,
} from './run-campaign.ts';
import { openEmbedded } from './site.ts';
import { closingTable, judge, resultOf, type Verdict } from './verdict.ts';
import { watchProgress } from './watch-progress.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

const SERVER_PATIENCE_MS = 10_000;
const SIMULATOR_GRACE_MS = 30_000;
const INTERRUPTED = 130;

interface Stage {
  readonly options: DemoOptions & {
    readonly vehicles: number;
    readonly failRate: number;
    readonly seed: number;
  };
  readonly plan: FleetPlan;
  readonly workspace: Workspace;
  readonly output: Output;
  readonly children: Child[];
  /** Ends what is no child, after the children. */
  readonly closing: (() => Promise<void>)[];
  readonly signal: AbortSignal;
  readonly started: number;
}

/**
 * @returns the exit code: 0 only if the campaign is completed with nothing pending, the failures are those of the
 * seed, and ledger and events agree.
 * 1 also when a step can't be done (told in the output). Children and temporary files are gone then, too.
 */
export async function runDemo(given: DemoOptions): Promise<number> {
  const options = {
    ...given,
    vehicles: given.vehicles ?? 300,
    failRate: given.failRate ?? 0.03,
    seed: given.seed ?? 1,
  };
  const started = Date.now();
  const output = createOutput(options.json === true ? process.stderr : process.stdout);
  const plan = planFleet(options.vehicles, options.seed, { ...CALM, fail: options.failRate });
  let workspace: Workspace;
  try {
    workspace = openWorkspace(options.keepData);
  } catch (error) {
    if (!(error instanceof ToldError)) throw error;
    output.say(error.message);
    return 1;
  }
  const children: Child[] = [];
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const { signal } = interrupted;
  const closing: (() => Promise<void>)[] = [];
  const stage: Stage = { options, plan, workspace, output, children, closing, signal, started };
  try {
    return await perform(stage);
  } catch (error) {
    output.endBars();
    if (signal.aborted) return INTERRUPTED;
    for (const { name, log } of children) output.say(`The end of the log of the ${name}:\n${tailOf(log)}`);
    if (!(error instanceof ToldError)) throw error;
    output.say(error.message);
    return 1;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    // All at once: each knows how to end without the others.
    await Promise.all(children.map((child) => stop(child, signal.aborted ? 3000 : SERVER_PATIENCE_MS)));
    for (const close of closing) await close();
    workspace.remove();
  }
}

async function perform(stage: Stage): Promise<number> {
  const { options, output, workspace, signal } = stage;
  output.say(
    `Shortened for the demo: no off-peak window, waves soak ${SOAK_S} s, two attempts without a pause between.`,
  );
  const open = options.engines === 'distributed' ? openDistributed : openEmbedded;
  const site = await open({
    workspace,
    output,
    onChild: (child) => stage.children.push(child),
    onClose: (close) => stage.closing.push(close),
  });
  const persons = await introduce(site.ready);
  const bytes = await register(stage, persons);
  const ids = await writeFleetFile(persons.oda, stage.plan, workspace.file('fleet.ndjson'));
  await site.credentialsInForce();
  signal.throwIfAborted();
  const simulator = launch(stage, site.ready);
  await releaseArtifacts(persons.bob);
  output.say(`Two artifacts (${Math.round(bytes / 1024)} KiB a vehicle) uploaded, validated and released`);
  await startCampaign(persons, stage.plan);
  output.say(`Campaign ${CAMPAIGN} approved and started: three waves of 5 %, 25 % and the rest`);
  const ended = await Promise.race([
    watchProgress(persons.oda, output, signal),
    ...site.servers.map(({ name, ended: over }) =>
      over.then((code) => Promise.reject(new ToldError(`the ${name} ended with ${code}`))),
    ),
    simulator.ended.then((code) => Promise.reject(new ToldError(`the simulator ended with ${code}`))),
  ]);
  output.endBars();
  output.say(`The campaign is ${ended.state}.`);
  await stop(simulator, SIMULATOR_GRACE_MS + SERVER_PATIENCE_MS);
  const verdict = await prove(stage, persons, ended, ids);
  if (options.watch === true) await keepServing(stage, site.ready);
  return verdict.ok ? 0 : 1;
}

/** Fleet and artifacts, side by side. @returns bytes that a vehicle downloads. */
async function register(stage: Stage, { ada, oda }: Persons): Promise<number> {
  const { options, output, plan } = stage;
  const [bytes] = await Promise.all([
    uploadArtifacts(ada, options.seed, options.vehicles),
    importFleet(oda, plan),
  ]);
  output.say(`${plan.count} vehicles registered, ${plan.incompatible} of them unfit for the update`);
  return bytes;
}

function launch({ options, workspace, children }: Stage, ready: Ready): Child {
  const { sabotage } = options;
  const args = [
    ...['--server', ready.http, '--mqtt', ready.mqtt],
    ...['--fleet', workspace.file('fleet.ndjson'), '--ledger', workspace.file('ledger.ndjson')],
    ...['--vehicles', String(options.vehicles), '--seed', String(options.seed)],
    ...['--fail-rate', String(options.failRate), '--grace-ms', String(SIMULATOR_GRACE_MS)],
    ...(sabotage === 'flip' || sabotage === 'late-trigger' ? ['--sabotage', sabotage] : []),
  ];
  const child = startSimulator(args, workspace.file('simulator.log'));
  children.push(child);
  return child;
}

async function prove(
  stage: Stage,
  persons: Persons,
  ended: Progress,
  ids: ReadonlyMap<string, string>,
): Promise<Verdict> {
  const { options, plan, workspace, output } = stage;
  const over = ended.state === 'completed' || ended.state === 'aborted';
  const position = over ? await reviewCampaign(persons.oda, ended.failed) : '';
  // A review changes the state once more; what counts is how the campaign itself ended.
  const progress = { ...(await readProgress(persons.oda, position)), state: ended.state };
  const [ledger, events, vehicles] = ['ledger', 'events', 'vehicles'].map((name) =>
    workspace.file(`${name}.ndjson`),
  ) as [string, string, string];
  await exportEvents(persons.oda, events, options.sabotage);
  await exportVehicles(persons.oda, vehicles);
  const findings = await reconcile({ ledger, events, vehicles });
  const failing = new Set([...plan.failing].map((vin) => idOf(ids, vin)));
  const verdict = judge(progress, findings, {
    targets: plan.compatible,
    incompatible: plan.incompatible,
    failing,
  });
  const seconds = Math.round((Date.now() - stage.started) / 100) / 10;
  const print = options.json === true ? process.stderr : process.stdout;
  print.write(`\n${closingTable(progress, findings)}\n\n`);
  for (const complaint of verdict.complaints) print.write(`BAD  ${complaint}\n`);
  output.say(
    verdict.ok ? 'Reconciled: the ledger of the fleet and the events of the server agree.' : 'NOT good.',
  );
  if (workspace.kept) output.say(`Ledger, export and logs are beside ${ledger}`);
  if (options.json === true)
    process.stdout.write(`${JSON.stringify(resultOf(progress, findings, seconds))}\n`);
  return verdict;
}

async function keepServing({ output, signal }: Stage, ready: Ready): Promise<void> {
  output.say(`Still serving on ${ready.http} (admin key in ${ready.adminKeyFile}). Ctrl-C ends it.`);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
