/**
 * Each vehicle's part in each campaign: phase, attempt, offer, last outcome, when it came to them, and the slice it was
 * frozen in.
 */
import type { Document, DocumentKey, Documents, ProjectedEvent, Projection } from '../app/ports.ts';
import type { CampaignEvent, TargetSlice, TargetsEvent } from '../domain/campaign/events.ts';
import type { RolloutEvent } from '../domain/rollout/events.ts';
import { type Span, withRevision } from '../domain/rollout/spans.ts';
import { isAssignmentEvent } from '../domain/rollout/state.ts';
import { parseStream } from '../domain/shared/streams.ts';
import { type Course, courseAfter } from './assignment-course.ts';

type TargetsFrozen = Extract<CampaignEvent, { type: 'TargetsFrozen' }>;

const idOf = (campaignId: string, vehicleId: string): string => `${campaignId}/${vehicleId}`;

/** Who is on the list of one shard, so that a list that is written anew takes the place of the old one. */
interface ListDocument extends Document {
  readonly vehicles: string[];
}

interface AssignmentDocument extends Document {
  readonly campaignId: string;
  readonly vehicleId: string;
  /** Where its events are in the rollout's stream; for readers of the log, not for callers of the API. */
  readonly spans: readonly Span[];
}

/** The slices that assignments of one shard name by number: what the campaign counts by, as it was then. */
interface TargetSlicesDocument extends Document {
  readonly slices: TargetSlice[];
}
const TARGET_SLICES = 'target-slices';

/** What an event says beyond its move, as far as a reader of one assignment wants it. */
function outcomeOf(event: RolloutEvent): { code: string; message: string } | null {
  switch (event.type) {
    case 'UpdateFailed':
    case 'UpdateReverted':
    case 'LateOutcomeReported':
      return { code: event.data.code, message: event.data.message };
    case 'UpdateDeclined':
      return { code: event.data.code, message: '' };
    case 'PreconditionUnmet':
      return { code: 'precondition-unmet', message: event.data.names.join(', ') };
    case 'UpdateTimedOut':
      return {
        code: 'timed-out',
        message: `no outcome of the ${event.data.stage} by ${event.data.deadline}`,
      };
    case 'UpdateCancelled':
      return { code: event.data.reason, message: event.data.detail };
    case 'UpdateDisplaced':
      return { code: 'displaced', message: `by campaign ${event.data.by}` };
    default:
      return null;
  }
}

export const assignments: Projection = {
  name: 'assignments',
  version: 2,
  prefixes: ['rollout-', 'targets-', 'campaign-'],
  collections: [
    { name: 'assignments', indexes: ['campaignId', 'vehicleId', 'phase'] },
    { name: 'target-lists', indexes: [] },
    { name: TARGET_SLICES, indexes: [] },
  ],
  keys({ event, recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    if (event.type === 'TargetsFrozen') return emptyShards(event.data);
    if (ref.category === 'targets') {
      const lists = ofShard(ref.campaignId, ref.shard);
      if (event.type !== 'TargetJoined') return lists;
      return [...lists, { collection: 'assignments', id: idOf(ref.campaignId, event.data.vehicleId) }];
    }
    return ref.category === 'rollout' && 'vehicleId' in event.data
      ? [{ collection: 'assignments', id: idOf(ref.campaignId, event.data.vehicleId) }]
      : [];
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    const { time } = recorded.metadata;
    if (event.type === 'TargetsFrozen')
      for (const id of emptyShardIds(event.data)) dropList(id, event.data.campaignId, documents);
    else if (ref.category === 'targets')
      applyTargets(event as TargetsEvent, shardId(ref.campaignId, ref.shard), ref.shard, time, documents);
    else if (ref.category === 'rollout')
      applyRollout(event as RolloutEvent, recorded, ref.campaignId, documents);
  },
};

const shardId = (campaignId: string, shard: number): string => `${campaignId}/${shard}`;

const ofShard = (campaignId: string, shard: number): readonly DocumentKey[] =>
  ['target-lists', TARGET_SLICES].map((collection) => ({ collection, id: shardId(campaignId, shard) }));

/** Nothing is written for a shard without targets, so a list of an earlier plan or run is still there. */
const emptyShardsOf = ({ shards }: TargetsFrozen['data']): readonly number[] =>
  shards.flatMap((targets, shard) => (targets === 0 ? [shard] : []));
const emptyShards = (frozen: TargetsFrozen['data']): readonly DocumentKey[] =>
  emptyShardsOf(frozen).flatMap((shard) => ofShard(frozen.campaignId, shard));
const emptyShardIds = (frozen: TargetsFrozen['data']): readonly string[] =>
  emptyShardsOf(frozen).map((shard) => shardId(frozen.campaignId, shard));

function dropList(listId: string, campaignId: string, documents: Documents): void {
  const list = documents.get<ListDocument>('target-lists', listId);
  if (documents.get(TARGET_SLICES, listId) !== null) documents.delete(TARGET_SLICES, listId);
  if (list === null || list.vehicles.length === 0) return;
  for (const vehicleId of list.vehicles) documents.delete('assignments', idOf(campaignId, vehicleId));
  documents.put('target-lists', { id: listId, vehicles: [] });
}

function applyTargets(
  event: TargetsEvent,
  listId: string,
  shard: number,
  time: string,
  documents: Documents,
): void {
  const { campaignId } = event.data;
  const list = documents.get<ListDocument>('target-lists', listId) ?? { id: listId, vehicles: [] };
  const known = documents.get<TargetSlicesDocument>(TARGET_SLICES, listId) ?? { id: listId, slices: [] };
  const assign = (vehicleId: string, rest: Readonly<Record<string, unknown>>): void => {
    documents.put('assignments', {
      id: idOf(campaignId, vehicleId),
      campaignId,
      vehicleId,
      shard,
      spans: [],
      ...rest,
      phase: 'waiting',
      attempt: 0,
      offer: 0,
      outcome: null,
      course: null,
      updatedAt: time,
    });
    list.vehicles.push(vehicleId);
  };
  switch (event.type) {
    case 'TargetsOpened':
      dropList(listId, campaignId, documents);
      documents.put(TARGET_SLICES, { id: listId, slices: [] });
      break;
    case 'TargetsListed':
      for (const [vehicleId, wave, rank, vehicleRevision, slice] of event.data.targets)
        assign(vehicleId, { planId: event.data.planId, wave, rank, vehicleRevision, slice });
      known.slices.push(...event.data.slices);
      documents.put('target-lists', list);
      documents.put(TARGET_SLICES, known);
      break;
    case 'TargetJoined': {
      const { vehicleId, wave, rank, vehicleRevision } = event.data;
      // It may have been there before, and left.
      const spans =
        documents.get<AssignmentDocument>('assignments', idOf(campaignId, vehicleId))?.spans ?? [];
      assign(vehicleId, { planId: null, wave, rank, vehicleRevision, spans, slice: known.slices.length });
      known.slices.push(event.data.slice);
      documents.put('target-lists', list);
      documents.put(TARGET_SLICES, known);
      break;
    }
    case 'TargetsClosed':
    case 'TargetLeft':
      break;
  }
}

function applyRollout(
  event: RolloutEvent,
  { revision, metadata: { time } }: ProjectedEvent['recorded'],
  campaignId: string,
  documents: Documents,
): void {
  if (!isAssignmentEvent(event)) return;
  const { vehicleId, wave, attempt, offer, to } = event.data;
  const id = idOf(campaignId, vehicleId);
  const before = documents.get<AssignmentDocument>('assignments', id);
  const outcome = outcomeOf(event) ?? before?.['outcome'] ?? null;
  documents.put('assignments', {
    ...before,
    id,
    campaignId,
    vehicleId,
    spans: withRevision(before?.spans ?? [], revision),
    wave,
    phase: to,
    attempt,
    offer,
    outcome: to === 'succeeded' ? null : outcome,
    course: courseAfter((before?.['course'] ?? null) as Course | null, event, Date.parse(time)),
    updatedAt: time,
  });
}
