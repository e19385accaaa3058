/** Campaign progress: vehicles by phase in total, per wave and per slice of the fleet; attempts and failure codes. */
import type { Document, DocumentKey, Documents, Projection } from '../app/ports.ts';
import type { CampaignEvent, TargetSlice, TargetsEvent } from '../domain/campaign/events.ts';
import { moveOf } from '../domain/campaign/tally.ts';
import type { Phase, RolloutEvent } from '../domain/rollout/events.ts';
import { parseStream } from '../domain/shared/streams.ts';
import { type Counts, entryOf, increase, increaseBounded } from './counts.ts';

type TargetsFrozen = Extract<CampaignEvent, { type: 'TargetsFrozen' }>;
type Phases = Counts<Phase>;
type Groups = Record<string, Phases>;

interface WaveProgress {
  readonly wave: number;
  readonly byPhase: Phases;
  readonly attempts: Counts;
}

interface ProgressDocument extends Document {
  readonly planId: string | null;
  readonly byPhase: Phases;
  readonly waves: WaveProgress[];
  /** How attempts ended, by event type. */
  readonly attempts: Counts;
  readonly failureCodes: Counts;
  readonly byModel: Groups;
  readonly byRegion: Groups;
  readonly byModelRegion: Groups;
  readonly byHardware: Groups;
  readonly bySoftwareBefore: Groups;
}

/** The slices that rollout events of one shard name by number. */
interface SlicesDocument extends Document {
  readonly planId: string;
  readonly slices: TargetSlice[];
  /** Whether the list is in the progress. */
  readonly closed: boolean;
  /** Targets as listed: `[wave, slice, vehicles]`. */
  readonly listed: readonly [wave: number, slice: number, vehicles: number][];
}

const ENDS_ATTEMPT = new Set<RolloutEvent['type']>([
  'UpdateSucceeded',
  'UpdateFailed',
  'UpdateReverted',
  'UpdateTimedOut',
  'UpdateDeclined',
  'PreconditionUnmet',
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
  keys({ event, recorded }): readonly DocumentKey[] {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'campaign') {
      const held = event.type === 'TargetsFrozen' ? emptyShards(event.data) : [];
      return [{ collection: 'progress', id: ref.campaignId }, ...held];
    }
    if (ref.category !== 'rollout' && ref.category !== 'targets') return [];
    return [
      { collection: 'progress', id: ref.campaignId },
      { collection: 'progress-slices', id: slicesId(ref.campaignId, ref.shard) },
    ];
  },
  apply({ event, recorded }, documents) {
    const ref = parseStream(recorded.stream);
    if (ref.category === 'targets') applyTargets(event as TargetsEvent, ref.campaignId, ref.shard, documents);
    else if (ref.category === 'rollout')
      applyRollout(event as RolloutEvent, ref.campaignId, ref.shard, documents);
    // A new target list starts the count afresh: before a start there is nothing else in it.
    else if (event.type === 'TargetingDefined')
      documents.put('progress', empty(event.data.campaignId, event.data.planId));
    else if (event.type === 'TargetsFrozen')
      for (const { id } of emptyShards(event.data)) dropList(id, event.data.campaignId, documents);
  },
};

/** Nothing is written for a shard without targets, so a list of an earlier plan or run is still there. */
const emptyShards = ({ campaignId, shards }: TargetsFrozen['data']): readonly DocumentKey[] =>
  shards.flatMap((targets, shard) =>
    targets === 0 ? [{ collection: 'progress-slices', id: slicesId(campaignId, shard) }] : [],
  );

function dropList(id: string, campaignId: string, documents: Documents): void {
  const held = documents.get<SlicesDocument>('progress-slices', id);
  if (held === null) return;
  if (held.closed) countListed(documents, campaignId, held, -1);
  documents.delete('progress-slices', id);
}

function applyTargets(event: TargetsEvent, campaignId: string, shard: number, documents: Documents): void {
  const id = slicesId(campaignId, shard);
  const held = documents.get<SlicesDocument>('progress-slices', id);
  if (event.type === 'TargetsOpened') {
    // A planner that died writes its lists again under the same plan: only the last run counts.
    if (held?.closed === true) countListed(documents, campaignId, held, -1);
    const { planId } = event.data;
    documents.put('progress-slices', { id, campaignId, planId, slices: [], closed: false, listed: [] });
    return;
  }
  if (held === null) return;
  switch (event.type) {
    case 'TargetsListed': {
      held.slices.push(...event.data.slices);
      const places = event.data.targets.map(([, wave, , , slice]) => [wave, slice] as const);
      documents.put('progress-slices', { ...held, listed: addListed(held.listed, places) });
      break;
    }
    case 'TargetsClosed':
      countListed(documents, campaignId, held, 1);
      documents.put('progress-slices', { ...held, closed: true });
      break;
    case 'TargetJoined': {
      const { wave, slice } = event.data;
      const document =
        documents.get<ProgressDocument>('progress', campaignId) ?? empty(campaignId, held.planId);
      add(document, wave, slice, 'waiting', 1);
      documents.put('progress', document);
      held.slices.push(slice);
      documents.put('progress-slices', held);
      break;
    }
    case 'TargetLeft':
      // The shard's worker cancels its update, and that moves the count.
      break;
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
function countListed(documents: Documents, campaignId: string, held: SlicesDocument, sign: 1 | -1): void {
  const document = documents.get<ProgressDocument>('progress', campaignId) ?? empty(campaignId, held.planId);
  if (document.planId !== held.planId) return;
  for (const [wave, slice, vehicles] of held.listed)
    add(document, wave, held.slices[slice], 'waiting', sign * vehicles);
  documents.put('progress', document);
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
  if (ENDS_ATTEMPT.has(event.type)) {
    increase(document.attempts, event.type, 1);
    increase(waveOf(document, move.wave).attempts, event.type, 1);
  }
  const code = failureCode(event);
  if (code !== null) increaseBounded(document.failureCodes, code, 1);
  documents.put('progress', document);
}

/** Null for what is no failure. */
function failureCode(event: RolloutEvent): string | null {
  switch (event.type) {
    case 'UpdateFailed':
    case 'UpdateReverted':
      return event.data.code === '' ? 'unspecified' : event.data.code;
    case 'LateOutcomeReported':
      if (event.data.outcome === 'succeeded') return null;
      return event.data.code === '' ? 'unspecified' : event.data.code;
    case 'UpdateTimedOut':
      return event.data.stage === 'attempt' ? 'timed-out' : null;
    default:
      return null;
  }
}

function waveOf({ waves }: ProgressDocument, wave: number): WaveProgress {
  while (waves.length < wave) waves.push({ wave: waves.length + 1, byPhase: {}, attempts: {} });
  const found = waves[wave - 1];
  if (found === undefined) throw new RangeError(`waves are numbered from 1, not ${wave}`);
  return found;
}

function add(
  document: ProgressDocument,
  wave: number,
  slice: TargetSlice | undefined,
  phase: Phase,
  vehicles: number,
): void {
  increase(document.byPhase, phase, vehicles);
  increase(waveOf(document, wave).byPhase, phase, vehicles);
  if (slice === undefined) return;
  const { model, region, hardware, software } = slice;
  const grouped = [
    [document.byModel, model],
    [document.byRegion, region],
    [document.byModelRegion, `${model}/${region}`],
    [document.byHardware, hardware],
    [document.bySoftwareBefore, software],
  ] as const;
  for (const [groups, name] of grouped)
    increase(
      entryOf<Phases>(groups, name, () => ({})),
      phase,
      vehicles,
    );
}
