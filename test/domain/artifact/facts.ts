import type { z } from 'zod';
import type { ArtifactFacts, VehicleFacts } from '../../../src/domain/artifact/compatibility.ts';
import { type Requirements, requirements } from '../../../src/domain/artifact/events.ts';
import { type Ecu, ecu } from '../../../src/domain/vehicle/events.ts';

export const tcm = (software = '1.4.0', extra: Partial<z.input<typeof ecu>> = {}): Ecu =>
  ecu.parse({
    type: 'TCM',
    hardware: { part: 'HW-7', version: '2.0.0' },
    components: [{ softwareVersion: software }],
    ...extra,
  });

export const vehicle = (changes: Partial<VehicleFacts> = {}): VehicleFacts => ({
  brand: 'Aurora',
  model: 'X1',
  variant: 'long',
  region: 'DE-BY',
  ecus: [tcm()],
  decommissioned: false,
  ...changes,
});

export const artifact = (
  needs: Partial<z.input<typeof requirements>> = {},
  changes: Partial<ArtifactFacts> = {},
): ArtifactFacts => ({
  artifactId: 'tcm-main@2.0.0',
  version: '2.0.0',
  versionScheme: 'semver',
  target: { ecuType: 'TCM', component: 'main' },
  requirements: requirements.parse(needs) satisfies Requirements,
  ...changes,
});
