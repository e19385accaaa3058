import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';
import { campaignId, instant, personId, sha256, shardNumber, vehicleId } from '../shared/ids.ts';
import { campaignPolicy } from './policy.ts';

const reason = z.string().min(1).max(2000);
const planId = z.uuid();
const waveNumber = z.int().min(1).max(50);
/** What a gate saw: counts of one wave. */
export const waveCounters = z.object({
  targets: z.int().min(0),
  succeeded: z.int().min(0),
  failed: z.int().min(0),
  /** Declined, cancelled, displaced or satisfied elsewhere: settled, but neither success nor failure. */
  excused: z.int().min(0),
  inFlight: z.int().min(0),
  waiting: z.int().min(0),
});
export type WaveCounters = z.infer<typeof waveCounters>;
/** Id of the event that caused a process manager to act; null for a person's own command. */
const cause = z.string().max(64).nullable();

export const campaignCreated = defineEvent(
  'CampaignCreated',
  z.object({
    campaignId,
    title: z.string().min(1).max(200),
    purpose: z.string().max(5000),
    policy: campaignPolicy,
    by: personId,
  }),
);
/** The planner freezes this query into a list under `planId`. */
export const targetingDefined = defineEvent(
  'TargetingDefined',
  z.object({ campaignId, planId, query: z.string().min(1).max(10_000), by: personId }),
);
export const targetsFrozen = defineEvent(
  'TargetsFrozen',
  z.object({
    campaignId,
    planId,
    query: z.string(),
    targets: z.int().min(0),
    /** Matched by the query but not able to take the artifacts. */
    incompatible: z.int().min(0),
    /** The commonest reasons for that. */
    reasons: z.array(z.object({ code: z.string(), vehicles: z.int().min(1) })).max(50),
    /** Targets of each wave, wave 1 first. */
    waves: z.array(z.int().min(0)).min(1).max(50),
    /** Targets of each shard, shard 0 first: pause and abort wait for the shards that have some. */
    shards: z.array(z.int().min(0)).min(1).max(1024),
    /** SHA-256 over the shard digests in shard order. */
    digest: sha256,
    /** Id of the last event that the selection reflects; null for an empty log. */
    lastEventId: z.string().nullable(),
  }),
);
export const targetsFreezeFailed = defineEvent(
  'TargetsFreezeFailed',
  z.object({ campaignId, planId, reason }),
);
export const campaignApproved = defineEvent(
  'CampaignApproved',
  z.object({ campaignId, planDigest: sha256, note: z.string().max(5000), by: personId }),
);
export const approvalVoided = defineEvent(
  'ApprovalVoided',
  z.object({ campaignId, reason, planDigest: sha256 }),
);
export const campaignScheduled = defineEvent(
  'CampaignScheduled',
  z.object({ campaignId, startAt: instant, by: personId }),
);
export const campaignStarted = defineEvent(
  'CampaignStarted',
  z.object({ campaignId, planDigest: sha256, cause }),
);
export const waveReleased = defineEvent('WaveReleased', z.object({ campaignId, wave: waveNumber, cause }));
export const gateDecided = defineEvent(
  'GateDecided',
  z.object({
    campaignId,
    wave: waveNumber,
    outcome: z.enum(['soaking', 'passed', 'awaiting-confirmation', 'held', 'failed']),
    reason,
    counters: waveCounters,
    /** Set while soaking: the earliest time of the next decision. */
    soakUntil: instant.nullable(),
    cause,
  }),
);
export const waveConfirmed = defineEvent(
  'WaveConfirmed',
  z.object({ campaignId, wave: waveNumber, note: z.string().max(5000), by: personId }),
);
export const campaignAmended = defineEvent(
  'CampaignAmended',
  z.object({ campaignId, policy: campaignPolicy, note: z.string().max(5000), by: personId }),
);
export const campaignPaused = defineEvent(
  'CampaignPaused',
  z.object({
    campaignId,
    reason,
    code: z.enum(['operator', 'gate', 'artifact-withdrawn', 'emergency']),
    cause,
  }),
);
export const campaignResumed = defineEvent('CampaignResumed', z.object({ campaignId, reason, by: personId }));
export const abortRequested = defineEvent('AbortRequested', z.object({ campaignId, reason, by: personId }));
export const campaignAborted = defineEvent('CampaignAborted', z.object({ campaignId, cause }));
export const campaignCompleted = defineEvent('CampaignCompleted', z.object({ campaignId, cause }));
export const campaignReviewed = defineEvent(
  'CampaignReviewed',
  z.object({
    campaignId,
    note: z.string().min(1).max(10_000),
    verdict: z.enum(['good', 'mixed', 'bad']),
    by: personId,
  }),
);

export const campaignEvents = [
  campaignCreated,
  targetingDefined,
  targetsFrozen,
  targetsFreezeFailed,
  campaignApproved,
  approvalVoided,
  campaignScheduled,
  campaignStarted,
  waveReleased,
  gateDecided,
  waveConfirmed,
  campaignAmended,
  campaignPaused,
  campaignResumed,
  abortRequested,
  campaignAborted,
  campaignCompleted,
  campaignReviewed,
] as const;
export type CampaignEvent = EventOf<(typeof campaignEvents)[number]>;

/**
 * What progress is sliced by; frozen with the targets, so that denominators and events agree.
 * `hardware` and `software` are those of the first artifact's target ECU before the campaign.
 */
export const targetSlice = z.object({
  brand: z.string(),
  model: z.string(),
  variant: z.string(),
  region: z.string(),
  timeZone: z.string(),
  hardware: z.string(),
  software: z.string(),
});
export type TargetSlice = z.infer<typeof targetSlice>;

export const targetsOpened = defineEvent(
  'TargetsOpened',
  z.object({ campaignId, shard: shardNumber, planId, lastEventId: z.string().nullable() }),
);
export const targetsListed = defineEvent(
  'TargetsListed',
  z.object({
    campaignId,
    shard: shardNumber,
    planId,
    /** Slices first used in this chunk; numbered on from those of earlier chunks of the same plan and shard. */
    slices: z.array(targetSlice),
    /** `[vehicleId, wave, rank, vehicle revision judged on, slice number]`; rank is global and orders a wave. */
    targets: z.array(z.tuple([vehicleId, waveNumber, z.int().min(0), z.int().min(0), z.int().min(0)])).min(1),
  }),
);
export const targetsClosed = defineEvent(
  'TargetsClosed',
  z.object({ campaignId, shard: shardNumber, planId, targets: z.int().min(0), digest: sha256 }),
);
export const targetJoined = defineEvent(
  'TargetJoined',
  z.object({
    campaignId,
    shard: shardNumber,
    vehicleId,
    wave: waveNumber,
    rank: z.int().min(0),
    vehicleRevision: z.int().min(0),
    slice: targetSlice,
  }),
);
export const targetLeft = defineEvent(
  'TargetLeft',
  z.object({ campaignId, shard: shardNumber, vehicleId, reason }),
);
export const targetsEvents = [targetsOpened, targetsListed, targetsClosed, targetJoined, targetLeft] as const;
export type TargetsEvent = EventOf<(typeof targetsEvents)[number]>;

/** Cumulative number of offers each shard may have made since the start; sums never exceed rate and in-flight limits. */
export const offerAllowanceSet = defineEvent(
  'OfferAllowanceSet',
  z.object({ campaignId, offers: z.array(z.int().min(0)).min(1).max(1024), cause }),
);
export const allowanceEvents = [offerAllowanceSet] as const;
export type AllowanceEvent = EventOf<(typeof allowanceEvents)[number]>;
