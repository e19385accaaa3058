/**
 * Asks the record of a campaign what another plan would have done. Reads only. The record of a campaign is kept for a
 * while, because whoever asks once asks again with another number; one calculation runs at a time, in turns with
 * everything else that the process has to do.
 */
import type { CampaignPolicy } from '../../domain/campaign/policy.ts';
import { type PolicyProblem, policyProblems } from '../../domain/campaign/policy-rules.ts';
import { campaignStream } from '../../domain/shared/streams.ts';
import {
  type Clock,
  type EventStore,
  type Position,
  type ReadModelReader,
  type RecordedEvent,
  START,
} from '../ports.ts';
import { type Assumption, assumptionsOf } from './assumptions.ts';
import type { Change } from './change.ts';
import { type CampaignRecord, RecordIncompleteError, readRecord } from './read-record.ts';
import { type Rerun, rerun } from './rerun.ts';
import * as result from './result.ts';
import { type Timeline, timelineOf } from './timeline.ts';
import { inTurns } from './turns.ts';

/** About 100 bytes are held for each while it is calculated. */
export const MOST_VEHICLES = 2_000_000;
/** Records are kept of campaigns with so many vehicles together. */
const KEPT_VEHICLES = MOST_VEHICLES;
/** A record of a campaign under way is used for this many times as long as it took to read. */
const USED_FOR = 10;
/** Calculations that wait for their turn; more are refused. */
const MOST_WAITING = 8;
/** Who asks for a plan that takes longer learns that it has not ended by then: 20 years after its start. */
const LONGEST_MS = 20 * 365.25 * 24 * 3_600_000;

export interface Question {
  readonly campaignId: string;
  readonly change: Change;
  /** Instants of the series, one more than there are steps. */
  readonly points: number;
}

/** One side: what is on record, or what was calculated. */
export interface Side {
  readonly state: string;
  readonly endedAt: number | null;
  readonly totals: result.Counts;
  readonly stops: readonly result.Stop[];
  readonly waves: readonly result.WaveResult[];
  readonly policy: CampaignPolicy;
}

export interface Answer {
  readonly startedAt: number;
  readonly asOf: number;
  readonly over: boolean;
  readonly targets: number;
  readonly recorded: Side;
  readonly calculated: Side;
  readonly difference: result.Difference;
  readonly basis: result.Basis;
  readonly instants: readonly number[];
  readonly series: readonly result.Counts[];
  readonly assumptions: readonly Assumption[];
}

export type Asked =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly why: 'not-found' | 'not-started' | 'too-many-vehicles' | 'busy' }
  | { readonly ok: false; readonly why: 'invalid-plan'; readonly problems: readonly PolicyProblem[] };

export interface WhatIfService {
  /**
   * @param signal ends the calculation: nobody waits for it any more.
   * @throws RecordIncompleteError while the read model lacks targets, NewerCampaignError, AbortError.
   */
  ask(question: Question, signal: AbortSignal): Promise<Asked>;
}

interface Kept {
  readonly record: CampaignRecord;
  /** Of the newest change when it was read: an end is the same while this is. Null = not all was there. */
  readonly position: string | null;
  readonly read_ms: number;
}

/** @param reached whether all read models are at that position; waits for them for a while. */
export function createWhatIf(
  reader: ReadModelReader,
  log: Pick<EventStore, 'readStream'>,
  clock: Pick<Clock, 'now'>,
  reached: (position: Position) => Promise<boolean>,
): WhatIfService {
  const kept = new Map<string, Kept>();
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const recordOf = async (
    campaignId: string,
    targets: number,
    timeline: Timeline,
    decidedAt: Position,
  ): Promise<CampaignRecord> => {
    const now = clock.now();
    const countedAt = (await reader.get('progress', campaignId))?.position ?? decidedAt;
    // What was decided last is after all outcomes that the read model may not have counted yet.
    const position = countedAt > decidedAt ? countedAt : decidedAt;
    const before = kept.get(campaignId);
    if (before !== undefined) {
      // Under way time goes on, also while nothing happens.
      const isFresh = now - before.record.asOf <= USED_FOR * before.read_ms;
      if (timeline.endedAt === null ? isFresh : before.position === position) return before.record;
      kept.delete(campaignId);
    }
    // Read models move one by one: what comes first must not be kept as if it were all.
    const whole = await reached(position);
    if (!whole && timeline.endedAt !== null)
      throw new RecordIncompleteError(`the assignments of ${campaignId} are not all in the read model`);
    // Clocks differ: its end is in the record, whatever this one says.
    const asOf = Math.max(now, timeline.endedAt ?? now);
    const record = await readRecord(reader, campaignId, targets, timeline, asOf);
    kept.set(campaignId, { record, position: whole ? position : null, read_ms: clock.now() - now });
    forgetOldest(kept);
    return record;
  };

  const answer = async (question: Question, signal: AbortSignal): Promise<Asked> => {
    signal.throwIfAborted();
    const { campaignId, change, points } = question;
    if ((await reader.get('campaigns', campaignId)) === null) return { ok: false, why: 'not-found' };
    const history = await historyOf(log, campaignId);
    const timeline = timelineOf(history);
    if (timeline === null) return { ok: false, why: 'not-started' };
    const { targets } = timeline;
    if (targets > MOST_VEHICLES) return { ok: false, why: 'too-many-vehicles' };
    const problems = policyProblems({ ...timeline.policy, ...change.plan });
    if (problems.length > 0) return { ok: false, why: 'invalid-plan', problems };
    const record = await recordOf(campaignId, targets, timeline, history.at(-1)?.position ?? START);
    const over = timeline.endedAt !== null;
    const input = {
      campaignId,
      ...record,
      timeline,
      change,
      until: over ? timeline.startedAt + LONGEST_MS : record.asOf,
    };
    const made = await inTurns(rerun(input), signal);
    return { ok: true, answer: await inTurns(answerOf(record, timeline, change, made, points), signal) };
  };

  return {
    async ask(question, signal) {
      if (waiting >= MOST_WAITING) return { ok: false, why: 'busy' };
      waiting += 1;
      const mine = last.then(() => answer(question, signal));
      last = mine.catch(() => undefined);
      try {
        return await mine;
      } finally {
        waiting -= 1;
      }
    },
  };
}

async function historyOf(log: Pick<EventStore, 'readStream'>, campaignId: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of log.readStream(campaignStream(campaignId))) events.push(...batch);
  return events;
}

function forgetOldest(kept: Map<string, Kept>): void {
  let vehicles = [...kept.values()].reduce((sum, { record }) => sum + record.vehicles.count, 0);
  for (const [campaignId, { record }] of kept) {
    if (vehicles <= KEPT_VEHICLES) return;
    kept.delete(campaignId);
    vehicles -= record.vehicles.count;
  }
}

/** Each pass over the vehicles is a step. */
function* answerOf(
  record: CampaignRecord,
  timeline: Timeline,
  change: Change,
  made: Rerun,
  points: number,
): Generator<void, Answer> {
  const { vehicles, asOf } = record;
  const { startedAt, endedAt } = timeline;
  const basis = result.basisOf(vehicles, made);
  yield;
  const calculated = calculatedSide(timeline, made);
  yield;
  const lastAt = Math.max(endedAt ?? asOf, calculated.endedAt ?? made.lastAt);
  const instants = Array.from({ length: points }, (_, n) =>
    Math.round(startedAt + ((lastAt - startedAt) * n) / (points - 1)),
  );
  const series = yield* result.seriesOf(made, instants);
  yield;
  const recorded = recordedSide(record, timeline);
  yield;
  return {
    startedAt,
    asOf,
    over: endedAt !== null,
    targets: vehicles.count,
    recorded,
    calculated,
    difference: result.differenceOf(vehicles, made),
    basis,
    instants,
    series,
    assumptions: assumptionsOf({ record, timeline, change, made, basis }),
  };
}

function recordedSide({ vehicles, asOf }: CampaignRecord, timeline: Timeline): Side {
  const { phase, endedAt, policy } = timeline;
  const told = result.toldOf(timeline).filter(({ at }) => at <= asOf);
  const counts = result.recordedCounts(vehicles, policy.waves.length);
  return {
    state: phase,
    endedAt,
    totals: result.total(counts),
    stops: result.stopsOf(told, null),
    waves: result.wavesOf(told, policy, counts),
    policy,
  };
}

function calculatedSide(timeline: Timeline, made: Rerun): Side {
  const { happened, policy, sliceWhy } = made;
  const counts = result.rerunCounts(made, policy);
  return {
    state: made.phase,
    endedAt: result.endOf(happened),
    totals: result.total(counts),
    stops: result.stopsOf(happened, sliceWhy),
    waves: result.wavesOf([...timeline.before, ...happened], policy, counts),
    policy,
  };
}
