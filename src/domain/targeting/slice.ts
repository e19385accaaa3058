import type { ArtifactTarget } from '../artifact/events.ts';
import type { TargetSlice } from '../campaign/events.ts';
import type { Ecu } from '../vehicle/events.ts';
import type { ConfigurationFacts } from './evaluate.ts';

type EcuFacts = Pick<Ecu, 'type' | 'hardware' | 'components'>;

/** Hardware and software of a target, as progress is sliced by: `part version`, and the versions installed. */
export function targetTexts(
  ecus: readonly EcuFacts[],
  target: ArtifactTarget | null,
): { readonly hardware: string; readonly software: string } {
  if (target === null) return { hardware: '', software: '' };
  const found = ecus.filter((ecu) => ecu.type === target.ecuType);
  const software = found.flatMap((ecu) =>
    ecu.components.filter(({ name }) => name === target.component).map((one) => one.softwareVersion),
  );
  return {
    hardware: distinct(found.map(({ hardware }) => `${hardware.part} ${hardware.version}`)),
    software: distinct(software),
  };
}

/** Where an ECU type occurs several times, what they differ in is listed. */
const distinct = (texts: readonly string[]): string => [...new Set(texts)].sort().join(', ');

/** What progress is sliced by. @param target of the campaign's first artifact. */
export const sliceOf = (vehicle: ConfigurationFacts, target: ArtifactTarget | null): TargetSlice => {
  const { brand, model, variant, region, timeZone } = vehicle;
  return { brand, model, variant, region, timeZone, ...targetTexts(vehicle.ecus, target) };
};
