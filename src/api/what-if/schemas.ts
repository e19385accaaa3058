/** What-if over HTTP: what may be asked, and what is answered. */
import { z } from 'zod';
import { ASSUMPTION_CODES } from '../../app/what-if/assumptions.ts';
import { campaignPolicy } from '../../domain/campaign/policy.ts';
import { strict } from '../strict.ts';

const MOST_POINTS = 500;
const DEFAULT_POINTS = 120;
/** As long as a soak can be. */
const LONGEST_S = 90 * 86_400;

const { waves, offersPerMinute, maxInFlight, window } = campaignPolicy.shape;

export const whatIfBody = strict(
  z.object({
    waves: waves.optional().meta({ description: 'All waves with their gates, in place of the plan’s.' }),
    offersPerMinute: offersPerMinute.unwrap().optional().meta({ description: 'Null = no limit.' }),
    maxInFlight: maxInFlight.unwrap().optional().meta({ description: 'Null = no limit.' }),
    window: window.unwrap().optional().meta({ description: 'Off-peak hours; null = at any time.' }),
    sliceFailurePercent: z
      .number()
      .min(0)
      .max(100)
      .nullable()
      .default(null)
      .meta({
        description:
          'A limit that no gate has: the campaign is stopped when the failure share of any model in any region exceeds ' +
          'it beyond doubt (95 %), percent. Null = not looked at.',
      }),
    reaction_s: z
      .number()
      .min(0)
      .max(LONGEST_S)
      .default(0)
      .meta({
        description:
          'How long a person takes to stop it for a slice, or to confirm a wave that nobody was asked to confirm on ' +
          'record; seconds.',
      }),
    people: z.enum(['as-recorded', 'nobody']).default('as-recorded').meta({
      description: 'Whether people pause, resume, amend and abort as they did, or nobody does.',
    }),
    points: z
      .int()
      .min(2)
      .max(MOST_POINTS)
      .default(DEFAULT_POINTS)
      .meta({ description: 'Instants of the series.' }),
  }),
).meta({ description: 'What is left out is as the plan was at each time.' });

const count = z.int().min(0);
const instant = z.string();
const counts = z.object({
  waiting: count,
  inFlight: count,
  succeeded: count,
  failed: count.meta({ description: 'failed, timed-out or reverted.' }),
  excused: count,
});

const side = z.object({
  state: z.string(),
  endedAt: instant.nullable().meta({ description: 'Null where it has not come to an end.' }),
  totals: counts,
  stops: z
    .array(
      z.object({
        at: instant,
        by: z.enum(['gate', 'slice', 'person']),
        reason: z.string(),
        resumedAt: instant.nullable(),
      }),
    )
    .meta({ description: 'When and why it was, or would have been, paused; oldest first.' }),
  waves: z.array(
    counts.extend({
      wave: z.int(),
      name: z.string(),
      targets: count,
      releasedAt: instant.nullable(),
      gate: z
        .object({ at: instant, outcome: z.string(), reason: z.string() })
        .nullable()
        .meta({ description: 'The last decision of its gate.' }),
      offeredBefore: count.nullable().meta({
        description: 'Vehicles that had been offered when the gate first said more than that it soaks.',
      }),
    }),
  ),
  plan: strict(campaignPolicy).pick({ waves: true, offersPerMinute: true, maxInFlight: true, window: true }),
});

export const whatIfAnswer = z
  .object({
    campaignId: z.string(),
    calculation: z.literal(true).meta({ description: 'Nothing of `calculated` has happened.' }),
    startedAt: instant,
    asOf: instant.meta({ description: 'What was recorded later is not in it.' }),
    over: z.boolean().meta({
      description: 'False: the campaign is under way, and both sides are as of `asOf`.',
    }),
    targets: count,
    recorded: side,
    calculated: side,
    difference: z
      .object({
        spared: count.meta({ description: 'Failed on record, and would not have.' }),
        added: count.meta({ description: 'Would have failed, and did not on record.' }),
        withheld: count.meta({ description: 'Have it on record, and would not have.' }),
        gained: count.meta({ description: 'Would have it, and have not on record.' }),
      })
      .meta({ description: 'Vehicles that end otherwise.' }),
    basis: z
      .object({
        onRecord: count.meta({ description: 'Vehicles with an outcome of their own.' }),
        bySlice: count.meta({ description: 'Estimated by another of the same model and region.' }),
        byCampaign: count.meta({ description: 'Estimated by any other vehicle of the campaign.' }),
        unknown: count.meta({ description: 'Nothing to estimate by.' }),
        failed: z.object({
          onRecord: count,
          estimated: count,
          low: count.meta({ description: 'All failures, with the estimated ones at the low end (95 %).' }),
          high: count,
        }),
      })
      .meta({ description: 'What the calculation rests on, and how sure its failures are.' }),
    series: z.object({
      step_ms: z.number().min(0),
      points: z.array(
        z.object({
          at: instant,
          recorded: counts.nullable().meta({ description: 'Null after `asOf`, while it is under way.' }),
          calculated: counts,
        }),
      ),
    }),
    assumptions: z.array(z.object({ code: z.enum(ASSUMPTION_CODES), text: z.string() })),
  })
  .meta({ id: 'WhatIf' });
export type WhatIf = z.infer<typeof whatIfAnswer>;
