/** Counting rollout events: `from` and `to` make every count a plain sum (DESIGN §3). */
import { PHASES, type Phase, type RolloutEvent } from '../rollout/events.ts';
import type { WaveCounters } from './events.ts';

export type PhaseCounts = Readonly<Record<Phase, number>>;

/** Vehicles by phase, in all and per wave (wave 1 first). Plain JSON. */
export interface Tally {
  readonly totals: PhaseCounts;
  readonly waves: readonly PhaseCounts[];
}

/** What moves one vehicle's count. */
export interface Move {
  readonly wave: number;
  readonly from: Phase;
  readonly to: Phase;
}

/** How a phase counts at gates and in totals; every phase belongs to exactly one kind. */
export type PhaseKind = 'waiting' | 'inFlight' | 'succeeded' | 'failed' | 'excused';
export const PHASE_KINDS: Readonly<Record<Phase, PhaseKind>> = {
  waiting: 'waiting',
  offered: 'inFlight',
  accepted: 'inFlight',
  downloading: 'inFlight',
  downloaded: 'inFlight',
  installing: 'inFlight',
  succeeded: 'succeeded',
  failed: 'failed',
  'timed-out': 'failed',
  reverted: 'failed',
  declined: 'excused',
  cancelled: 'excused',
  displaced: 'excused',
  satisfied: 'excused',
};

/** Settled = has an outcome, which what the car says later can still correct (DESIGN §4.3). */
export const isSettled = (phase: Phase): boolean =>
  PHASE_KINDS[phase] !== 'waiting' && PHASE_KINDS[phase] !== 'inFlight';

type Counts = Record<Phase, number>;
const noCounts = (): Counts => Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Counts;

/** All targets waiting. @param waves targets of each wave, wave 1 first, as TargetsFrozen says. */
export const emptyTally = (waves: readonly number[]): Tally => ({
  totals: { ...noCounts(), waiting: waves.reduce((sum, targets) => sum + targets, 0) },
  waves: waves.map((targets) => ({ ...noCounts(), waiting: targets })),
});

/** The move of an assignment's event; null for the events of a whole rollout (taken, halted, drained, …). */
export function moveOf(event: RolloutEvent): Move | null {
  if (!('from' in event.data)) return null;
  const { wave, from, to } = event.data;
  return { wave, from, to };
}

/** Applies moves in any order; the tally given stays as it is. A wave that there is not counts in totals only. */
export function applyToTally(tally: Tally, moves: Move | Iterable<Move>): Tally {
  const totals: Counts = { ...tally.totals };
  const waves: PhaseCounts[] = [...tally.waves];
  const copied = new Map<number, Counts>();
  for (const move of 'from' in moves ? [moves] : moves) {
    if (move.from === move.to) continue;
    totals[move.from] -= 1;
    totals[move.to] += 1;
    const index = move.wave - 1;
    const before = waves[index];
    if (before === undefined) continue;
    const counts = copied.get(index) ?? { ...before };
    counts[move.from] -= 1;
    counts[move.to] += 1;
    copied.set(index, counts);
    waves[index] = counts;
  }
  return { totals, waves };
}

/** Counts by kind, as gates see them. */
export function countersOf(counts: PhaseCounts): WaveCounters {
  const sums: Record<PhaseKind, number> = { waiting: 0, inFlight: 0, succeeded: 0, failed: 0, excused: 0 };
  let targets = 0;
  for (const phase of PHASES) {
    sums[PHASE_KINDS[phase]] += counts[phase];
    targets += counts[phase];
  }
  return { targets, ...sums };
}

/** Counters of one wave, from 1; null when the campaign has no such wave. */
export function waveCountersOf(tally: Tally, wave: number): WaveCounters | null {
  const counts = tally.waves[wave - 1];
  return counts === undefined ? null : countersOf(counts);
}
