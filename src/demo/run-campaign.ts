/** The campaign: planned by one person, approved by another, started by a third. */

import { z } from 'zod';
import { ToldError } from '../simulator/told-error.ts';
import { type ApiClient, ApiError } from './api-client.ts';
import { BRANDS, type FleetPlan } from './fleet-plan.ts';
import { gateOf } from './gates.ts';
import { ARTIFACTS } from './release-artifacts.ts';

export const CAMPAIGN = 'demo-spring-update';
export const SOAK_S = 1;
const WAVES = [
  { name: 'pilot', percent: 5 },
  { name: 'early', percent: 25 },
  { name: 'rest', percent: 70 },
] as const;
const FREEZE_WITHIN_MS = 60_000;
const SEEN_WITHIN_MS = 90_000;
const POLL_MS = 200;

export interface Persons {
  readonly ada: ApiClient;
  readonly bob: ApiClient;
  readonly oda: ApiClient;
}

export const policyOf = (plan: FleetPlan): object => ({
  artifacts: ARTIFACTS,
  waves: WAVES.map(({ name, percent }, i) => ({
    name,
    size: i === WAVES.length - 1 ? { rest: true } : { percent },
    gate: {
      ...gateOf(plan.compatible, plan.failing.size, Math.floor((plan.compatible * percent) / 100)),
      soak_s: SOAK_S,
    },
  })),
  maxAttempts: 2,
  attemptTimeout_s: 300,
  offerValid_s: 3600,
  retryDelay_s: 0,
  preconditions: [{ name: 'battery-percent', op: 'ge', value: 30 }],
  consentTextKey: 'update-consent',
});

const campaign = z.object({ targets: z.object({ targets: z.int() }).nullable().default(null) });

/** Creates, freezes, approves and starts; resolves when the read models have seen it. @throws Error when the server refuses. */
export async function startCampaign(
  persons: Persons,
  plan: FleetPlan,
  policy: object = policyOf(plan),
): Promise<void> {
  const { ada, bob, oda } = persons;
  const path = `/v1/campaigns/${CAMPAIGN}`;
  const body = {
    title: 'Spring update',
    purpose: 'TCM 2.1.0 and ADAS 1.4.0 for every approved market.',
    policy,
  };
  await ada.request('PUT', path, { body });
  const query = `brand=in=(${BRANDS.join(',')})`;
  const defined = await ada.request('POST', `${path}/define-targeting`, { body: { query } });
  if (defined.status === 202) await waitForTargets(ada, path);
  await bob.request('POST', `${path}/approve`, { body: { note: 'Counts and waves are as planned.' } });
  const { position } = await oda.request('POST', `${path}/start`, { body: {} });
  await untilSeen('The read models', () => readProgress(oda, position));
}

/** Read models follow the log at their own pace: what they have not seen is not there, or not yet. */
async function untilSeen<T>(what: string, look: () => Promise<T>): Promise<T> {
  const end = Date.now() + SEEN_WITHIN_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof ApiError) || ![404, 503].includes(error.status)) throw error;
      if (Date.now() > end) throw new ToldError(`${what} have not caught up: ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function waitForTargets(client: ApiClient, path: string): Promise<void> {
  const end = Date.now() + FREEZE_WITHIN_MS;
  const look = () => untilSeen('The read models', () => client.request('GET', path));
  while (campaign.parse((await look()).body).targets === null) {
    if (Date.now() > end) throw new ToldError('The targets were not frozen in time.');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const counts = z.object({ targets: z.int(), succeeded: z.int(), failed: z.int(), pending: z.int() });
const progress = counts.extend({
  state: z.string(),
  incompatible: z.int(),
  byPhase: z.record(z.string(), z.int()),
  percent: z.number(),
  waves: z.array(counts.extend({ wave: z.int(), name: z.string(), state: z.string() })),
  failureCodes: z.record(z.string(), z.int()),
});
export type Progress = z.infer<typeof progress>;

export async function readProgress(client: ApiClient, minPosition = ''): Promise<Progress> {
  const options = minPosition === '' ? {} : { minPosition };
  const { body } = await client.request('GET', `/v1/campaigns/${CAMPAIGN}/progress`, options);
  return progress.parse(body);
}

/** @returns the position of the review, so that a later read includes everything before it. */
export async function reviewCampaign(client: ApiClient, failed: number): Promise<string> {
  const body = {
    verdict: failed === 0 ? 'good' : 'mixed',
    note: `Reviewed by the demo: ${failed} vehicles could not be updated.`,
  };
  return (await client.request('POST', `/v1/campaigns/${CAMPAIGN}/review`, { body })).position;
}
