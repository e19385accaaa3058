import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';
import { personId } from '../shared/ids.ts';

export const emergencyStopped = defineEvent(
  'EmergencyStopped',
  z.object({ reason: z.string().min(1).max(2000), by: personId }),
);
export const emergencyLifted = defineEvent(
  'EmergencyLifted',
  z.object({ reason: z.string().min(1).max(2000), by: personId }),
);
export const fleetLimitsSet = defineEvent(
  'FleetLimitsSet',
  z.object({
    offersPerMinute: z.int().min(1).nullable(),
    maxInFlight: z.int().min(1).nullable(),
    by: personId,
  }),
);
export const blackoutDatesSet = defineEvent(
  'BlackoutDatesSet',
  z.object({
    dates: z
      .array(
        z.object({
          region: z.string().max(6),
          from: z.iso.date(),
          to: z.iso.date(),
          reason: z.string().max(200),
        }),
      )
      .max(1000),
    by: personId,
  }),
);
export const fleetEvents = [emergencyStopped, emergencyLifted, fleetLimitsSet, blackoutDatesSet] as const;
export type FleetEvent = EventOf<(typeof fleetEvents)[number]>;
