/**
 * The planner (DESIGN §5 "Targets"): follows the log, freezes each query that was defined into a list of targets,
 * and records the outcome. It keeps nothing: a freeze it died in is done again, under the same plan id.
 */
import type { CampaignState } from '../../domain/campaign/state.ts';
import { metadataOf, type Runtime } from '../handle-command.ts';
import type { Clock, Log, RecordedEvent, TargetSelection, TargetSelector } from '../ports.ts';
import { type Agent, createAgent } from './agent.ts';
import { type CampaignView, CampaignViews, type Mark, markOf, writable } from './campaign-view.ts';
import { Backoffs, issue, type SystemCommand, systemEnvelope } from './system-command.ts';
import { type SelectedVehicles, writeTargets } from './target-writer.ts';

export interface PlannerDeps {
  readonly selector: TargetSelector;
  readonly clock: Clock;
  readonly log: Log;
}

const ISSUER = 'planner';
/** Longest reason that an event takes. */
const REASON_LENGTH = 2000;

/** Id of the plan that waits for its targets, or null. */
const pendingPlan = (state: CampaignState): string | null =>
  state.phase === 'targeting-defined' && state.plan?.status === 'pending' ? state.plan.planId : null;

export function createPlanner(runtime: Runtime, deps: PlannerDeps): Agent {
  const { clock, log } = deps;
  // Campaigns before their start: only those can get new targets.
  const views = new CampaignViews(
    (state) => state.phase !== 'absent' && !state.started && state.phase !== 'aborted',
  );
  const backoffs = new Backoffs();
  /** Plans whose outcome is in the log, by campaign, until the log has brought it here. */
  const done = new Map<string, string>();

  const fold = (event: RecordedEvent): void => {
    const view = views.fold(event);
    if (view === null) return;
    backoffs.succeeded(view.campaignId);
    if (pendingPlan(view.state) === null) done.delete(view.campaignId);
  };

  /** The next freeze that is due, or when one will be. */
  const next = (): { view: CampaignView; planId: string } | number | null => {
    let wake: number | null = null;
    for (const view of views.all()) {
      const planId = view.newer ? null : pendingPlan(view.state);
      if (planId === null || done.get(view.campaignId) === planId) continue;
      const until = backoffs.until(view.campaignId);
      if (until <= clock.now()) return { view, planId };
      wake = Math.min(wake ?? until, until);
    }
    return wake;
  };

  return createAgent({
    name: ISSUER,
    store: runtime.store,
    clock,
    log,
    prefixes: ['campaign-'],
    load: async (until) => {
      views.clear();
      backoffs.clear();
      done.clear();
      for await (const batch of runtime.store.readAll({ until, prefixes: ['campaign-'] }))
        for (const event of batch.events) fold(event);
    },
    fold: (events) => {
      for (const event of events) fold(event);
    },
    act: async (signal) => {
      for (;;) {
        const due = next();
        if (due === null || typeof due === 'number') return due;
        if (signal.aborted) return null;
        const { view, planId } = due;
        const { campaignId } = view;
        const settled = await freeze(runtime, deps, view, signal).catch((error: unknown) => {
          log('error', 'planner: the targets could not be frozen', { campaignId, error });
          return false;
        });
        if (settled) done.set(campaignId, planId);
        else backoffs.failed(campaignId, clock.now());
      }
    },
  });
}

/** True when an outcome was recorded, or none is wanted any more. */
async function freeze(
  runtime: Runtime,
  deps: PlannerDeps,
  view: CampaignView,
  signal: AbortSignal,
): Promise<boolean> {
  const campaign = writable(view);
  const mark = markOf(view, 'TargetingDefined');
  const plan = campaign?.plan ?? null;
  if (campaign === null || plan === null || mark === null) return true;
  const { planId } = plan;
  const isWanted = (): boolean => !signal.aborted && pendingPlan(view.state) === planId;
  const { artifacts, waves } = campaign.policy;
  const selecting = deps.selector.select(plan.query, artifacts, mark.position);
  const result = await untilAborted(selecting, signal);
  if (result === null) return true;
  const record = recorder(runtime, deps.log, view.campaignId, mark);
  if (!result.ok) return record({ type: 'RecordFreezeFailure', planId, reason: clip(result.reason) });
  const { selection } = result;
  const selected = await collect(selection);
  if (selected.vehicleIds.length === 0)
    return record({ type: 'RecordFreezeFailure', planId, reason: clip(nothingSelected(selection)) });
  const now = new Date(runtime.now()).toISOString();
  const envelope = systemEnvelope(ISSUER, mark.id, mark.correlationId);
  const metadata = metadataOf(envelope, now, runtime.newId);
  const written = await writeTargets(runtime, selected, {
    campaignId: view.campaignId,
    planId,
    waves,
    metadata,
    isWanted,
  });
  if (written === null) return true;
  return record({
    type: 'RecordTargets',
    planId,
    targets: selected.vehicleIds.length,
    incompatible: selection.incompatible,
    reasons: selection.reasons.slice(0, 50).map(({ code, vehicles }) => ({ code, vehicles })),
    waves: [...written.waves],
    shards: [...written.shards],
    digest: written.digest,
    lastEventId: selection.lastEventId,
  });
}

const recorder =
  (runtime: Runtime, log: Log, campaignId: string, mark: Mark) =>
  async (command: SystemCommand['command']): Promise<boolean> => {
    const { id: cause, correlationId } = mark;
    const outcome = await issue(runtime, log, ISSUER, {
      campaignId,
      command,
      cause,
      purpose: 'freeze',
      correlationId,
    });
    return outcome !== null;
  };

async function collect(selection: TargetSelection): Promise<SelectedVehicles> {
  const vehicleIds: string[] = [];
  const revisions: number[] = [];
  const sliceOf: number[] = [];
  for await (const rows of selection.rows)
    for (const { vehicleId, revision, slice } of rows) {
      vehicleIds.push(vehicleId);
      revisions.push(revision);
      sliceOf.push(slice);
    }
  return { vehicleIds, revisions, sliceOf, slices: selection.slices, lastEventId: selection.lastEventId };
}

function nothingSelected({ matched, incompatible, reasons }: TargetSelection): string {
  if (matched === 0) return 'The query matches no vehicle.';
  const why = reasons.slice(0, 5).map(({ code, vehicles }) => `${code} (${vehicles})`);
  return `The query matches ${matched} vehicles, and ${incompatible} of them can't take the artifacts: ${why.join(', ')}.`;
}

const clip = (reason: string): string => reason.slice(0, REASON_LENGTH) || 'The query could not be read.';

/** Null when the signal comes first: an index that never catches up must not keep the planner from stopping. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const aborted = Promise.withResolvers<null>();
  const abort = (): void => aborted.resolve(null);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
