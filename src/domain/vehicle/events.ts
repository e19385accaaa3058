import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.ts';
import { componentName, ecuPosition, ecuType, instant, vehicleId } from '../shared/ids.ts';

export const softwareComponent = z.object({
  name: componentName.default('main'),
  part: z.string().max(64).default(''),
  softwareVersion: z.string().min(1).max(64),
});
export const ecu = z.object({
  type: ecuType,
  position: ecuPosition.default(''),
  serial: z.string().max(64).default(''),
  hardware: z.object({ part: z.string().min(1).max(64), version: z.string().min(1).max(64) }),
  components: z.array(softwareComponent).min(1).max(32),
});
export type Ecu = z.infer<typeof ecu>;
/** A vehicle's ECUs; a type and position occur once (checked by the decider). */
export const ecus = z.array(ecu).max(200);

/** Who a TCU is, and how often its counter was reset: `seq` only means something within one epoch (DESIGN §4.1). */
export const tcuEpoch = z.object({
  tcu: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, . _ -; at most 64'),
  reset: z.int().min(0).max(0xffff_ffff),
});
export type TcuEpoch = z.infer<typeof tcuEpoch>;
/** Where a vehicle's message sits in its own numbering. Device time is recorded, never trusted for order. */
export const reportSource = z.object({
  epoch: tcuEpoch,
  seq: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  sentAt: z.string().max(40).nullable(),
});
export type ReportSource = z.infer<typeof reportSource>;

export const region = z
  .string()
  .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'must be ISO 3166-1 alpha-2 or 3166-2, such as DE or DE-BY');
export const vehicleDescription = z.object({
  brand: z.string().min(1).max(64),
  model: z.string().min(1).max(64),
  variant: z.string().max(64).default(''),
  /** The market the vehicle is approved for; it decides compatibility. */
  region,
  /** IANA time zone, for off-peak windows only. */
  timeZone: z.string().min(1).max(64),
  tags: z
    .array(z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/))
    .max(64)
    .default([]),
  buildDate: z.iso.date().nullable().default(null),
});
export type VehicleDescription = z.infer<typeof vehicleDescription>;

export const vehicleRegistered = defineEvent(
  'VehicleRegistered',
  z.object({
    vehicleId,
    /** In clear, or sealed under a key that can be destroyed (pseudonymous deployments). */
    vin: z.union([z.object({ clear: z.string() }), z.object({ sealed: z.base64(), keyId: z.string() })]),
    /** False where the ISO 3779 check digit does not match: a warning only, Europe does not use it. */
    checkDigitValid: z.boolean(),
  }),
);
export const vehicleDescribed = defineEvent(
  'VehicleDescribed',
  z.object({ vehicleId, description: vehicleDescription }),
);
export const inventoryReported = defineEvent(
  'InventoryReported',
  z.object({
    vehicleId,
    source: z.enum(['ota', 'workshop', 'plant']),
    ecus,
    /** Set when a TCU said it; null for a workshop or plant report. */
    report: reportSource.nullable(),
  }),
);
export const ecuReplaced = defineEvent(
  'EcuReplaced',
  z.object({
    vehicleId,
    type: ecuType,
    position: ecuPosition,
    removedSerial: z.string(),
    installed: ecu,
    source: z.enum(['ota', 'workshop', 'plant']),
  }),
);
export const tcuEpochOpened = defineEvent(
  'TcuEpochOpened',
  z.object({
    vehicleId,
    epoch: tcuEpoch,
    closes: tcuEpoch.nullable(),
    cause: z.enum(['first-contact', 'reset', 'replacement']),
  }),
);
export const credentialIssued = defineEvent(
  'CredentialIssued',
  z.object({ vehicleId, generation: z.int().min(1), fleetSecretId: z.string() }),
);
export const credentialRevoked = defineEvent(
  'CredentialRevoked',
  z.object({ vehicleId, generation: z.int().min(1), reason: z.string().max(2000) }),
);
export const serviceFlagged = defineEvent(
  'ServiceFlagged',
  z.object({ vehicleId, code: z.string().max(64), reason: z.string().max(2000) }),
);
export const serviceCleared = defineEvent(
  'ServiceCleared',
  z.object({ vehicleId, code: z.string().max(64) }),
);
export const vehicleDecommissioned = defineEvent(
  'VehicleDecommissioned',
  z.object({ vehicleId, reason: z.string().max(2000), at: instant }),
);

export const vehicleEvents = [
  vehicleRegistered,
  vehicleDescribed,
  inventoryReported,
  ecuReplaced,
  tcuEpochOpened,
  credentialIssued,
  credentialRevoked,
  serviceFlagged,
  serviceCleared,
  vehicleDecommissioned,
] as const;
export type VehicleEvent = EventOf<(typeof vehicleEvents)[number]>;
