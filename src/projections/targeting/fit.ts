/** Whether an artifact fits any vehicle there is, or one that other artifacts bring up to it (validation's question). */
import {
  type ArtifactFacts,
  type CompatibilityCode,
  compatibility,
  type VehicleFacts,
} from '../../domain/artifact/compatibility.ts';
import type { ArtifactTarget, Requirements, VersionConstraint } from '../../domain/artifact/events.ts';
import { matchVersion } from '../../domain/shared/version.ts';

const NO_REQUIREMENTS: Requirements = {
  hardware: [],
  previousSoftware: null,
  regions: [],
  models: [],
  variants: [],
  dependencies: [],
};

/**
 * Software that a vehicle must have counts as had when another registered artifact brings it: else the second of
 * two updates could only be validated after the first was rolled out. What no update changes must be there.
 */
export function fitsWith(
  artifact: ArtifactFacts,
  registered: readonly ArtifactFacts[],
): (vehicle: VehicleFacts) => boolean {
  const { requirements, target } = artifact;
  const { previousSoftware, dependencies } = requirements;
  const brings = (wanted: ArtifactTarget, software: VersionConstraint): boolean =>
    registered.some(
      (other) =>
        other.artifactId !== artifact.artifactId &&
        other.target.ecuType === wanted.ecuType &&
        other.target.component === wanted.component &&
        matchVersion(other.version, software).matches,
    );
  const brought = dependencies.filter((one) => brings(one, one.software));
  const here: ArtifactFacts = {
    ...artifact,
    requirements: {
      ...requirements,
      previousSoftware:
        previousSoftware !== null && brings(target, previousSoftware) ? null : previousSoftware,
      dependencies: dependencies.filter((one) => !brought.includes(one)),
    },
  };
  const later: ArtifactFacts = { ...artifact, requirements: { ...NO_REQUIREMENTS, dependencies: brought } };
  return (vehicle) =>
    onlyHas(vehicle, here, ['already-installed']) &&
    onlyHas(vehicle, later, ['already-installed', 'dependency-version']);
}

const onlyHas = (vehicle: VehicleFacts, artifact: ArtifactFacts, codes: readonly CompatibilityCode[]) =>
  compatibility(vehicle, artifact).reasons.every(({ code }) => codes.includes(code));
