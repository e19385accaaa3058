import { z } from 'zod';
import { artifactId, instant } from '../shared/ids.ts';

const percent = z.number().min(0).max(100);

/** The conditions between a wave and the next (DESIGN §4.6): parsed when the campaign is created, fail closed. */
export const gate = z.object({
  /** Share of the wave's targets that must have succeeded, percent. */
  successPercent: percent,
  /** Share of the wave's targets that may have failed; above it the campaign pauses, percent. */
  failurePercent: percent,
  /** How long the success must hold before the next wave is released, seconds. */
  soak_s: z
    .int()
    .min(0)
    .max(90 * 86_400),
  /** Whether a person has to confirm even when the numbers are good. */
  confirm: z.boolean().default(false),
});
export type Gate = z.infer<typeof gate>;

export const waveSize = z.union([
  z.object({ vehicles: z.int().min(1).max(100_000_000) }),
  z.object({ percent: z.number().gt(0).max(100) }),
  /** Everything not in an earlier wave; allowed for the last wave only. */
  z.object({ rest: z.literal(true) }),
]);
export const wavePlan = z.object({ name: z.string().min(1).max(64), size: waveSize, gate });
export type WavePlan = z.infer<typeof wavePlan>;

/** Local time of day, `HH:MM`. */
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM');
/** Off-peak hours in the vehicle's own time zone. `to` before `from` crosses midnight; equal = the whole day. */
export const offPeakWindow = z.object({
  from: clockTime,
  to: clockTime,
  /** Days on which the window opens, 1 = Monday .. 7 = Sunday. */
  days: z.array(z.int().min(1).max(7)).min(1).max(7).default([1, 2, 3, 4, 5, 6, 7]),
});
export type OffPeakWindow = z.infer<typeof offPeakWindow>;

/** A condition the TCU checks itself; it refuses names it doesn't know. */
export const precondition = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  op: z.enum(['eq', 'ne', 'lt', 'le', 'gt', 'ge']),
  value: z.union([z.string().max(200), z.number(), z.boolean()]),
});

export const campaignPolicy = z.object({
  /** In the order in which they are installed. */
  artifacts: z.array(artifactId).min(1).max(16),
  waves: z.array(wavePlan).min(1).max(50),
  /** Attempts per vehicle, the first included. */
  maxAttempts: z.int().min(1).max(10).default(3),
  /** From acceptance to outcome, seconds. */
  attemptTimeout_s: z
    .int()
    .min(10)
    .max(30 * 86_400)
    .default(4 * 3600),
  /** How long an unanswered offer stays open, seconds. */
  offerValid_s: z
    .int()
    .min(10)
    .max(90 * 86_400)
    .default(24 * 3600),
  /** Pause before a vehicle is offered again after a failed, declined-for-now or expired offer, seconds. */
  retryDelay_s: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(600),
  window: offPeakWindow.nullable().default(null),
  startAt: instant.nullable().default(null),
  /** After this nothing new is offered and what waits is cancelled. */
  endAt: instant.nullable().default(null),
  /** Offers per minute over all shards; null = as fast as the link takes them. */
  offersPerMinute: z.int().min(1).max(10_000_000).nullable().default(null),
  /** Vehicles between offer and outcome at one time, over all shards; null = no limit. */
  maxInFlight: z.int().min(1).max(100_000_000).nullable().default(null),
  preconditions: z.array(precondition).max(32).default([]),
  /** Key of the text shown to the driver (UN R156 §7.2.2.1); null = no consent asked. */
  consentTextKey: z.string().max(128).nullable().default(null),
});
export type CampaignPolicy = z.infer<typeof campaignPolicy>;
