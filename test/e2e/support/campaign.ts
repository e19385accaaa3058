/** A fleet, two released artifacts and a campaign, over the public API. */
import type { ApiClient } from '../../../src/demo/api-client.ts';
import { type FleetPlan, planFleet } from '../../../src/demo/fleet-plan.ts';
import { importFleet, writeFleetFile } from '../../../src/demo/register-fleet.ts';
import { ARTIFACTS, releaseArtifacts, uploadArtifacts } from '../../../src/demo/release-artifacts.ts';
import { CAMPAIGN, type Persons, startCampaign } from '../../../src/demo/run-campaign.ts';
import { CALM } from '../../../src/simulator/fate.ts';
import { type Account, readFleet } from '../../../src/simulator/fleet-file.ts';
import { RawVehicle } from './raw-vehicle.ts';
import type { Stage } from './stage.ts';

/** For files as small as they come. */
export const SMALL_FILES = 100_000;

export interface Prepared {
  readonly persons: Persons;
  readonly plan: FleetPlan;
  /** Vehicles that can take the update. */
  readonly accounts: readonly Account[];
  /** Those that can not: they are no targets. */
  readonly misfits: readonly Account[];
  connect(account: Account): Promise<RawVehicle>;
}

/** Everything up to the start of the campaign. */
export async function prepare(stage: Stage, vehicles: number, seed: number): Promise<Prepared> {
  const persons = {
    ada: await stage.person('ada', 'developer', 'planner'),
    bob: await stage.person('bob', 'validator', 'approver'),
    oda: await stage.person('oda', 'operator', 'analyst'),
  };
  const plan = planFleet(vehicles, seed, CALM);
  await uploadArtifacts(persons.ada, seed, SMALL_FILES);
  await importFleet(persons.oda, plan);
  await writeFleetFile(persons.oda, plan, stage.file('fleet.ndjson'));
  await releaseArtifacts(persons.bob);
  const all = await readFleet(stage.file('fleet.ndjson'));
  const fits = ({ index }: Account): boolean => plan.vehicle(index).misfit === null;
  return {
    persons,
    plan,
    accounts: all.filter(fits),
    misfits: all.filter((account) => !fits(account)),
    async connect(account) {
      const vehicle = await RawVehicle.connect(stage.ready.mqtt, account);
      stage.defer(() => vehicle.close());
      return vehicle;
    },
  };
}

/** One wave for everybody, that passes whatever happens. */
export const ONE_WAVE = {
  artifacts: ARTIFACTS,
  waves: [{ name: 'all', size: { rest: true }, gate: { successPercent: 0, failurePercent: 100, soak_s: 0 } }],
  maxAttempts: 2,
  retryDelay_s: 0,
};

/** States in which a campaign does not move by itself. */
export const OVER = ['completed', 'aborted', 'paused'];

export const start = ({ persons, plan }: Prepared, policy: object = ONE_WAVE): Promise<void> =>
  startCampaign(persons, plan, policy);

export interface ExportedEvent {
  readonly id: string;
  readonly stream: string;
  readonly position: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The public export, in the order of the log. */
export async function eventsOf(client: ApiClient): Promise<readonly ExportedEvent[]> {
  const text = await new Response(await client.stream(`/v1/campaigns/${CAMPAIGN}/events`)).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExportedEvent);
}

/** A number of `/metrics`; 0 where there is none yet. */
export async function metric(stage: Stage, name: string): Promise<number> {
  const text = await (await fetch(`${stage.ready.http}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`fleetwave_${name} `));
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1));
}
