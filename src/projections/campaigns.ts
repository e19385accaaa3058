/** Campaigns: policy, state, frozen targets, waves with their gates, approvals and the reason of each decision. */
import { createHash } from 'node:crypto';
import type { Document, DocumentKey, Projection } from '../app/ports.ts';
import type { CampaignEvent } from '../domain/campaign/events.ts';
import {
  type Campaign,
  type CampaignState,
  evolveCampaign,
  planDigest,
  type WaveState,
} from '../domain/campaign/state.ts';
import { parseStream } from '../domain/shared/streams.ts';

interface Decision {
  readonly type: string;
  readonly at: string;
  readonly by: string;
  readonly reason: string | null;
}

/** The state it was made from can be had back from a document, so nothing is kept twice. */
type CampaignDocument = Document &
  Omit<Campaign, 'phase' | 'campaignId' | 'waves'> & {
    readonly state: Campaign['phase'];
    readonly waves: readonly WaveState[];
    readonly decisions: readonly Decision[];
  };

function stateOf(document: CampaignDocument | null): CampaignState {
  if (document === null) return { phase: 'absent' };
  const { id, state, title, purpose, policy, authors, plan, approval, startAt, started } = document;
  const waves = document.waves.map(({ gate, confirmed }) => ({ gate, confirmed }));
  const { releasedWave, pause, review } = document;
  const made = { title, purpose, policy, authors, plan, approval, startAt, started };
  return { phase: state, campaignId: id, ...made, releasedWave, waves, pause, review };
}

function waveState(campaign: Campaign, wave: number): string {
  if (wave > campaign.releasedWave) return 'planned';
  const { gate, confirmed } = campaign.waves[wave - 1] ?? { gate: null, confirmed: false };
  if (confirmed) return 'confirmed';
  return gate === null ? 'released' : gate.outcome;
}

/** What an operator reads first: the last pause, gate or freeze failure that still stands. */
const reasonOf = (campaign: Campaign): string | null =>
  campaign.pause?.reason ?? campaign.plan?.reason ?? null;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const campaigns: Projection = {
  name: 'campaigns',
  version: 2,
  prefixes: ['campaign-'],
  collections: [{ name: 'campaigns', indexes: ['state'] }],
  keys({ recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    return ref.category === 'campaign' ? [{ collection: 'campaigns', id: ref.campaignId }] : [];
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (ref.category !== 'campaign') return;
    const before = documents.get<CampaignDocument>('campaigns', ref.campaignId);
    const folded = evolveCampaign(stateOf(before), event as CampaignEvent);
    if (folded.phase === 'absent') return;
    const frozen = event.type === 'TargetsFrozen' ? event.data : null;
    const targets =
      frozen === null
        ? event.type === 'TargetingDefined'
          ? null
          : (before?.['targets'] ?? null)
        : {
            targets: frozen.targets,
            incompatible: frozen.incompatible,
            reasons: frozen.reasons,
            digest: frozen.digest,
          };
    const reason = 'reason' in event.data && typeof event.data.reason === 'string' ? event.data.reason : null;
    const decision = { type: event.type, at: recorded.metadata.time, by: recorded.metadata.actor.id, reason };
    documents.put('campaigns', {
      id: ref.campaignId,
      title: folded.title,
      purpose: folded.purpose,
      state: folded.phase,
      reason: reasonOf(folded),
      policy: folded.policy,
      query: folded.plan?.query ?? null,
      plan: folded.plan,
      targets,
      releasedWave: folded.releasedWave,
      waves: folded.policy.waves.map((wave, index) => ({
        wave: index + 1,
        name: wave.name,
        state: waveState(folded, index + 1),
        gate: folded.waves[index]?.gate ?? null,
        confirmed: folded.waves[index]?.confirmed ?? false,
      })),
      authors: folded.authors,
      planDigest: planDigest(folded, sha256),
      approval: folded.approval,
      startAt: folded.startAt,
      started: folded.started,
      pause: folded.pause,
      review: folded.review,
      createdAt: before?.['createdAt'] ?? recorded.metadata.time,
      decisions: [...(before?.decisions ?? []), decision],
      revision: recorded.revision,
    });
  },
};
