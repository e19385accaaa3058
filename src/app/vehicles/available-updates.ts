/** What could be installed on one vehicle, and why the rest could not. */
import {
  type ArtifactFacts,
  type CompatibilityReason,
  compatibility,
  satisfied,
  type VehicleFacts,
} from '../../domain/artifact/compatibility.ts';

/** A type, not an interface, so that it also is a plain record. */
export type AvailableUpdate = {
  readonly artifactId: string;
  readonly version: string;
  readonly target: { readonly ecuType: string; readonly component: string };
  /** What the target ECUs have now, one per position. */
  readonly installed: readonly { readonly position: string; readonly softwareVersion: string | null }[];
  readonly compatible: boolean;
  /** The version is there already. */
  readonly satisfied: boolean;
  readonly reasons: readonly CompatibilityReason[];
};

/** Of the released artifacts, those for an ECU that the vehicle has; compatible ones first. */
export function availableUpdates(
  vehicle: VehicleFacts,
  released: readonly ArtifactFacts[],
): readonly AvailableUpdate[] {
  const updates = released.flatMap((artifact): AvailableUpdate[] => {
    const { artifactId, version, target } = artifact;
    const ecus = vehicle.ecus.filter((ecu) => ecu.type === target.ecuType);
    if (ecus.length === 0) return [];
    const installed = ecus.map(({ position, components }) => ({
      position,
      softwareVersion: components.find((one) => one.name === target.component)?.softwareVersion ?? null,
    }));
    const judged = compatibility(vehicle, artifact);
    return [{ artifactId, version, target, installed, satisfied: satisfied(vehicle, artifact), ...judged }];
  });
  return updates.sort(
    (a, b) => Number(b.compatible) - Number(a.compatible) || (a.artifactId < b.artifactId ? -1 : 1),
  );
}
