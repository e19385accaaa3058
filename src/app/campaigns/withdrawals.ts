/**
 * Withdrawn artifacts pause every running campaign that uses them, once: the command's id is made of the
 * withdrawal, so that a restart does not pause again what it has paused.
 */
import type { Campaign } from '../../domain/campaign/state.ts';
import { readEvent } from '../../domain/events.ts';
import { parseStream } from '../../domain/shared/streams.ts';
import type { Runtime } from '../handle-command.ts';
import type { Clock, Log, RecordedEvent } from '../ports.ts';
import { type Agent, createAgent } from './agent.ts';
import { type CampaignView, CampaignViews, markOf, writable } from './campaign-view.ts';
import { Backoffs, issue } from './system-command.ts';

export interface WithdrawalsDeps {
  readonly clock: Clock;
  readonly log: Log;
}

const ISSUER = 'withdrawals';
const PREFIXES = ['artifact-', 'campaign-'] as const;

interface Withdrawal {
  readonly artifactId: string;
  readonly eventId: string;
  readonly reason: string;
}

export function createWithdrawals(runtime: Runtime, deps: WithdrawalsDeps): Agent {
  const { clock, log } = deps;
  const views = new CampaignViews(
    ({ phase }) => phase !== 'absent' && phase !== 'aborted' && phase !== 'completed' && phase !== 'reviewed',
  );
  const withdrawn = new Map<string, Withdrawal>();
  const backoffs = new Backoffs();
  /** Revision that a campaign's stream had after its pause, until the log has brought it here. */
  const awaited = new Map<string, number>();

  const fold = (recorded: RecordedEvent): void => {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'campaign') {
      if (views.fold(recorded) === null) {
        awaited.delete(ref.campaignId);
        backoffs.succeeded(ref.campaignId);
      }
      return;
    }
    const read = readEvent(recorded.type, recorded.schemaVersion, recorded.data);
    if (!read.known || read.event.type !== 'ArtifactWithdrawn') return;
    const { artifactId, reason } = read.event.data;
    withdrawn.set(artifactId, { artifactId, eventId: recorded.id, reason });
  };

  const pause = async (view: CampaignView, { artifactId, eventId, reason }: Withdrawal): Promise<void> => {
    const { campaignId, revision } = view;
    const outcome = await issue(runtime, log, ISSUER, {
      campaignId,
      command: {
        type: 'PauseCampaign',
        code: 'artifact-withdrawn',
        reason: `${artifactId} was withdrawn: ${reason}`.slice(0, 2000),
        cause: eventId,
      },
      cause: eventId,
      // A resumption that raced with the withdrawal is undone; the revision tells the two pauses apart.
      purpose: `pause-${markOf(view, 'CampaignResumed')?.revision ?? 0}`,
    });
    if (outcome === null || outcome.revision <= revision) backoffs.failed(campaignId, clock.now());
    else awaited.set(campaignId, outcome.revision);
  };

  return createAgent({
    name: ISSUER,
    store: runtime.store,
    clock,
    log,
    prefixes: PREFIXES,
    load: async (until) => {
      views.clear();
      withdrawn.clear();
      backoffs.clear();
      awaited.clear();
      for await (const batch of runtime.store.readAll({ until, prefixes: PREFIXES }))
        for (const event of batch.events) fold(event);
    },
    fold: (events) => {
      for (const event of events) fold(event);
    },
    act: async (signal) => {
      let wake: number | null = null;
      for (const view of views.all()) {
        const campaign = writable(view);
        const withdrawal = campaign === null ? null : usedBy(campaign, withdrawn);
        if (withdrawal === null || view.revision < (awaited.get(view.campaignId) ?? -1)) continue;
        const until = backoffs.until(view.campaignId);
        if (until > clock.now()) wake = Math.min(wake ?? until, until);
        else if (signal.aborted) return null;
        else await pause(view, withdrawal);
      }
      return wake;
    },
  });
}

/** Why a campaign must not go on; null when it may, or is halted already. */
function usedBy(campaign: Campaign, withdrawn: ReadonlyMap<string, Withdrawal>): Withdrawal | null {
  if (campaign.phase !== 'running') return null;
  for (const artifactId of campaign.policy.artifacts) {
    const withdrawal = withdrawn.get(artifactId);
    if (withdrawal !== undefined) return withdrawal;
  }
  return null;
}
