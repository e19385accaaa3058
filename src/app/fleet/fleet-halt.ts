/** The emergency stop in force, and waiting until every shard of every campaign has confirmed it. */
import { campaignDecider } from '../../domain/campaign/decide.ts';
import type { CampaignEvent } from '../../domain/campaign/events.ts';
import { type CampaignState, isOver, isRunning } from '../../domain/campaign/state.ts';
import { readEvent } from '../../domain/events.ts';
import { FLEET_STREAM, parseStream } from '../../domain/shared/streams.ts';
import { until } from '../campaigns/wait.ts';
import type { Clock, EventStore, Position, RecordedEvent } from '../ports.ts';

/** Shards of a campaign that have not confirmed the stop. */
export interface MissingShards {
  readonly campaignId: string;
  readonly shards: readonly number[];
}

export interface FleetHaltReport {
  /** Whether a stop is in force: a repeated request may come after it was lifted. */
  readonly active: boolean;
  /** True when a stop is in force and nothing is missing. */
  readonly halted: boolean;
  readonly missing: readonly MissingShards[];
}

export interface EmergencyStop {
  /** Of EmergencyStopped: the cause that shards name when they halt for it. */
  readonly id: string;
  readonly position: Position;
  readonly reason: string;
  /** ISO 8601 UTC with milliseconds. */
  readonly since: string;
}

/** @returns the stop in force, or null; `newer` when the stream holds what only a newer version can judge. */
export async function readEmergency(
  store: EventStore,
): Promise<{ readonly stop: EmergencyStop | null; readonly newer: boolean }> {
  let stop: EmergencyStop | null = null;
  let newer = false;
  for await (const batch of store.readStream(FLEET_STREAM))
    for (const { id, position, type, schemaVersion, data, metadata } of batch) {
      const read = readEvent(type, schemaVersion, data);
      if (!read.known) newer = true;
      else if (read.event.type === 'EmergencyLifted') stop = null;
      else if (read.event.type === 'EmergencyStopped')
        stop = { id, position, reason: read.event.data.reason, since: metadata.time };
    }
  return { stop, newer };
}

type Campaigns = Map<string, CampaignState>;

function foldCampaign(campaigns: Campaigns, recorded: RecordedEvent): CampaignState | null {
  const ref = parseStream(recorded.stream);
  if (ref.category !== 'campaign') return null;
  const before = campaigns.get(ref.campaignId) ?? campaignDecider.initialState;
  const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
  const after = read.known ? campaignDecider.evolve(before, read.event as CampaignEvent) : before;
  campaigns.set(ref.campaignId, after);
  return after;
}

/**
 * Campaigns that ran when the stop was recorded. Those started later need no waiting for: workers read the log in
 * its order, and know of the stop before they know of the start.
 */
async function campaignsAt(store: EventStore, position: Position): Promise<Campaigns> {
  const campaigns: Campaigns = new Map();
  for await (const { events } of store.readAll({ prefixes: ['campaign-'], until: position }))
    for (const event of events) foldCampaign(campaigns, event);
  return campaigns;
}

function withTargets(campaigns: Campaigns): Map<string, Set<number>> {
  const missing = new Map<string, Set<number>>();
  for (const [campaignId, state] of campaigns) {
    if (state.phase === 'absent' || !isRunning(state)) continue;
    const shards = (state.plan?.shards ?? []).flatMap((targets, shard) => (targets > 0 ? [shard] : []));
    if (shards.length > 0) missing.set(campaignId, new Set(shards));
  }
  return missing;
}

/**
 * Waits until every shard with targets of every campaign under way has appended RolloutHalted for the stop in
 * force, or RolloutDrained, or the campaign is over. Shards of paused campaigns confirm it as well.
 * @throws when the log can't be read.
 */
export async function waitForFleetHalt(
  store: EventStore,
  clock: Clock,
  timeout_ms: number,
): Promise<FleetHaltReport> {
  const { stop } = await readEmergency(store);
  if (stop === null) return { active: false, halted: false, missing: [] };
  const campaigns = await campaignsAt(store, stop.position);
  const missing = withTargets(campaigns);
  if (missing.size === 0) return { active: true, halted: true, missing: [] };

  const confirm = (campaignId: string, shard: number): void => {
    const shards = missing.get(campaignId);
    if (shards?.delete(shard) && shards.size === 0) missing.delete(campaignId);
  };
  const options = { after: stop.position, prefixes: ['campaign-', 'rollout-'], timeout_ms };
  const halted = await until(store, clock, options, (recorded) => {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'campaign') {
      const state = foldCampaign(campaigns, recorded);
      if (state !== null && state.phase !== 'absent' && isOver(state)) missing.delete(ref.campaignId);
    } else if (ref.category === 'rollout' && CONFIRMING.has(recorded.type)) {
      const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
      if (!read.known) return false;
      const { event } = read;
      if (event.type === 'RolloutDrained' || (event.type === 'RolloutHalted' && event.data.cause === stop.id))
        confirm(ref.campaignId, ref.shard);
    }
    return missing.size === 0;
  });
  const left = [...missing].map(([campaignId, shards]) => ({
    campaignId,
    shards: [...shards].sort((a, b) => a - b),
  }));
  return { active: true, halted, missing: left };
}

const CONFIRMING: ReadonlySet<string> = new Set(['RolloutHalted', 'RolloutDrained']);
