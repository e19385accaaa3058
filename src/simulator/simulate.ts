/** Runs a fleet of virtual vehicles against a server until it is told to stop. */

import { Fleet } from './fleet.ts';
import { type Account, readFleet } from './fleet-file.ts';
import { fetchFleet } from './fleet-from-server.ts';
import { createAgents } from './http-get.ts';
import { install } from './install.ts';
import { aboutOf } from './job.ts';
import { noLedger, openLedger } from './ledger.ts';
import { checkSimulatorOptions, type SimulatorOptions } from './options.ts';
import { reach } from './reach.ts';
import type { Road } from './road.ts';
import { createSemaphore } from './semaphore.ts';
import { ToldError } from './told-error.ts';
import { createVerifier } from './verify-offer.ts';

const DOWNLOADS = 24;
const REPORT_EVERY_MS = 5000;

/**
 * Resolves with the exit code when SIGINT or SIGTERM has come (or `signal` is aborted), what was under way is
 * finished or the grace is over, and the ledger is whole on disk. 1 = some message was never receipted.
 * What the user can act on (options that make no sense, a server that can't be reached) is told on stderr: 1.
 */
export async function runSimulator(given: SimulatorOptions, signal?: AbortSignal): Promise<number> {
  try {
    return await run(given, signal);
  } catch (error) {
    if (!(error instanceof ToldError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function run(given: SimulatorOptions, signal: AbortSignal | undefined): Promise<number> {
  const options = checkSimulatorOptions(given);
  const accounts: Account[] =
    options.fleet === null
      ? await fetchFleet(options)
      : (await readFleet(options.fleet)).slice(0, options.vehicles);
  if (accounts.length === 0) throw new ToldError('There are no vehicles to simulate. Register some first.');
  if (options.fleet === null && accounts.length < options.vehicles)
    process.stderr.write(`simulator: only ${accounts.length} vehicles with known ECUs are registered\n`);
  const verifier = createVerifier(await fetchKeys(options.server));
  const ledger = options.ledger === null ? noLedger : openLedger(options.ledger);
  const agents = createAgents(DOWNLOADS);
  const road: Road = {
    run: Math.floor(Date.now() / 1000).toString(36),
    broker: options.broker,
    ledger,
    verifier,
    agents,
    downloads: createSemaphore(DOWNLOADS),
    rates: options.rates,
    install_ms: options.install_ms,
    sabotage: {
      flip: options.sabotage === 'flip',
      keepTrigger: options.sabotage === 'late-trigger',
      oldTrigger: null,
    },
  };
  const { seed, connections, resendAfter_ms } = options;
  ledger.write({ k: 'run', v: 1, seed, vehicles: accounts.length, at: new Date().toISOString() });
  const fleet = new Fleet(accounts, road, { seed, connections, resendAfter_ms });
  fleet.start();
  const reporting = options.quiet ? null : setInterval(() => report(fleet), REPORT_EVERY_MS);
  let unreceipted = 0;
  try {
    await stopped(signal);
    await fleet.drain(options.grace_ms);
    actOnOldTrigger(fleet, road);
  } finally {
    if (reporting !== null) clearInterval(reporting);
    unreceipted = fleet.finish();
    ledger.write({ k: 'end', vehicles: accounts.length, unreceipted });
    ledger.close();
    agents.destroy();
  }
  return unreceipted === 0 ? 0 : 1;
}

async function fetchKeys(server: string): Promise<unknown> {
  const response = await reach(`${server}/v1/keys`, {});
  return response.json();
}

const stopped = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      process.off('SIGINT', go);
      process.off('SIGTERM', go);
      resolve();
    };
    process.once('SIGINT', go);
    process.once('SIGTERM', go);
    signal?.addEventListener('abort', go, { once: true });
    if (signal?.aborted === true) go();
  });

/**
 * A broken TCU (`--sabotage late-trigger`): an old trigger comes back after everything is over, and the vehicle
 * installs what it still has in its flash without asking whether there is a grant.
 */
function actOnOldTrigger(fleet: Fleet, { ledger, sabotage }: Road): void {
  if (sabotage.oldTrigger === null) return;
  const { vehicleId, offer } = sabotage.oldTrigger;
  const broken = fleet.tcus.find((tcu) => tcu.vehicleId === vehicleId);
  if (broken === undefined) return;
  for (const { manifest } of offer.artifacts) broken.ecus = install(broken.ecus, manifest);
  const artifacts = offer.artifacts.map(({ manifest }) => manifest.artifactId);
  ledger.write({ k: 'installed', vehicleId, ...aboutOf(offer), artifacts });
}

function report(fleet: Fleet): void {
  const { vehicles, connected, opened, busy, settled, cutOff, unreceipted } = fleet.counts();
  const refused = cutOff > 0 ? `, ${cutOff} with a refused credential` : '';
  process.stderr.write(
    `simulator: ${vehicles} vehicles, ${connected} connected (${opened} times), ${busy} busy, ${settled} done, ${unreceipted} messages waiting for a receipt${refused}\n`,
  );
}
