/** Campaign progress: vehicles by phase in total, per wave and per slice of the fleet; attempts and failure codes. */
import type { Document, DocumentKey, Documents, Projection } from '../app/ports.ts';
import type { TargetSlice, TargetsEvent } from '../domain/campaign/events.ts';
import { moveOf } from '../domain/campaign/tally.ts';
import type { DomainEvent } from '../domain/events.ts';
import type { Phase, RolloutEvent } from '../domain/rollout/events.ts';
import { parseStream } from '../domain/shared/streams.ts';

type Phases = Partial<Record<Phase, number>>;
type Groups = Record<string, Phases>;

interface ProgressDocument extends Document {
  readonly planId: string | null;
  readonly byPhase: Phases;
  readonly waves: { wave: number; byPhase: Phases }[];
  /** How attempts ended, by event type. */
  readonly attempts: Record<string, number>;
  readonly failureCodes: Record<string, number>;
  readonly byModel: Groups;
  readonly byRegion: Groups;
  readonly byModelRegion: Groups;
  readonly byHardware: Groups;
  readonly bySoftwareBefore: Groups;
}

/** The slices that rollout events of one shard name by number. */
interface SlicesDocument extends Document {
  readonly planId: string;
  slices: TargetSlice[];
  closed: boolean;
  /** Targets as listed, counted when the list is closed: `[wave, slice, vehicles]`. */
  pending: [wave: number, slice: number, vehicles: number][];
}

const ENDS_ATTEMPT = new Set([
  'UpdateSucceeded',
  'UpdateFailed',
  'UpdateReverted',
  'UpdateTimedOut',
  'UpdateDeclined',
  'LateOutcomeReported',
]);

const empty = (id: string, planId: string | null): ProgressDocument => ({
  id,
  planId,
  byPhase: {},
  waves: [],
  attempts: {},
  failureCodes: {},
  byModel: {},
  byRegion: {},
  byModelRegion: {},
  byHardware: {},
  bySoftwareBefore: {},
});

const slicesId = (campaignId: string, shard: number): string => `${campaignId}/${shard}`;

export const progress: Projection = {
  name: 'progress',
  version: 1,
  prefixes: ['rollout-', 'targets-', 'campaign-'],
  collections: [
    { name: 'progress', indexes: [] },
    { name: 'progress-slices', indexes: ['campaignId'] },
  ],
  keys({ recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'campaign') return [{ collection: 'progress', id: ref.campaignId }];
    if (ref.category !== 'rollout' && ref.category !== 'targets') return [];
    return [
      { collection: 'progress', id: ref.campaignId },
      { collection: 'progress-slices', id: slicesId(ref.campaignId, ref.shard) },
    ];
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'targets') applyTargets(event, ref.campaignId, ref.shard, documents);
    else if (ref.category === 'rollout')
      applyRollout(event as RolloutEvent, ref.campaignId, ref.shard, documents);
    // A new target list starts the count afresh: before a start there is nothing else in it.
    else if (event.type === 'TargetingDefined')
      documents.put('progress', empty(event.data.campaignId, event.data.planId));
  },
};

function applyTargets(event: DomainEvent, campaignId: string, shard: number, documents: Documents): void {
  const id = slicesId(campaignId, shard);
  const targetsEvent = event as TargetsEvent;
  if (targetsEvent.type === 'TargetsOpened') {
    documents.put('progress-slices', {
      id,
      campaignId,
      planId: targetsEvent.data.planId,
      slices: [],
      closed: false,
      pending: [],
    });
    return;
  }
  const held = documents.get<SlicesDocument>('progress-slices', id);
  if (held === null) return;
  if (targetsEvent.type === 'TargetsListed') {
    held.slices.push(...targetsEvent.data.slices);
    const counts = new Map(held.pending.map((entry) => [`${entry[0]}/${entry[1]}`, entry]));
    for (const [, wave, , , slice] of targetsEvent.data.targets) {
      const key = `${wave}/${slice}`;
      const entry = counts.get(key);
      if (entry !== undefined) entry[2]++;
      else counts.set(key, [wave, slice, 1]);
    }
    held.pending = [...counts.values()];
    documents.put('progress-slices', held);
  } else if (targetsEvent.type === 'TargetsClosed') {
    const document =
      documents.get<ProgressDocument>('progress', campaignId) ?? empty(campaignId, held.planId);
    if (document.planId === held.planId) {
      for (const [wave, slice, vehicles] of held.pending)
        add(document, wave, held.slices[slice], 'waiting', vehicles);
      documents.put('progress', document);
    }
    documents.put('progress-slices', { ...held, closed: true, pending: [] });
  }
}

function applyRollout(event: RolloutEvent, campaignId: string, shard: number, documents: Documents): void {
  const move = moveOf(event);
  if (move === null || !('slice' in event.data)) return;
  const document = documents.get<ProgressDocument>('progress', campaignId) ?? empty(campaignId, null);
  const slice = documents.get<SlicesDocument>('progress-slices', slicesId(campaignId, shard))?.slices[
    event.data.slice
  ];
  if (move.from !== move.to) {
    add(document, move.wave, slice, move.from, -1);
    add(document, move.wave, slice, move.to, 1);
  }
  if (ENDS_ATTEMPT.has(event.type)) increase(document.attempts, event.type, 1);
  if (event.type === 'UpdateFailed' || event.type === 'UpdateReverted')
    increase(document.failureCodes, event.data.code, 1);
  else if (event.type === 'UpdateTimedOut' && event.data.stage === 'attempt')
    increase(document.failureCodes, 'timed-out', 1);
  documents.put('progress', document);
}

function add(
  document: ProgressDocument,
  wave: number,
  slice: TargetSlice | undefined,
  phase: Phase,
  vehicles: number,
): void {
  increase(document.byPhase, phase, vehicles);
  while (document.waves.length < wave) document.waves.push({ wave: document.waves.length + 1, byPhase: {} });
  const ofWave = document.waves[wave - 1];
  if (ofWave !== undefined) increase(ofWave.byPhase, phase, vehicles);
  if (slice === undefined) return;
  const { model, region, hardware, software } = slice;
  increaseGroup(document.byModel, model, phase, vehicles);
  increaseGroup(document.byRegion, region, phase, vehicles);
  increaseGroup(document.byModelRegion, `${model}/${region}`, phase, vehicles);
  increaseGroup(document.byHardware, hardware, phase, vehicles);
  increaseGroup(document.bySoftwareBefore, software, phase, vehicles);
}

function increaseGroup(groups: Groups, name: string, phase: Phase, by: number): void {
  const group = groups[name] ?? {};
  groups[name] = group;
  increase(group, phase, by);
}

/** Counts that come back to nothing are left out, so that equal states are equal documents. */
function increase<Key extends string>(counts: Partial<Record<Key, number>>, key: Key, by: number): void {
  const sum = (counts[key] ?? 0) + by;
  if (sum === 0) delete counts[key];
  else counts[key] = sum;
}
