/** Whether a vehicle can take an artifact, and every reason why not (DESIGN §8). Pure; used by preview, planner, offer and explanation alike. */
import { describeConstraint, matchVersion, sameVersion, type VersionScheme } from '../shared/version.ts';
import type { Ecu } from '../vehicle/events.ts';
import type { ArtifactTarget, Requirements, VersionConstraint } from './events.ts';

export interface VehicleFacts {
  readonly brand: string;
  readonly model: string;
  readonly variant: string;
  readonly region: string;
  readonly ecus: readonly Ecu[];
  readonly decommissioned: boolean;
  /** Codes of open service flags. Not judged: an update can be the very repair. */
  readonly serviceFlags?: readonly string[];
}

export interface ArtifactFacts {
  readonly artifactId: string;
  readonly version: string;
  readonly versionScheme: VersionScheme;
  readonly target: ArtifactTarget;
  readonly requirements: Requirements;
}

export const COMPATIBILITY_CODES = [
  'decommissioned',
  'region',
  'model',
  'variant',
  'target-ecu-missing',
  'target-component-missing',
  'hardware-part',
  'hardware-version',
  'previous-software',
  'dependency-missing',
  'dependency-version',
  'already-installed',
] as const;
export type CompatibilityCode = (typeof COMPATIBILITY_CODES)[number];

export interface CompatibilityReason {
  readonly code: CompatibilityCode;
  readonly artifactId: string;
  /** Field of the artifact that is not met; `vehicle` where the vehicle itself is the reason. */
  readonly clause: keyof Requirements | 'target' | 'version' | 'vehicle';
  readonly message: string;
  readonly expected: string;
  /** What the vehicle has; null where it has nothing of the kind. */
  readonly actual: string | null;
}

export interface Compatibility {
  readonly compatible: boolean;
  /** Empty exactly when compatible; in the order of `COMPATIBILITY_CODES`, one per ECU that fails. */
  readonly reasons: readonly CompatibilityReason[];
}

type Report = (
  code: CompatibilityCode,
  clause: CompatibilityReason['clause'],
  message: string,
  expected: string,
  actual: string | null,
) => void;

/** `DE` covers `DE` and `DE-BY`; `DE-BY` covers only itself. */
export const regionCovers = (allowed: string, region: string): boolean =>
  region === allowed || region.startsWith(`${allowed}-`);

const nameOfEcu = (ecu: Ecu): string => (ecu.position === '' ? ecu.type : `${ecu.type} ${ecu.position}`);
const softwareOf = (ecu: Ecu, component: string): string | null =>
  ecu.components.find((candidate) => candidate.name === component)?.softwareVersion ?? null;
const targetsOf = (vehicle: VehicleFacts, artifact: ArtifactFacts): Ecu[] =>
  vehicle.ecus.filter((ecu) => ecu.type === artifact.target.ecuType);

/** Whether every target ECU has the artifact's version already. */
export function satisfied(vehicle: VehicleFacts, artifact: ArtifactFacts): boolean {
  const targets = targetsOf(vehicle, artifact);
  return targets.length > 0 && targets.every((ecu) => hasVersion(ecu, artifact));
}

function hasVersion(ecu: Ecu, artifact: ArtifactFacts): boolean {
  const software = softwareOf(ecu, artifact.target.component);
  return software !== null && sameVersion(software, artifact.version, artifact.versionScheme);
}

/**
 * All reasons why the vehicle can't take the artifact. Where the target ECU type occurs at several positions,
 * all of them must qualify, because one update serves them all; one that has the version already is left as
 * it is. A vehicle where all have it is `already-installed`. An older version than the installed one is refused
 * only where `previousSoftware` says so: going back must be possible, and it is the developer who knows.
 */
export function compatibility(vehicle: VehicleFacts, artifact: ArtifactFacts): Compatibility {
  const reasons: CompatibilityReason[] = [];
  const report: Report = (code, clause, message, expected, actual) =>
    reasons.push({ code, artifactId: artifact.artifactId, clause, message, expected, actual });
  judgeVehicle(vehicle, artifact.requirements, report);
  judgeTargets(vehicle, artifact, report);
  judgeDependencies(vehicle, artifact.requirements, report);
  if (satisfied(vehicle, artifact)) {
    const { ecuType, component } = artifact.target;
    report(
      'already-installed',
      'version',
      `${ecuType}/${component} has version ${artifact.version} already`,
      `another version than ${artifact.version}`,
      artifact.version,
    );
  }
  return { compatible: reasons.length === 0, reasons };
}

function judgeVehicle(vehicle: VehicleFacts, needs: Requirements, report: Report): void {
  if (vehicle.decommissioned)
    report('decommissioned', 'vehicle', 'the vehicle is decommissioned', 'in use', 'decommissioned');
  if (needs.regions.length > 0 && !needs.regions.some((region) => regionCovers(region, vehicle.region)))
    report(
      'region',
      'regions',
      `not approved for region ${vehicle.region}`,
      needs.regions.join(', '),
      vehicle.region,
    );
  if (needs.models.length > 0 && !needs.models.includes(vehicle.model))
    report('model', 'models', `not for model ${vehicle.model}`, needs.models.join(', '), vehicle.model);
  if (needs.variants.length > 0 && !needs.variants.includes(vehicle.variant))
    report(
      'variant',
      'variants',
      `not for variant ${vehicle.variant === '' ? '(none)' : vehicle.variant}`,
      needs.variants.join(', '),
      vehicle.variant,
    );
}

function judgeTargets(vehicle: VehicleFacts, artifact: ArtifactFacts, report: Report): void {
  const { ecuType, component } = artifact.target;
  const targets = targetsOf(vehicle, artifact);
  if (targets.length === 0)
    report('target-ecu-missing', 'target', `the vehicle has no ECU ${ecuType}`, ecuType, null);
  for (const ecu of targets) {
    const software = softwareOf(ecu, component);
    if (software === null)
      report(
        'target-component-missing',
        'target',
        `${nameOfEcu(ecu)} has no component ${component}`,
        component,
        ecu.components.map((one) => one.name).join(', '),
      );
    judgeHardware(ecu, artifact.requirements, report);
    const { previousSoftware } = artifact.requirements;
    if (software === null || previousSoftware === null || hasVersion(ecu, artifact)) continue;
    judgeSoftware(
      software,
      previousSoftware,
      'previous-software',
      'previousSoftware',
      `${nameOfEcu(ecu)}/${component}`,
      report,
    );
  }
}

function judgeHardware(ecu: Ecu, needs: Requirements, report: Report): void {
  if (needs.hardware.length === 0) return;
  const { part, version } = ecu.hardware;
  const fitting = needs.hardware.filter((entry) => entry.part === part);
  if (fitting.length === 0) {
    const parts = [...new Set(needs.hardware.map((entry) => entry.part))].join(', ');
    report('hardware-part', 'hardware', `${nameOfEcu(ecu)} has hardware part ${part}`, parts, part);
    return;
  }
  const sets = fitting.flatMap((entry) => (entry.versions === null ? [] : [entry.versions]));
  if (sets.length < fitting.length || sets.some((set) => matchVersion(version, set).matches)) return;
  report(
    'hardware-version',
    'hardware',
    `${nameOfEcu(ecu)} has version ${version} of hardware part ${part}`,
    sets.map(describeConstraint).join(' or '),
    version,
  );
}

function judgeSoftware(
  version: string,
  constraint: VersionConstraint,
  code: CompatibilityCode,
  clause: CompatibilityReason['clause'],
  where: string,
  report: Report,
): void {
  const match = matchVersion(version, constraint);
  if (match.matches) return;
  const why = {
    outside: '',
    'version-not-semver': ', which is not a semantic version and so in no range',
    'invalid-range': '; the required range can not be read',
  }[match.why];
  report(code, clause, `${where} has version ${version}${why}`, describeConstraint(constraint), version);
}

function judgeDependencies(vehicle: VehicleFacts, needs: Requirements, report: Report): void {
  for (const { ecuType, component, software } of needs.dependencies) {
    const where = `${ecuType}/${component}`;
    const others = vehicle.ecus.filter((ecu) => ecu.type === ecuType);
    const missing = others.length === 0 || others.some((ecu) => softwareOf(ecu, component) === null);
    if (missing)
      report(
        'dependency-missing',
        'dependencies',
        `the vehicle has no ${where}`,
        `${where} ${describeConstraint(software)}`,
        null,
      );
    for (const ecu of others) {
      const installed = softwareOf(ecu, component);
      if (installed !== null)
        judgeSoftware(
          installed,
          software,
          'dependency-version',
          'dependencies',
          `${nameOfEcu(ecu)}/${component}`,
          report,
        );
    }
  }
}
