/** What is held of one vehicle: its configurations, and its part in each campaign. */
import { compatibility } from '../../domain/artifact/compatibility.ts';
import type { RolloutEvent } from '../../domain/rollout/events.ts';
import type { Span } from '../../domain/rollout/spans.ts';
import { shardOf } from '../../domain/shared/shard.ts';
import { rolloutStream, targetsStream, vehicleStream } from '../../domain/shared/streams.ts';
import type { VehicleEvent } from '../../domain/vehicle/events.ts';
import { evolveVehicle, noVehicle, type VehicleState } from '../../domain/vehicle/state.ts';
import { artifactItems, collectArtifacts, type ProvenArtifact } from './artifact-items.ts';
import type { EvidenceItem } from './bundle.ts';
import { collectCampaign, type ProvenCampaign, planItems } from './campaign-items.ts';
import { evidenceOf } from './clauses.ts';
import { type Collection, type Proven, refsOf, type Selection } from './collect.ts';

/** A campaign that the vehicle is in, and where the vehicle's events are in the stream of its rollout. */
export interface VehiclePart {
  readonly campaignId: string;
  readonly spans: readonly Span[];
}

export async function vehicleItems(
  collection: Collection,
  vehicleId: string,
  parts: readonly VehiclePart[],
): Promise<readonly EvidenceItem[]> {
  const record = await collection.stream(vehicleStream(vehicleId), (event) => event, true);
  const items: EvidenceItem[] = [configurationItem(vehicleId, record)];
  const known = new Map<string, ProvenArtifact>();
  for (const { campaignId, spans } of parts) {
    const found = await collectCampaign(collection, campaignId);
    if (found === null) continue;
    const { artifacts: ids } = found.campaign.policy;
    const added = await collectArtifacts(
      collection,
      ids.filter((id) => !known.has(id)),
    );
    for (const one of added) known.set(one.artifact.artifactId, one);
    const artifacts = ids.flatMap((id) => known.get(id) ?? []);
    items.push(...added.flatMap(artifactItems), ...planItems(found, artifacts));
    items.push(...(await partItems(collection, vehicleId, spans, record, found, artifacts)));
  }
  return items;
}

/** The vehicle's record as it was after one of its revisions; null = all of it. */
function vehicleAt(record: readonly Proven[], revision: number | null): VehicleState {
  return record
    .filter(({ ref }) => revision === null || ref.revision <= revision)
    .reduce<VehicleState>((state, { event }) => evolveVehicle(state, event as VehicleEvent), noVehicle);
}

const ecusOf = (state: VehicleState): unknown => (state.stage === 'none' ? [] : state.ecus);

function configurationItem(vehicleId: string, record: readonly Proven[]): EvidenceItem {
  const configurations = record
    .filter(({ event }) => event.type === 'InventoryReported' || event.type === 'EcuReplaced')
    .map(({ event, ref }) => ({
      at: ref.time,
      eventId: ref.id,
      source: 'source' in event.data ? event.data.source : null,
      ecus: ecusOf(vehicleAt(record, ref.revision)),
    }));
  return evidenceOf(
    '7.1.2.2',
    `${configurations.length} configurations of the vehicle are on record, each with hardware and software of its ECUs.`,
    { vehicleId, configurations },
    refsOf(record, 'InventoryReported', 'EcuReplaced'),
  );
}

interface Listing {
  readonly wave: number;
  readonly judgedOnRevision: number;
}

async function partItems(
  collection: Collection,
  vehicleId: string,
  spans: readonly Span[],
  record: readonly Proven[],
  found: ProvenCampaign,
  artifacts: readonly ProvenArtifact[],
): Promise<readonly EvidenceItem[]> {
  const { campaignId, plan } = found.campaign;
  const shard = shardOf(vehicleId);
  const listed = await collection.stream(
    targetsStream(campaignId, shard),
    listingOf(vehicleId, plan?.planId ?? ''),
    false,
  );
  const part = await collection.within(rolloutStream(campaignId, shard), spans, ownEvents(vehicleId));
  return [
    ...listingItems(vehicleId, record, found, artifacts, listed),
    ...outcomeItems(vehicleId, record, campaignId, part),
  ];
}

/** The lists name many vehicles: only this one's entry, and the slice that it is counted in, go into its bundle. */
const listingOf =
  (vehicleId: string, planId: string): Selection =>
  (event) => {
    const data = event.data as { planId?: string; vehicleId?: string; targets?: readonly unknown[] };
    if (event.type === 'TargetJoined' && data.vehicleId === vehicleId) return event;
    if (event.type !== 'TargetsListed' || data.planId !== planId) return null;
    const targets = (data.targets ?? []).filter((target) => (target as readonly unknown[])[0] === vehicleId);
    return targets.length === 0 ? null : { ...event, data: { ...data, targets } };
  };

const ownEvents =
  (vehicleId: string): Selection =>
  (event) =>
    (event.data as { vehicleId?: string }).vehicleId === vehicleId ? event : null;

function entryOf(listed: readonly Proven[], vehicleId: string): Listing | null {
  for (const { event } of listed) {
    if (event.type === 'TargetJoined')
      return { wave: event.data.wave, judgedOnRevision: event.data.vehicleRevision };
    if (event.type !== 'TargetsListed') continue;
    const entry = event.data.targets.find(([id]) => id === vehicleId);
    if (entry !== undefined) return { wave: entry[1], judgedOnRevision: entry[3] };
  }
  return null;
}

function listingItems(
  vehicleId: string,
  record: readonly Proven[],
  { campaign, proven }: ProvenCampaign,
  artifacts: readonly ProvenArtifact[],
  listed: readonly Proven[],
): readonly EvidenceItem[] {
  const entry = entryOf(listed, vehicleId);
  if (entry === null) return [];
  const judged = vehicleAt(record, entry.judgedOnRevision);
  const judgements = artifacts.map(({ artifact }) => ({
    artifactId: artifact.artifactId,
    ...(judged.stage === 'none' ? { compatible: false, reasons: [] } : compatibility(judged, artifact)),
  }));
  const data = { campaignId: campaign.campaignId, vehicleId, ...entry };
  const events = [...refsOf(proven, 'TargetsFrozen'), ...refsOf(listed)];
  return [
    evidenceOf(
      '7.1.2.4',
      `The vehicle is in wave ${entry.wave} of the frozen list, judged on revision ${entry.judgedOnRevision} of its record.`,
      { ...data, configuration: ecusOf(judged) },
      events,
    ),
    evidenceOf(
      '7.1.1.7',
      'The configuration that the vehicle was listed on, judged by the same rules once more.',
      { ...data, judgements },
      [...events, ...refsOf(record).filter(({ revision }) => revision <= entry.judgedOnRevision)],
    ),
  ];
}

function outcomeItems(
  vehicleId: string,
  record: readonly Proven[],
  campaignId: string,
  part: readonly Proven[],
): readonly EvidenceItem[] {
  if (part.length === 0) return [];
  const course = part.map(({ event, ref }) => ({ at: ref.time, type: event.type, eventId: ref.id }));
  const answers = refsOf(part, 'UpdateOffered', 'UpdateAccepted', 'UpdateDeclined', 'UpdatePostponed');
  const results = part.flatMap(({ event, ref }) => resultOf(event as RolloutEvent, ref.time));
  const refused = refsOf(part, 'PreconditionUnmet');
  const first = part[0]?.ref.time ?? '';
  const last = part.at(-1)?.ref.time ?? '';
  return [
    evidenceOf(
      '7.2.2.2 (a)',
      'What was offered to the vehicle, and what it answered, in the order in which it was recorded.',
      { campaignId, vehicleId, course },
      answers,
    ),
    evidenceOf(
      '7.2.2.5',
      refused.length === 0
        ? 'The vehicle reported no precondition that was not met.'
        : `${refused.length} times the vehicle did not begin, because a precondition was not met.`,
      { campaignId, vehicleId },
      refused,
    ),
    evidenceOf(
      '7.1.2.2',
      'Configuration before the first offer, and after what the vehicle reported last in this campaign.',
      {
        campaignId,
        vehicleId,
        before: ecusOf(configurationBy(record, first)),
        after: ecusOf(configurationBy(record, last)),
        results,
      },
      [
        ...refsOf(record, 'InventoryReported', 'EcuReplaced').filter(({ time }) => time <= last),
        ...refsOf(part, ...OUTCOMES),
      ],
    ),
    evidenceOf(
      '7.2.1.1',
      'Digests of the manifests that the vehicle says it has verified and installed.',
      { campaignId, vehicleId, results },
      refsOf(part, ...OUTCOMES),
    ),
    evidenceOf(
      '7.2.2.4 (a)',
      'The outcome as the vehicle reported it; what it showed to its user is not on record.',
      { campaignId, vehicleId, outcome: results.at(-1) ?? null },
      refsOf(part, ...OUTCOMES),
    ),
  ];
}

const OUTCOMES = [
  'UpdateSucceeded',
  'UpdateHealthy',
  'UpdateFailed',
  'UpdateReverted',
  'LateOutcomeReported',
] as const;

const configurationBy = (record: readonly Proven[], time: string): VehicleState =>
  vehicleAt(
    record.filter(({ ref }) => ref.time <= time),
    null,
  );

function resultOf(event: RolloutEvent, at: string): readonly Record<string, unknown>[] {
  if (!(OUTCOMES as readonly string[]).includes(event.type) || !('ecus' in event.data)) return [];
  const code = 'code' in event.data ? event.data.code : null;
  return [{ at, type: event.type, code, ecus: event.data.ecus }];
}
