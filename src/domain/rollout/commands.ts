import { z } from 'zod';
import { instant } from '../shared/ids.ts';
import { reportSource, tcuEpoch } from '../vehicle/events.ts';
import { ecuResult } from './events.ts';

const ecus = z.array(ecuResult).max(64);
const code = z.string().max(64);
const message = z.string().max(500);

/** What a vehicle said about one offer. */
export const report = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('accepted') }),
  z.strictObject({ kind: z.literal('declined'), code }),
  z.strictObject({ kind: z.literal('postponed'), until: instant.nullable() }),
  z.strictObject({ kind: z.literal('precondition-unmet'), names: z.array(z.string().max(64)).max(32) }),
  z.strictObject({ kind: z.literal('download-started') }),
  z.strictObject({ kind: z.literal('download-completed') }),
  z.strictObject({ kind: z.literal('install-started') }),
  z.strictObject({ kind: z.literal('succeeded'), ecus }),
  z.strictObject({ kind: z.literal('healthy') }),
  z.strictObject({ kind: z.literal('failed'), code, message, ecus }),
  z.strictObject({ kind: z.literal('reverted'), code, message, ecus }),
]);
export type Report = z.infer<typeof report>;

/** `validUntil` is later than now; the vehicle at `vehicleRevision` was found fit just before. */
export const offerUpdate = z.strictObject({
  type: z.literal('Offer'),
  validUntil: instant,
  vehicleRevision: z.int().min(0),
});
/** `currentEpoch` is the vehicle's open epoch; a report of another one is stale. `receivedAt` is broker time. */
export const handleReport = z.strictObject({
  type: z.literal('HandleReport'),
  offer: z.int().min(1).max(65_535),
  attempt: z.int().min(1).max(255),
  source: reportSource,
  currentEpoch: tcuEpoch,
  receivedAt: instant,
  report,
});
/** The deadline of the open offer or of the attempt under way has passed in broker time. */
export const timeOut = z.strictObject({ type: z.literal('TimeOut') });
/** For what waits, is offered, or was accepted but not granted. */
export const cancelUpdate = z.strictObject({
  type: z.literal('Cancel'),
  reason: z.enum(['aborted', 'ended', 'incompatible', 'decommissioned', 'left']),
  detail: z.string().max(500),
});
/** The rollout was halted: the open offer is taken back and made anew, with another number, after the halt. */
export const withdrawOffer = z.strictObject({ type: z.literal('Withdraw') });
/** The vehicle has all artifacts already. */
export const satisfy = z.strictObject({ type: z.literal('Satisfy'), softwareVersion: z.string().max(64) });

export const assignmentCommand = z.discriminatedUnion('type', [
  offerUpdate,
  handleReport,
  timeOut,
  cancelUpdate,
  withdrawOffer,
  satisfy,
]);
export type AssignmentCommand = z.infer<typeof assignmentCommand>;
export type HandleReport = z.infer<typeof handleReport>;
