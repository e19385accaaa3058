import { z } from 'zod';
import { region } from '../vehicle/events.ts';

const reason = z.string().min(1).max(2000);

/** Nothing is offered or granted any more, in no campaign, until it is lifted. */
export const stopEmergency = z.strictObject({ type: z.literal('StopEmergency'), reason });
export const liftEmergency = z.strictObject({ type: z.literal('LiftEmergency'), reason });
/** Over all campaigns together; null = no limit. */
export const setFleetLimits = z.strictObject({
  type: z.literal('SetFleetLimits'),
  offersPerMinute: z.int().min(1).nullable(),
  maxInFlight: z.int().min(1).nullable(),
});
/** The whole list, in the place of the one before. Dates are local to the vehicle, both included; `*` = everywhere. */
export const setBlackoutDates = z.strictObject({
  type: z.literal('SetBlackoutDates'),
  dates: z
    .array(
      z.strictObject({
        region: z.union([region, z.literal('*')]),
        from: z.iso.date(),
        to: z.iso.date(),
        reason: z.string().max(200),
      }),
    )
    .max(1000),
});
export const fleetCommand = z.discriminatedUnion('type', [
  stopEmergency,
  liftEmergency,
  setFleetLimits,
  setBlackoutDates,
]);
export type FleetCommand = z.infer<typeof fleetCommand>;
