/**
 * The gate between a wave and the next (DESIGN §4.6). Pure and fail closed: what can't be judged is held.
 *
 * How vehicles count: the failure share is of all the wave's targets. The success share is of the targets that
 * were not excused: a vehicle whose driver declined, that was cancelled, displaced by another campaign or had the
 * software already says nothing about the update, good or bad. A wave of excused vehicles only shows nothing, so
 * it is held.
 */
import type { WaveCounters } from './events.ts';
import type { Gate } from './policy.ts';
import type { GateDecision, GateOutcome } from './state.ts';

export interface GateJudgement {
  /** `open`: there is nothing to decide yet, vehicles are still waiting or in flight. Never recorded. */
  readonly outcome: GateOutcome | 'open';
  /** A sentence with the numbers in it. */
  readonly reason: string;
  /** While soaking: when the success has held long enough. ISO 8601 UTC. */
  readonly soakUntil: string | null;
}

type Previous = Pick<GateDecision, 'outcome' | 'soakUntil'> | null;

const share = (part: number, whole: number): number => (100 * part) / whole;
const percent = (value: number): string => `${Math.round(value * 100) / 100} %`;
const as = (outcome: GateJudgement['outcome'], reason: string): GateJudgement => ({
  outcome,
  reason,
  soakUntil: null,
});

/** Why these numbers can't be; null when they can. */
function impossible(counters: WaveCounters): string | null {
  for (const [name, value] of Object.entries(counters))
    if (!Number.isSafeInteger(value) || value < 0) return `${name} is ${value}`;
  const { targets, succeeded, failed, excused, inFlight, waiting } = counters;
  const sum = succeeded + failed + excused + inFlight + waiting;
  return sum === targets ? null : `the parts sum to ${sum}, the wave has ${targets} targets`;
}

/**
 * @param counters of the wave; null when they are not known.
 * @param now ISO 8601 UTC.
 * @param previous the last decision on this gate; a soak goes on from it as long as the success holds.
 */
export function evaluateGate(
  gate: Gate,
  counters: WaveCounters | null,
  now: string,
  previous: Previous,
): GateJudgement {
  if (counters === null) return as('held', 'The counters of the wave are not known, so it is held.');
  const wrong = impossible(counters);
  if (wrong !== null) return as('held', `The counters of the wave can't be true: ${wrong}; so it is held.`);
  const { targets, succeeded, failed, excused, inFlight, waiting } = counters;
  if (targets === 0) return as('passed', 'The wave has no targets.');
  const failure = share(failed, targets);
  if (failure > gate.failurePercent) {
    return as(
      'failed',
      `${failed} of ${targets} targets failed: ${percent(failure)}, more than the ${percent(gate.failurePercent)} allowed.`,
    );
  }
  const judged = targets - excused;
  const open = inFlight + waiting;
  if (judged === 0)
    return as('held', `All ${targets} targets were excused: nothing shows that the update works.`);
  const success = share(succeeded, judged);
  const numbers = `${succeeded} of ${judged} targets succeeded${excused > 0 ? ` (${excused} excused)` : ''}: ${percent(success)}`;
  if (success >= gate.successPercent)
    return succeededEnough(gate, `${numbers}, at least ${percent(gate.successPercent)}`, now, previous);
  const missing = `${numbers}, less than the ${percent(gate.successPercent)} required`;
  if (open === 0) return as('held', `${missing}, and every target is settled.`);
  if (previous === null) return as('open', `${missing}; ${open} are not settled yet.`);
  return as('held', `${missing}; ${open} are not settled.`);
}

function succeededEnough(gate: Gate, numbers: string, now: string, previous: Previous): GateJudgement {
  const soaked = previous?.outcome === 'passed' || previous?.outcome === 'awaiting-confirmation';
  if (!soaked && gate.soak_s > 0) {
    const going = previous?.outcome === 'soaking' ? previous.soakUntil : null;
    const soakUntil = going ?? new Date(Date.parse(now) + gate.soak_s * 1000).toISOString();
    if (now < soakUntil)
      return { outcome: 'soaking', reason: `${numbers}; it must hold until ${soakUntil}.`, soakUntil };
  }
  const held = gate.soak_s > 0 ? ` and held for ${gate.soak_s} s` : '';
  if (gate.confirm && previous?.outcome !== 'passed')
    return as('awaiting-confirmation', `${numbers}${held}; a person has to confirm.`);
  return as('passed', `${numbers}${held}.`);
}

/** The gate of the last wave has nothing to hold back, so it neither soaks nor waits for a person. */
export const lastGate = (gate: Gate): Gate => ({ ...gate, soak_s: 0, confirm: false });

/** Whether a decision says something that the last one did not. */
export const isNewDecision = (
  judgement: Pick<GateJudgement, 'outcome' | 'soakUntil'>,
  previous: Previous,
): boolean =>
  judgement.outcome !== 'open' &&
  (judgement.outcome !== previous?.outcome || judgement.soakUntil !== previous.soakUntil);
