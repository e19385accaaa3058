import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';
import {
  artifactId,
  campaignId,
  componentName,
  ecuPosition,
  ecuType,
  instant,
  sha256,
  shardNumber,
  vehicleId,
} from '../shared/ids.ts';
import { reportSource } from '../vehicle/events.ts';

/**
 * Where an assignment stands. The first is its start, the next five are in flight, the rest settled
 * (and can still be corrected by what the car says later, DESIGN §4.3).
 */
export const PHASES = [
  'waiting',
  'offered',
  'accepted',
  'downloading',
  'downloaded',
  'installing',
  'succeeded',
  'failed',
  'timed-out',
  'reverted',
  'declined',
  'cancelled',
  'displaced',
  'satisfied',
] as const;
export const phase = z.enum(PHASES);
export type Phase = z.infer<typeof phase>;

/**
 * What every event of an assignment carries. `from` and `to` make counting a plain sum: no reader needs
 * the assignment's history to keep totals right. `slice` is the number given in TargetsListed of this shard.
 */
const base = {
  vehicleId,
  wave: z.int().min(1).max(50),
  slice: z.int().min(0),
  /** Attempt, from 1; offers are numbered on through all attempts. */
  attempt: z.int().min(0).max(255),
  offer: z.int().min(0).max(65_535),
  from: phase,
  to: phase,
};
/** Of events that a vehicle's message caused. `receivedAt` is broker time. */
const reported = { ...base, report: reportSource, receivedAt: instant };

export const ecuResult = z.object({
  artifactId,
  ecuType,
  position: ecuPosition.default(''),
  component: componentName.default('main'),
  softwareVersion: z.string().max(64),
  /** Digest of the manifest that the vehicle verified and installed; null where nothing was installed. */
  manifestDigest: sha256.nullable(),
  result: z.enum(['installed', 'unchanged', 'failed', 'reverted']),
  code: z.string().max(64).default(''),
});
export type EcuResult = z.infer<typeof ecuResult>;
const outcome = { code: z.string().max(64), message: z.string().max(500), ecus: z.array(ecuResult).max(64) };
/** A time before which the vehicle is not offered again; null = at once. */
const notBefore = instant.nullable();

export const rolloutTaken = defineEvent(
  'RolloutTaken',
  z.object({ campaignId, shard: shardNumber, planId: z.uuid(), epoch: z.uuid() }),
);
export const updateOffered = defineEvent(
  'UpdateOffered',
  z.object({ ...base, at: instant, validUntil: instant, vehicleRevision: z.int().min(0) }),
);
export const updateAccepted = defineEvent('UpdateAccepted', z.object({ ...reported, deadline: instant }));
export const updateDeclined = defineEvent(
  'UpdateDeclined',
  z.object({ ...reported, code: z.string().max(64) }),
);
export const updatePostponed = defineEvent('UpdatePostponed', z.object({ ...reported, notBefore }));
export const downloadStarted = defineEvent('DownloadStarted', z.object(reported));
export const downloadCompleted = defineEvent('DownloadCompleted', z.object(reported));
export const installStarted = defineEvent('InstallStarted', z.object(reported));
export const updateSucceeded = defineEvent(
  'UpdateSucceeded',
  z.object({ ...reported, ecus: z.array(ecuResult).max(64) }),
);
export const updateHealthy = defineEvent('UpdateHealthy', z.object({ ...reported }));
export const updateReverted = defineEvent('UpdateReverted', z.object({ ...reported, ...outcome }));
export const updateFailed = defineEvent('UpdateFailed', z.object({ ...reported, ...outcome, notBefore }));
export const preconditionUnmet = defineEvent(
  'PreconditionUnmet',
  z.object({ ...reported, names: z.array(z.string().max(64)).max(32), notBefore }),
);
/** Our guess, not the truth: a later report still counts (LateOutcomeReported). */
export const updateTimedOut = defineEvent(
  'UpdateTimedOut',
  z.object({ ...base, stage: z.enum(['offer', 'attempt']), deadline: instant, notBefore }),
);
export const updateCancelled = defineEvent(
  'UpdateCancelled',
  z.object({
    ...base,
    /** `halted`: an open offer withdrawn by a pause; it goes back to waiting, its number never counts again. */
    reason: z.enum(['aborted', 'ended', 'incompatible', 'decommissioned', 'left', 'halted']),
    detail: z.string().max(500),
  }),
);
export const updateDisplaced = defineEvent('UpdateDisplaced', z.object({ ...base, by: campaignId }));
export const satisfiedElsewhere = defineEvent(
  'SatisfiedElsewhere',
  z.object({ ...base, softwareVersion: z.string().max(64) }),
);
/** The car reports an outcome of an attempt that we had ended: recorded always, moves the counters once. */
export const lateOutcomeReported = defineEvent(
  'LateOutcomeReported',
  z.object({
    ...reported,
    reportedAttempt: z.int().min(0).max(255),
    outcome: z.enum(['succeeded', 'failed', 'reverted']),
    ...outcome,
  }),
);
export const rolloutHalted = defineEvent(
  'RolloutHalted',
  z.object({
    campaignId,
    shard: shardNumber,
    cause: z.string().max(64),
    why: z.enum(['paused', 'aborting', 'emergency']),
  }),
);
export const rolloutResumed = defineEvent(
  'RolloutResumed',
  z.object({ campaignId, shard: shardNumber, cause: z.string().max(64) }),
);
export const rolloutDrained = defineEvent(
  'RolloutDrained',
  z.object({ campaignId, shard: shardNumber, why: z.enum(['settled', 'aborted']) }),
);

export const rolloutEvents = [
  rolloutTaken,
  updateOffered,
  updateAccepted,
  updateDeclined,
  updatePostponed,
  downloadStarted,
  downloadCompleted,
  installStarted,
  updateSucceeded,
  updateHealthy,
  updateReverted,
  updateFailed,
  preconditionUnmet,
  updateTimedOut,
  updateCancelled,
  updateDisplaced,
  satisfiedElsewhere,
  lateOutcomeReported,
  rolloutHalted,
  rolloutResumed,
  rolloutDrained,
] as const;
export type RolloutEvent = EventOf<(typeof rolloutEvents)[number]>;

export const shardTaken = defineEvent(
  'ShardTaken',
  z.object({ shard: shardNumber, epoch: z.uuid(), worker: z.string().max(128) }),
);
export const rolloutOpened = defineEvent(
  'RolloutOpened',
  z.object({ shard: shardNumber, campaignId, planId: z.uuid(), epoch: z.uuid() }),
);
/** A message that was dead-lettered: receipted where it could be read, kept whole, counted nowhere. */
export const reportSetAside = defineEvent(
  'ReportSetAside',
  z.object({
    shard: shardNumber,
    vehicleId: z.string().max(64),
    channel: z.enum(['feedback', 'inventory']),
    code: z.string().max(64),
    reason: z.string().max(2000),
    /** The bytes as they came, base64. */
    raw: z.base64(),
    report: reportSource.nullable(),
    receivedAt: instant,
  }),
);
export const shardEvents = [shardTaken, rolloutOpened, reportSetAside] as const;
export type ShardEvent = EventOf<(typeof shardEvents)[number]>;
