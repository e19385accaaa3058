/** What is counted of a campaign, and the changes it is counted by. */
import type { Document } from '../../app/ports.ts';
import type { TargetSlice } from '../../domain/campaign/events.ts';
import type { Phase, RolloutEvent } from '../../domain/rollout/events.ts';
import { type Counts, entryOf, increase, increaseBounded } from '../counts.ts';

export type Phases = Counts<Phase>;
type Groups = Record<string, Phases>;
/** The attributes of a slice that progress is grouped by. */
export type CountedSlice = Pick<TargetSlice, 'model' | 'region' | 'hardware' | 'software'>;

interface WaveProgress {
  readonly wave: number;
  readonly byPhase: Phases;
  readonly attempts: Counts;
}

export interface ProgressDocument extends Document {
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

/** One step of counting. Every count is a fold of these, live and in history alike. */
export type Change = Reset | CountChange;

/** The count starts afresh, for this plan. */
export interface Reset {
  readonly reset: true;
  readonly planId: string | null;
}

/** Vehicles that come to a phase; from none where they are listed, fewer than none where they are taken off. */
export interface CountChange {
  readonly reset: false;
  /** Type of the event. */
  readonly type: string;
  readonly from: Phase | null;
  readonly to: Phase;
  /** The failure that it counts; null for what is none. */
  readonly code: string | null;
  readonly wave: number;
  /** Null where the list that named it is not known. */
  readonly slice: CountedSlice | null;
  readonly vehicles: number;
}

const ENDS_ATTEMPT: ReadonlySet<string> = new Set<RolloutEvent['type']>([
  'UpdateSucceeded',
  'UpdateFailed',
  'UpdateReverted',
  'UpdateTimedOut',
  'UpdateDeclined',
  'PreconditionUnmet',
  'LateOutcomeReported',
]);

const emptyProgress = (id: string, planId: string | null): ProgressDocument => ({
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

/** Changes the document given, or begins one. @returns the document as it is then. */
export function applyChange(document: ProgressDocument | null, id: string, change: Change): ProgressDocument {
  if (change.reset) return emptyProgress(id, change.planId);
  const counted = document ?? emptyProgress(id, null);
  applyToTotals(counted, change);
  const { wave, from, to, slice, vehicles } = change;
  if (ENDS_ATTEMPT.has(change.type)) increase(waveOf(counted, wave).attempts, change.type, 1);
  if (change.code !== null) increaseBounded(counted.failureCodes, change.code, 1);
  if (from === to) return counted;
  if (from !== null) add(counted, wave, slice, from, -vehicles);
  add(counted, wave, slice, to, vehicles);
  return counted;
}

/** Only the totals, for who needs no more. */
export function applyToTotals(
  totals: Pick<ProgressDocument, 'byPhase' | 'attempts'>,
  { type, from, to, vehicles }: CountChange,
): void {
  if (ENDS_ATTEMPT.has(type)) increase(totals.attempts, type, 1);
  if (from === to) return;
  if (from !== null) increase(totals.byPhase, from, -vehicles);
  increase(totals.byPhase, to, vehicles);
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
  slice: CountedSlice | null,
  phase: Phase,
  vehicles: number,
): void {
  increase(waveOf(document, wave).byPhase, phase, vehicles);
  if (slice === null) return;
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
