/** The `update` and `grant` documents of a vehicle, made from the state of its shard (DESIGN §6). */
import { windowAt } from '../../domain/campaign/schedule.ts';
import { type AssignmentState, isInFlight } from '../../domain/rollout/state.ts';
import type { DownMessage, GrantContent, GrantRequest } from '../ports.ts';
import { isStopped, type Rollout } from './rollout.ts';
import type { ShardState } from './shard-state.ts';

const encoder = new TextEncoder();
export const NOTHING_OPEN = encoder.encode('{"v":1,"offers":[]}');

/**
 * All that is open for each vehicle. While a rollout is stopped its unanswered offers are left out; what was
 * accepted stays in, because a vehicle takes what is missing for cancelled.
 */
export async function updateMessages(
  state: ShardState,
  vehicleIds: Iterable<string>,
): Promise<DownMessage[]> {
  const parts = await offerParts(state);
  const messages: DownMessage[] = [];
  for (const vehicleId of vehicleIds) {
    const offers: string[] = [];
    for (const { rollout, stopped, json } of parts) {
      const row = rollout.table.indexOf(vehicleId);
      if (row < 0 || !isInFlight(rollout.table.phase(row))) continue;
      if (stopped && rollout.table.phase(row) === 'offered') continue;
      offers.push(offerJson(state, rollout, rollout.table.get(row), json));
    }
    const payload =
      offers.length === 0 ? NOTHING_OPEN : encoder.encode(`{"v":1,"offers":[${offers.join()}]}`);
    messages.push({ vehicleId, topic: 'update', payload });
  }
  return messages;
}

async function offerParts(state: ShardState) {
  const { watch, contents } = state.worker;
  const parts: { rollout: Rollout; stopped: boolean; json: string }[] = [];
  for (const rollout of state.rollouts.values()) {
    if (rollout.table.inFlight === 0) continue;
    const view = state.view(rollout.campaignId);
    const content = await contents.of(rollout.campaignId, view.campaign.policy);
    const stopped = isStopped(rollout, view, watch.fleet) || content.hold !== null;
    parts.push({ rollout, stopped, json: content.json });
  }
  return parts;
}

function offerJson(state: ShardState, rollout: Rollout, assignment: AssignmentState, json: string): string {
  const { campaignId } = rollout;
  const { offer, attempt, slice, deadline_ms } = assignment;
  const window = windowOf(state, rollout, rollout.slices[slice]?.timeZone ?? 'UTC');
  const validUntil = new Date(deadline_ms ?? state.now_ms).toISOString();
  const opening = window === null ? 'null' : `{"opens":"${window.opens}","closes":"${window.closes}"}`;
  return `{"campaignId":"${campaignId}","offer":${offer},"attempt":${attempt},"window":${opening},"validUntil":"${validUntil}",${json}}`;
}

/** The current or next off-peak window of the vehicles of a time zone; null when the policy has none. */
export function windowOf(state: ShardState, rollout: Rollout, timeZone: string) {
  const { window } = state.view(rollout.campaignId).campaign.policy;
  return window === null ? null : windowAt(window, timeZone, new Date(state.now_ms).toISOString());
}

/** Whether some rollout has an offer or an attempt of the vehicle under way. */
export function hasOpen(state: ShardState, vehicleId: string): boolean {
  for (const { table } of state.rollouts.values()) {
    const row = table.indexOf(vehicleId);
    if (row >= 0 && isInFlight(table.phase(row))) return true;
  }
  return false;
}

interface Wanted {
  readonly request: GrantRequest;
  readonly assignment: AssignmentState;
}

/**
 * The grants in force of each vehicle; vehicles without one get no message. While a rollout is stopped only
 * those have one that have begun to download: nothing new starts, what runs may finish.
 * @throws whatever the builder throws.
 */
export async function grantMessages(state: ShardState, vehicleIds: Iterable<string>): Promise<DownMessage[]> {
  const wanted: Wanted[] = [];
  for (const vehicleId of vehicleIds)
    for (const rollout of state.rollouts.values()) wanted.push(...grantOf(state, rollout, vehicleId));
  if (wanted.length === 0) return [];
  const built = await state.worker.deps.grants.build(wanted.map(({ request }) => request));
  const grants = new Map<string, string[]>();
  for (const [index, { request, assignment }] of wanted.entries()) {
    const content = built[index] ?? null;
    if (content === null) continue;
    const list = grants.get(request.vehicleId) ?? [];
    list.push(grantJson(request.campaignId, assignment, content));
    grants.set(request.vehicleId, list);
  }
  return [...grants].map(([vehicleId, list]) => ({
    vehicleId,
    topic: 'grant',
    payload: encoder.encode(`{"v":1,"grants":[${list.join()}]}`),
  }));
}

function grantOf(state: ShardState, rollout: Rollout, vehicleId: string): Wanted[] {
  const row = rollout.table.indexOf(vehicleId);
  const phase = row < 0 ? 'waiting' : rollout.table.phase(row);
  if (!isInFlight(phase) || phase === 'offered') return [];
  const view = state.view(rollout.campaignId);
  if (phase === 'accepted' && isStopped(rollout, view, state.worker.watch.fleet)) {
    state.owedGrants.add(vehicleId);
    return [];
  }
  const { artifacts } = view.campaign.policy;
  const request = { vehicleId, campaignId: rollout.campaignId, artifacts };
  return [{ request, assignment: rollout.table.get(row) }];
}

const grantJson = (
  campaignId: string,
  { offer, attempt }: AssignmentState,
  content: GrantContent,
): string => {
  const { token, expiresAt, contentBase, files } = content;
  return JSON.stringify({ v: 1, campaignId, offer, attempt, token, expiresAt, contentBase, files });
};

/** Tells vehicles what is open for them now; those that can't be told are told at a later tick. */
export async function sendUpdates(
  state: ShardState,
  vehicleIds: readonly string[],
  what: string,
): Promise<void> {
  for (const vehicleId of vehicleIds) state.owedUpdates.delete(vehicleId);
  if (await state.send(await updateMessages(state, vehicleIds), what)) return;
  for (const vehicleId of vehicleIds) state.owedUpdates.add(vehicleId);
}

/** Sends grants; those that can't be made, sent or given now are owed, and tried again at each tick. */
export async function sendGrants(state: ShardState, vehicleIds: ReadonlySet<string>): Promise<void> {
  if (vehicleIds.size === 0) return;
  try {
    for (const vehicleId of vehicleIds) state.owedGrants.delete(vehicleId);
    const messages = await grantMessages(state, vehicleIds);
    const sent = await state.send(messages, 'grants');
    if (sent) state.worker.metrics.grants += messages.length;
    else for (const { vehicleId } of messages) state.owedGrants.add(vehicleId);
  } catch (error) {
    for (const vehicleId of vehicleIds) state.owedGrants.add(vehicleId);
    state.worker.deps.onError(error, `building grants in shard ${state.shard}`);
  }
}
