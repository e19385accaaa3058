/** Compatibility with the ordered artifacts of one campaign: later ones see what earlier ones would have installed. */
import {
  type ArtifactFacts,
  type CompatibilityReason,
  compatibility,
  satisfied,
  type VehicleFacts,
} from './compatibility.ts';

export interface CompatibilityAll {
  readonly compatible: boolean;
  /** Every target has the last version that the list brings to it: nothing is left to do. */
  readonly satisfied: boolean;
  /** What the vehicle still needs, in order: steps it has behind it are left out. */
  readonly pending: readonly string[];
  /** Of all artifacts; empty exactly when compatible. */
  readonly reasons: readonly CompatibilityReason[];
}

const targetKey = (artifact: ArtifactFacts): string =>
  `${artifact.target.ecuType}/${artifact.target.component}`;

/** The vehicle as it would be with the artifact installed. Components that are not there are not made up. */
export function withInstalled(vehicle: VehicleFacts, artifact: ArtifactFacts): VehicleFacts {
  const { ecuType, component } = artifact.target;
  const ecus = vehicle.ecus.map((ecu) =>
    ecu.type !== ecuType
      ? ecu
      : {
          ...ecu,
          components: ecu.components.map((one) =>
            one.name === component ? { ...one, softwareVersion: artifact.version } : one,
          ),
        },
  );
  return { ...vehicle, ecus };
}

/**
 * Judges a vehicle against 1..16 artifacts in the order in which they are installed. A list may bring one
 * target through several versions (1.5.0, then 2.0.0); only the last one counts for being satisfied. A target
 * that is there already is no reason against the others; where all are there, each is `already-installed`.
 */
export function compatibilityAll(
  vehicle: VehicleFacts,
  artifacts: readonly ArtifactFacts[],
): CompatibilityAll {
  const last = new Map(artifacts.map((artifact) => [targetKey(artifact), artifact]));
  const isDone = (artifact: ArtifactFacts): boolean => {
    const final = last.get(targetKey(artifact));
    return final !== undefined && satisfied(vehicle, final);
  };
  const steps = artifacts.filter((artifact) => !isDone(artifact));
  if (steps.length === 0) {
    const reasons = [...last.values()].flatMap((artifact) => compatibility(vehicle, artifact).reasons);
    return { compatible: false, satisfied: true, pending: [], reasons };
  }
  const reasons: CompatibilityReason[] = [];
  const pending: string[] = [];
  let current = vehicle;
  for (const artifact of steps) {
    if (satisfied(current, artifact)) continue;
    pending.push(artifact.artifactId);
    reasons.push(...compatibility(current, artifact).reasons);
    current = withInstalled(current, artifact);
  }
  return { compatible: reasons.length === 0, satisfied: false, pending, reasons };
}
