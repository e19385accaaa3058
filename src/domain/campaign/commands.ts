import { z } from 'zod';
import { campaignId, instant, sha256 } from '../shared/ids.ts';
import { waveCounters } from './events.ts';
import { campaignPolicy } from './policy.ts';

const reason = z.string().min(1).max(2000);
const cause = z.string().max(64);
const wave = z.int().min(1).max(50);

export const createCampaign = z.strictObject({
  type: z.literal('CreateCampaign'),
  campaignId,
  title: z.string().min(1).max(200),
  purpose: z.string().max(5000).default(''),
  policy: campaignPolicy,
});
/** The planner freezes the targets next; defining again makes a new list and voids an approval. */
export const defineTargeting = z.strictObject({
  type: z.literal('DefineTargeting'),
  query: z.string().min(1).max(10_000),
});
/** By the planner, once all `targets-` streams of the plan are closed. */
export const recordTargets = z.strictObject({
  type: z.literal('RecordTargets'),
  planId: z.uuid(),
  targets: z.int().min(0),
  incompatible: z.int().min(0),
  reasons: z.array(z.strictObject({ code: z.string(), vehicles: z.int().min(1) })).max(50),
  waves: z.array(z.int().min(0)).min(1).max(50),
  shards: z.array(z.int().min(0)).min(1).max(1024),
  digest: sha256,
  lastEventId: z.string().nullable(),
});
export const recordFreezeFailure = z.strictObject({
  type: z.literal('RecordFreezeFailure'),
  planId: z.uuid(),
  reason,
});
/** `planDigest`, if given, must be the digest of the plan as it is now (what the approver looked at). */
export const approveCampaign = z.strictObject({
  type: z.literal('ApproveCampaign'),
  planDigest: sha256.nullable().default(null),
  note: z.string().max(5000).default(''),
});
export const scheduleCampaign = z.strictObject({ type: z.literal('ScheduleCampaign'), startAt: instant });
/** By a person at once, or by the gatekeeper when the scheduled time has come. */
export const startCampaign = z.strictObject({
  type: z.literal('StartCampaign'),
  cause: cause.nullable().default(null),
});
export const releaseWave = z.strictObject({ type: z.literal('ReleaseWave'), wave, cause });
export const decideGate = z.strictObject({
  type: z.literal('DecideGate'),
  wave,
  outcome: z.enum(['soaking', 'passed', 'awaiting-confirmation', 'held', 'failed']),
  reason,
  counters: waveCounters,
  soakUntil: instant.nullable(),
  cause,
});
/** A person lets a held or waiting wave pass. */
export const confirmWave = z.strictObject({
  type: z.literal('ConfirmWave'),
  wave,
  note: z.string().max(5000).default(''),
});
export const amendCampaign = z.strictObject({
  type: z.literal('AmendCampaign'),
  policy: campaignPolicy,
  note: z.string().max(5000).default(''),
});
export const pauseCampaign = z.strictObject({
  type: z.literal('PauseCampaign'),
  reason,
  code: z.enum(['operator', 'gate', 'artifact-withdrawn', 'emergency']).default('operator'),
  cause: cause.nullable().default(null),
});
export const resumeCampaign = z.strictObject({
  type: z.literal('ResumeCampaign'),
  reason: reason.default('resumed'),
});
export const abortCampaign = z.strictObject({ type: z.literal('AbortCampaign'), reason });
/** By the gatekeeper, when every shard that has targets has drained. */
export const concludeCampaign = z.strictObject({ type: z.literal('ConcludeCampaign'), cause });
export const reviewCampaign = z.strictObject({
  type: z.literal('ReviewCampaign'),
  note: z.string().min(1).max(10_000),
  verdict: z.enum(['good', 'mixed', 'bad']),
});

export const campaignCommand = z.discriminatedUnion('type', [
  createCampaign,
  defineTargeting,
  recordTargets,
  recordFreezeFailure,
  approveCampaign,
  scheduleCampaign,
  startCampaign,
  releaseWave,
  decideGate,
  confirmWave,
  amendCampaign,
  pauseCampaign,
  resumeCampaign,
  abortCampaign,
  concludeCampaign,
  reviewCampaign,
]);
export type CampaignCommand = z.infer<typeof campaignCommand>;
