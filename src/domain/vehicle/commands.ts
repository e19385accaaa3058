import { z } from 'zod';
import { ecuPosition, ecuType, vehicleId } from '../shared/ids.ts';
import { ecu, ecus, reportSource, tcuEpoch, vehicleDescription } from './events.ts';

const reason = z.string().min(1).max(2000);
const inventorySource = z.enum(['ota', 'workshop', 'plant']);

/** `vehicleId` and the form of `vin` come from the deployment's identity setting, not from the caller. */
export const registerVehicle = z.strictObject({
  type: z.literal('RegisterVehicle'),
  vehicleId,
  /** In clear: the decider checks its syntax (ISO 3779). */
  vin: z.string(),
  /** What to store for it. */
  storedVin: z.union([
    z.strictObject({ clear: z.string() }),
    z.strictObject({ sealed: z.base64(), keyId: z.string() }),
  ]),
  description: vehicleDescription,
  ecus: ecus.optional(),
});
export const describeVehicle = z.strictObject({
  type: z.literal('DescribeVehicle'),
  description: vehicleDescription,
});
export const reportInventory = z.strictObject({
  type: z.literal('ReportInventory'),
  source: inventorySource,
  ecus,
  report: reportSource.nullable(),
});
export const replaceEcu = z.strictObject({
  type: z.literal('ReplaceEcu'),
  ecuType,
  position: ecuPosition.default(''),
  installed: ecu,
  source: inventorySource.default('workshop'),
});
/** A TCU speaks under an epoch that is not open yet. */
export const openTcuEpoch = z.strictObject({ type: z.literal('OpenTcuEpoch'), epoch: tcuEpoch });
/**
 * `replaces` is the generation whose credential is to end; without it, one is only issued where there is none
 * under this fleet secret.
 */
export const issueCredential = z.strictObject({
  type: z.literal('IssueCredential'),
  fleetSecretId: z.string().min(1).max(64),
  replaces: z.int().min(1).optional(),
});
export const revokeCredential = z.strictObject({ type: z.literal('RevokeCredential'), reason });
export const flagService = z.strictObject({
  type: z.literal('FlagService'),
  code: z.string().min(1).max(64),
  reason,
});
export const clearService = z.strictObject({
  type: z.literal('ClearService'),
  code: z.string().min(1).max(64),
});
export const decommissionVehicle = z.strictObject({ type: z.literal('DecommissionVehicle'), reason });

export const vehicleCommand = z.discriminatedUnion('type', [
  registerVehicle,
  describeVehicle,
  reportInventory,
  replaceEcu,
  openTcuEpoch,
  issueCredential,
  revokeCredential,
  flagService,
  clearService,
  decommissionVehicle,
]);
export type VehicleCommand = z.infer<typeof vehicleCommand>;
