/** What an installation does to a vehicle's ECUs, and how it is told. */
import type { Inventory, Manifest } from '../protocol/messages.ts';
import { type Ecus, manifestDigest, targetsOf } from './verify-offer.ts';

export interface EcuResult {
  readonly artifactId: string;
  readonly ecuType: string;
  readonly position: string;
  readonly component: string;
  /** What the ECU runs now. */
  readonly softwareVersion: string;
  readonly manifestDigest: string | null;
  readonly result: 'installed' | 'unchanged' | 'failed' | 'reverted';
  readonly code: string;
}

type Ecu = Inventory['ecus'][number];

const versionOn = (ecu: Ecu, component: string): string =>
  ecu.components.find(({ name }) => name === component)?.softwareVersion ?? '';

/** Whether every target of the artifact runs its version already. */
export const isInstalled = (ecus: Ecus, manifest: Manifest): boolean =>
  targetsOf(ecus, manifest).every((ecu) => versionOn(ecu, manifest.target.component) === manifest.version);

/** The ECUs after the installation. */
export function install(ecus: Ecus, manifest: Manifest): Ecus {
  const targets = new Set(targetsOf(ecus, manifest));
  return ecus.map((ecu) => {
    if (!targets.has(ecu)) return ecu;
    const components = ecu.components.map((component) =>
      component.name === manifest.target.component
        ? { ...component, softwareVersion: manifest.version }
        : component,
    );
    return { ...ecu, components };
  });
}

/** One result per ECU that the artifact is for, from what the ECUs run now. */
export function ecuResults(ecus: Ecus, manifest: Manifest, result: EcuResult['result']): EcuResult[] {
  const runs = result === 'installed' || result === 'unchanged';
  return targetsOf(ecus, manifest).map((ecu) => ({
    artifactId: manifest.artifactId,
    ecuType: ecu.type,
    position: ecu.position,
    component: manifest.target.component,
    softwareVersion: versionOn(ecu, manifest.target.component),
    manifestDigest: runs ? manifestDigest(manifest) : null,
    result,
    code: '',
  }));
}
