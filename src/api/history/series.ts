/** Progress over time: the totals at equal steps, for charts. */
import { z } from 'zod';
import type { ReadModelReader } from '../../app/ports.ts';
import { historySpan, type TotalsAt, totalsAt } from '../../projections/history/read.ts';
import { shareOf } from '../progress.ts';

export const MAX_BUCKETS = 500;

const count = z.int().min(0);
export const seriesSchema = z
  .object({
    campaignId: z.string(),
    from: z.string(),
    to: z.string(),
    step_ms: z.number().min(0),
    points: z.array(
      z.object({
        at: z
          .string()
          .meta({ description: 'Everything before the first event recorded after this instant.' }),
        events: count,
        position: z.string().nullable(),
        targets: count,
        succeeded: count,
        failed: count,
        excused: count,
        pending: count,
        byPhase: z.record(z.string(), count),
        attempts: z.record(z.string(), count),
      }),
    ),
  })
  .meta({ id: 'CampaignSeries' });
export type CampaignSeries = z.infer<typeof seriesSchema>;

export interface Span {
  readonly from_ms: number;
  readonly to_ms: number;
}

/** Equal steps, one after another. */
export interface Steps {
  readonly from_ms: number;
  readonly step_ms: number;
  readonly buckets: number;
}

/** Ends of the steps, the beginning included: one more than there are steps. */
export const instantsOf = ({ from_ms, step_ms, buckets }: Steps): readonly number[] =>
  Array.from({ length: buckets + 1 }, (_, n) => Math.round(from_ms + step_ms * n));

export const inBuckets = ({ from_ms, to_ms }: Span, buckets: number): Steps => ({
  from_ms,
  step_ms: (to_ms - from_ms) / buckets,
  buckets,
});

/** @param span what is not given is the first and the last instant of the campaign. @returns null for an unknown one. */
export async function campaignSeries(
  reader: ReadModelReader,
  campaignId: string,
  span: Partial<Span>,
  stepsOf: (span: Span) => Steps,
): Promise<CampaignSeries | null> {
  const whole = await historySpan(reader, campaignId);
  if (whole === null) return null;
  const from_ms = span.from_ms ?? Math.min(whole.from_ms, span.to_ms ?? whole.from_ms);
  const to_ms = span.to_ms ?? Math.max(whole.to_ms, from_ms);
  const steps = stepsOf({ from_ms, to_ms });
  const cuts = instantsOf(steps).map((instant_ms) => ({ instant_ms }));
  const totals = await totalsAt(reader, campaignId, cuts);
  return totals === null ? null : seriesOf(campaignId, steps, totals);
}

export function seriesOf(campaignId: string, steps: Steps, totals: readonly TotalsAt[]): CampaignSeries {
  const instants = instantsOf(steps).map(iso);
  return {
    campaignId,
    from: instants[0] ?? '',
    to: instants.at(-1) ?? '',
    step_ms: steps.step_ms,
    points: totals.map((one, n) => pointOf(instants[n] ?? '', one)),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

function pointOf(
  at: string,
  { byPhase, attempts, events, position }: TotalsAt,
): CampaignSeries['points'][number] {
  const share = shareOf(byPhase);
  return { at, events, position, ...share, attempts: attempts as Record<string, number> };
}
