/** What is held of a campaign: purpose, targets, approvals, conditions, decisions. */

import type { CampaignEvent } from '../../domain/campaign/events.ts';
import { type Campaign, type CampaignState, evolveCampaign } from '../../domain/campaign/state.ts';
import { campaignStream, rolloutStream, targetsStream } from '../../domain/shared/streams.ts';
import { artifactItems, collectArtifacts, type ProvenArtifact } from './artifact-items.ts';
import type { EvidenceItem } from './bundle.ts';
import { evidenceOf } from './clauses.ts';
import { type Collection, type Proven, refsOf } from './collect.ts';

export interface ProvenCampaign {
  readonly campaign: Campaign;
  readonly proven: readonly Proven[];
}

const whole = <T>(event: T): T => event;

/** Null when there is no such campaign. */
export async function collectCampaign(
  collection: Collection,
  campaignId: string,
): Promise<ProvenCampaign | null> {
  const proven = await collection.stream(campaignStream(campaignId), whole, true);
  const absent: CampaignState = { phase: 'absent' };
  const campaign = proven.reduce<CampaignState>(
    (state, { event }) => evolveCampaign(state, event as CampaignEvent),
    absent,
  );
  return campaign.phase === 'absent' ? null : { campaign, proven };
}

export async function campaignItems(
  collection: Collection,
  campaignId: string,
): Promise<readonly EvidenceItem[]> {
  const found = await collectCampaign(collection, campaignId);
  if (found === null) return [];
  const artifacts = await collectArtifacts(collection, found.campaign.policy.artifacts);
  // The lists and what each vehicle did are too long for a bundle; where their chains end fixes them.
  for (const [shard, targets] of (found.campaign.plan?.shards ?? []).entries()) {
    if (targets === 0) continue;
    await collection.end(targetsStream(campaignId, shard));
    await collection.end(rolloutStream(campaignId, shard));
  }
  return [
    ...artifacts.flatMap(artifactItems),
    targetItem(found),
    ...compatibilityItems(found, artifacts),
    ...planItems(found, artifacts),
    ...decisionItems(found),
  ];
}

const frozenIn = ({ proven }: ProvenCampaign) =>
  proven.flatMap(({ event }) => (event.type === 'TargetsFrozen' ? [event.data] : [])).at(-1) ?? null;

function targetItem(found: ProvenCampaign): EvidenceItem {
  const frozen = frozenIn(found);
  const { campaignId } = found.campaign;
  return evidenceOf(
    '7.1.1.6',
    frozen === null
      ? 'No target list is frozen yet.'
      : `The query was frozen into a list of ${frozen.targets} vehicles; its digest is over the lists of all shards.`,
    {
      campaignId,
      query: frozen?.query ?? null,
      targets: frozen?.targets ?? 0,
      digest: frozen?.digest ?? null,
    },
    refsOf(found.proven, 'TargetingDefined', 'TargetsFrozen'),
  );
}

function compatibilityItems(
  found: ProvenCampaign,
  artifacts: readonly ProvenArtifact[],
): readonly EvidenceItem[] {
  const frozen = frozenIn(found);
  if (frozen === null) return [];
  const data = {
    campaignId: found.campaign.campaignId,
    listed: frozen.targets,
    leftOut: frozen.incompatible,
    reasons: frozen.reasons,
    selectionReflects: frozen.lastEventId,
    requirements: artifacts.map(({ artifact }) => ({
      artifactId: artifact.artifactId,
      requirements: artifact.requirements,
    })),
  };
  const events = [
    ...refsOf(found.proven, 'TargetsFrozen'),
    ...artifacts.flatMap(({ proven }) => refsOf(proven, 'ArtifactRegistered')),
  ];
  const statement =
    `Only vehicles whose last known configuration meets the requirements of every artifact were listed; ` +
    `${frozen.incompatible} that the query matched were left out. It is judged again on the inventory at each offer.`;
  return [
    evidenceOf('7.1.1.7', statement, data, events),
    evidenceOf(
      '7.1.2.4',
      'The list names, for each vehicle, the revision of its record that it was judged on; the bundle of a vehicle has its entry.',
      { campaignId: data.campaignId, targets: frozen.targets, digest: frozen.digest, shards: frozen.shards },
      refsOf(found.proven, 'TargetsFrozen'),
    ),
  ];
}

/** Purpose and conditions, as they were when the bundle was made, and who approved them. */
export function planItems(
  { campaign, proven }: ProvenCampaign,
  artifacts: readonly ProvenArtifact[],
): readonly EvidenceItem[] {
  const { campaignId, title, purpose, policy } = campaign;
  const made = refsOf(proven, 'CampaignCreated', 'CampaignAmended');
  return [
    evidenceOf(
      '7.1.2.5 (a)',
      'Purpose of the campaign, and release notes and urgency of its artifacts.',
      {
        campaignId,
        title,
        purpose,
        artifacts: artifacts.map(({ artifact: { artifactId, releaseType, releaseNotes } }) => ({
          artifactId,
          releaseType,
          releaseNotes,
        })),
      },
      [
        ...refsOf(proven, 'CampaignCreated'),
        ...artifacts.flatMap((one) => refsOf(one.proven, 'ArtifactRegistered')),
      ],
    ),
    evidenceOf(
      '7.1.2.5 (g)',
      'Order of the artifacts, waves with their gates, hours, time limits and attempts that the campaign allows.',
      { campaignId, policy },
      made,
    ),
    evidenceOf(
      '7.2.2.2 (a)',
      policy.consentTextKey === null
        ? 'The campaign asks for no consent; that the user was informed is not on record.'
        : 'Each offer carries the key of the text shown to the user; the vehicle’s acceptance or refusal is recorded.',
      { campaignId, consentTextKey: policy.consentTextKey },
      made,
    ),
    evidenceOf(
      '7.2.2.5',
      policy.preconditions.length === 0
        ? 'The campaign sets no preconditions beside those of the vehicle itself.'
        : 'Each offer carries these preconditions; a vehicle that does not know or meet one refuses, which is recorded.',
      { campaignId, preconditions: policy.preconditions },
      made,
    ),
  ];
}

function decisionItems({ campaign, proven }: ProvenCampaign): readonly EvidenceItem[] {
  const decisions = proven.filter(({ event }) => event.type !== 'CampaignCreated');
  return [
    evidenceOf(
      '7.1.2.5 (i)',
      campaign.approval === null
        ? 'The plan has no approval in force.'
        : `${campaign.approval.by}, who is none of its authors, approved the digest of policy, query and targets; waves went on as their gates decided.`,
      {
        campaignId: campaign.campaignId,
        state: campaign.phase,
        authors: campaign.authors,
        approval: campaign.approval,
        decisions: decisions.map(({ event, ref }) => ({ type: event.type, at: ref.time, data: event.data })),
        review: campaign.review,
      },
      refsOf(decisions),
    ),
  ];
}
