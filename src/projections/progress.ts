/** Campaign progress: vehicles by phase in total, per wave and per slice of the fleet; attempts and failure codes. */
import type { Document, DocumentKey, Documents, Projection } from '../app/ports.ts';
import type { CampaignEvent, TargetSlice, TargetsEvent } from '../domain/campaign/events.ts';
import { moveOf } from '../domain/campaign/tally.ts';
import type { RolloutEvent } from '../domain/rollout/events.ts';
import { failureOf } from '../domain/rollout/failure.ts';
import { campaignOf, parseStream } from '../domain/shared/streams.ts';
import { HISTORY, HISTORY_LIMITS, type HistoryLimits } from './history/format.ts';
import { HISTORY_COLLECTIONS, record } from './history/record.ts';
import { applyChange, type Change, type CountChange, type ProgressDocument } from './progress/document.ts';

type TargetsFrozen = Extract<CampaignEvent, { type: 'TargetsFrozen' }>;

/** The slices that rollout events of one shard name by number. */
interface SlicesDocument extends Document {
  readonly planId: string;
  readonly slices: TargetSlice[];
  /** Whether the list is in the progress. */
  readonly closed: boolean;
  /** Targets as listed: `[wave, slice, vehicles]`. */
  readonly listed: readonly [wave: number, slice: number, vehicles: number][];
}

const slicesId = (campaignId: string, shard: number): string => `${campaignId}/${shard}`;

/** It keeps its own history too: what is counted is recorded where it is counted, so that they can't differ. */
export const progressWith = (limits: HistoryLimits): Projection => ({
  name: 'progress',
  version: 2,
  prefixes: ['rollout-', 'targets-', 'campaign-', 'allowance-'],
  collections: [
    { name: 'progress', indexes: [] },
    { name: 'progress-slices', indexes: ['campaignId'] },
    ...HISTORY_COLLECTIONS,
  ],
  keys({ event, recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    if (!('campaignId' in ref)) return [];
    const { campaignId } = ref;
    const kept = [
      { collection: 'progress', id: campaignId },
      { collection: HISTORY, id: campaignId },
    ];
    if (event.type === 'TargetsFrozen') return [...kept, ...emptyShards(event.data)];
    if (ref.category !== 'rollout' && ref.category !== 'targets') return kept;
    return [...kept, { collection: 'progress-slices', id: slicesId(campaignId, ref.shard) }];
  },
  apply({ event, recorded }, documents) {
    const campaignId = campaignOf(recorded.stream);
    if (campaignId === null) return;
    const ref = parseStream(recorded.stream);
    let changes: readonly Change[] = [];
    if (ref.category === 'targets')
      changes = targetsChanges(event as TargetsEvent, campaignId, ref.shard, documents);
    else if (ref.category === 'rollout')
      changes = rolloutChanges(event as RolloutEvent, campaignId, ref.shard, documents);
    // A new target list starts the count afresh: before a start there is nothing else in it.
    else if (event.type === 'TargetingDefined') changes = [{ reset: true, planId: event.data.planId }];
    else if (event.type === 'TargetsFrozen')
      changes = emptyShards(event.data).flatMap(({ id }) => dropList(id, campaignId, documents));
    let counted = documents.get<ProgressDocument>('progress', campaignId);
    for (const change of changes) counted = applyChange(counted, campaignId, change);
    if (counted !== null && changes.length > 0) documents.put('progress', counted);
    record(documents, campaignId, recorded, changes, limits);
  },
});

export const progress: Projection = progressWith(HISTORY_LIMITS);

/** Nothing is written for a shard without targets, so a list of an earlier plan or run is still there. */
const emptyShards = ({ campaignId, shards }: TargetsFrozen['data']): readonly DocumentKey[] =>
  shards.flatMap((targets, shard) =>
    targets === 0 ? [{ collection: 'progress-slices', id: slicesId(campaignId, shard) }] : [],
  );

function dropList(id: string, campaignId: string, documents: Documents): readonly Change[] {
  const held = documents.get<SlicesDocument>('progress-slices', id);
  if (held === null) return [];
  documents.delete('progress-slices', id);
  return held.closed ? listedChanges(documents, campaignId, held, 'TargetsFrozen', -1) : [];
}

function targetsChanges(
  event: TargetsEvent,
  campaignId: string,
  shard: number,
  documents: Documents,
): readonly Change[] {
  const id = slicesId(campaignId, shard);
  const held = documents.get<SlicesDocument>('progress-slices', id);
  if (event.type === 'TargetsOpened') {
    const { planId } = event.data;
    documents.put('progress-slices', { id, campaignId, planId, slices: [], closed: false, listed: [] });
    // A planner that died writes its lists again under the same plan: only the last run counts.
    return held?.closed === true ? listedChanges(documents, campaignId, held, event.type, -1) : [];
  }
  if (held === null) return [];
  switch (event.type) {
    case 'TargetsListed': {
      held.slices.push(...event.data.slices);
      const places = event.data.targets.map(([, wave, , , slice]) => [wave, slice] as const);
      documents.put('progress-slices', { ...held, listed: addListed(held.listed, places) });
      return [];
    }
    case 'TargetsClosed':
      documents.put('progress-slices', { ...held, closed: true });
      return listedChanges(documents, campaignId, held, event.type, 1);
    case 'TargetJoined': {
      const { wave, slice } = event.data;
      held.slices.push(slice);
      documents.put('progress-slices', held);
      return [...begun(documents, campaignId, held.planId), listing(event.type, wave, slice, 1)];
    }
    case 'TargetLeft':
      // The shard's worker cancels its update, and that moves the count.
      return [];
  }
}

function addListed(
  listed: SlicesDocument['listed'],
  places: readonly (readonly [wave: number, slice: number])[],
): SlicesDocument['listed'] {
  const counts = new Map(listed.map((entry) => [`${entry[0]}/${entry[1]}`, entry]));
  for (const [wave, slice] of places) {
    const key = `${wave}/${slice}`;
    const entry = counts.get(key);
    if (entry !== undefined) entry[2]++;
    else counts.set(key, [wave, slice, 1]);
  }
  return [...counts.values()];
}

/** Only what belongs to the plan that the progress is of. */
function listedChanges(
  documents: Documents,
  campaignId: string,
  held: SlicesDocument,
  type: string,
  sign: 1 | -1,
): readonly Change[] {
  const counted = documents.get<ProgressDocument>('progress', campaignId);
  if (counted !== null && counted.planId !== held.planId) return [];
  const changes = held.listed.map(([wave, slice, vehicles]) =>
    listing(type, wave, held.slices[slice] ?? null, sign * vehicles),
  );
  return [...begun(documents, campaignId, held.planId), ...changes];
}

/** A list without a plan of record begins the count itself. */
const begun = (documents: Documents, campaignId: string, planId: string): readonly Change[] =>
  documents.get('progress', campaignId) === null ? [{ reset: true, planId }] : [];

const listing = (type: string, wave: number, slice: TargetSlice | null, vehicles: number): CountChange => ({
  reset: false,
  type,
  from: null,
  to: 'waiting',
  code: null,
  wave,
  slice,
  vehicles,
});

function rolloutChanges(
  event: RolloutEvent,
  campaignId: string,
  shard: number,
  documents: Documents,
): readonly Change[] {
  const move = moveOf(event);
  if (move === null || !('slice' in event.data)) return [];
  const slices = documents.get<SlicesDocument>('progress-slices', slicesId(campaignId, shard))?.slices;
  const slice = slices?.[event.data.slice] ?? null;
  return [
    { reset: false, type: event.type, ...move, code: failureOf(event)?.code ?? null, slice, vehicles: 1 },
  ];
}
