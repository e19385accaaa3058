/** Two artifacts with real bytes: registered and uploaded by one person, validated and released by another. */
import { createHash } from 'node:crypto';
import { createRandom } from '../simulator/random.ts';
import type { ApiClient } from './api-client.ts';
import { APPROVED_REGIONS } from './fleet-plan.ts';

const KIB = 1024;
const FULL_KIB = 384;
const LEAST_KIB = 64;
/** From this fleet size on the files shrink, so that the demo measures campaigns and not AES. */
const FULL_SIZE_UP_TO = 500;

interface Plan {
  readonly id: string;
  readonly registration: object;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export const ARTIFACTS = ['tcm-firmware@2.1.0', 'adas-vision@1.4.0'] as const;

function plans(kib: number): readonly Plan[] {
  return [
    {
      id: ARTIFACTS[0],
      registration: {
        kind: 'firmware',
        target: { ecuType: 'TCM', component: 'main' },
        releaseType: 'routine',
        releaseNotes: '# 2.1.0\nSmoother shifting, and a shorter start in the cold.',
        requirements: {
          hardware: [
            { part: 'TCM-100', versions: { range: '>=1.0.0 <2.0.0' } },
            { part: 'TCM-110', versions: null },
          ],
          previousSoftware: { range: '>=2.0.0 <2.1.0' },
          regions: APPROVED_REGIONS,
        },
      },
      files: [
        { name: 'tcm.bin', bytes: kib * KIB + 77 },
        { name: 'calibration.bin', bytes: 8 * KIB },
      ],
    },
    {
      id: ARTIFACTS[1],
      registration: {
        kind: 'application',
        target: { ecuType: 'ADAS', component: 'main' },
        releaseType: 'routine',
        releaseNotes: '# 1.4.0\nSees cyclists earlier.',
        requirements: {
          hardware: [{ part: 'ADAS-X', versions: null }],
          regions: APPROVED_REGIONS,
          dependencies: [{ ecuType: 'GW', component: 'main', software: { range: '>=5.0.0' } }],
        },
      },
      files: [{ name: 'vision.bin', bytes: (kib / 2) * KIB + 13 }],
    },
  ];
}

function randomBytes(seed: number, size: number): Buffer {
  const random = createRandom(seed);
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
  return bytes;
}

/** @returns bytes a vehicle downloads. */
export async function uploadArtifacts(developer: ApiClient, seed: number, vehicles: number): Promise<number> {
  const kib = Math.max(LEAST_KIB, Math.round(FULL_KIB * Math.min(1, FULL_SIZE_UP_TO / vehicles)));
  let total = 0;
  for (const [number, { id, registration, files }] of plans(kib).entries()) {
    await developer.request('PUT', `/v1/artifacts/${id}`, { body: registration });
    for (const [part, file] of files.entries()) {
      const bytes = randomBytes(seed * 16 + number * 8 + part, file.bytes);
      total += bytes.length;
      const digest = createHash('sha256').update(bytes).digest('base64');
      const headers = {
        'content-type': 'application/octet-stream',
        'content-digest': `sha-256=:${digest}:`,
      };
      await developer.request('PUT', `/v1/artifacts/${id}/files/${file.name}`, { raw: { bytes, headers } });
    }
  }
  return total;
}

/** Needs the fleet to be registered: a validation checks that the requirements match at least one known ECU. */
export async function releaseArtifacts(validator: ApiClient): Promise<void> {
  for (const id of ARTIFACTS) {
    const body = { tool: 'demo-bench 1.0', toolVerdict: 'passed' };
    await validator.request('POST', `/v1/artifacts/${id}/validate`, { body });
    await validator.request('POST', `/v1/artifacts/${id}/release`, { body: {} });
  }
}
