import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';
import { listId, personId, vehicleId } from '../shared/ids.ts';

/**
 * A list of vehicles that target queries name as `vehicle=in=list:{id}`. A replacement comes in parts that fit
 * into appends; it counts from the part that says `last`.
 */
export const vehicleListPartStored = defineEvent(
  'VehicleListPartStored',
  z.object({
    listId,
    replacementId: z.uuid(),
    part: z.int().min(0),
    last: z.boolean(),
    vehicles: z.array(vehicleId).max(20_000),
    by: personId,
  }),
);
export const vehicleListEvents = [vehicleListPartStored] as const;
export type VehicleListEvent = EventOf<(typeof vehicleListEvents)[number]>;
