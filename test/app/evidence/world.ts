/** A log with one artifact, one campaign and two vehicles in the same shard, as a run leaves it. */
import { generateKeyPairSync } from 'node:crypto';
import { createEd25519Signer } from '../../../src/adapters/signing/ed25519/signer.ts';
import { createEvidenceService } from '../../../src/app/evidence/evidence-service.ts';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { shardOf } from '../../../src/domain/shared/shard.ts';
import {
  artifactStream,
  campaignStream,
  rolloutStream,
  targetsStream,
  vehicleStream,
} from '../../../src/domain/shared/streams.ts';
import { Given, TIME } from '../../projections/fold.ts';

export const VEHICLE = 'WFW00000000000001';
export const OTHER = Array.from({ length: 500 }, (_, n) => `WFW9${String(n).padStart(13, '0')}`).find(
  (id) => shardOf(id) === shardOf(VEHICLE),
) as string;
export const ARTIFACT = 'tcm-main@2.0.0';
export const CAMPAIGN = 'spring';
export const SHARD = shardOf(VEHICLE);
const planId = '00000000-0000-4000-8000-0000000000aa';
const sha = (digit: string): string => digit.repeat(64);

const ecu = (softwareVersion: string) => ({
  type: 'TCM',
  position: '',
  serial: 'S1',
  hardware: { part: 'TCM-7', version: '2' },
  components: [{ name: 'main', part: '', softwareVersion }],
});

const artifactEvents: readonly DomainEvent[] = [
  {
    type: 'ArtifactRegistered',
    data: {
      artifactId: ARTIFACT,
      name: 'tcm-main',
      version: '2.0.0',
      versionScheme: 'semver',
      kind: 'firmware',
      target: { ecuType: 'TCM', component: 'main' },
      releaseType: 'routine',
      releaseNotes: 'Smoother gear changes.',
      supersedes: null,
      requirements: {
        hardware: [{ part: 'TCM-7', versions: null }],
        previousSoftware: { range: '<2.0.0' },
        regions: ['DE'],
        models: [],
        variants: [],
        dependencies: [],
      },
      by: 'ada',
    },
  },
  {
    type: 'FileStored',
    data: {
      artifactId: ARTIFACT,
      name: 'tcm.bin',
      size: 3,
      sha256: sha('1'),
      ciphertext: { sha256: sha('2'), size: 19 },
      fileId: '00000000-0000-4000-8000-0000000000f1',
      wrappedKey: { masterKeyId: 'm1', value: 'c2VjcmV0' },
      by: 'ada',
    },
  },
  {
    type: 'ArtifactValidated',
    data: {
      artifactId: ARTIFACT,
      checks: [{ name: 'digests', passed: true, detail: 'ok' }],
      tool: 'bench-rig 3',
      reportDigest: null,
      verdict: 'passed',
      manifestDigest: sha('3'),
      signatures: [],
      by: 'bob',
    },
  },
  {
    type: 'ArtifactReleased',
    data: {
      artifactId: ARTIFACT,
      manifestDigest: sha('3'),
      signatures: [{ keyId: 'k', alg: 'ed25519', value: 'AAAA' }],
      by: 'bob',
    },
  },
];

const campaignEvents: readonly DomainEvent[] = [
  {
    type: 'CampaignCreated',
    data: {
      campaignId: CAMPAIGN,
      title: 'Spring',
      purpose: 'Fewer jerks in second gear.',
      by: 'ada',
      policy: {
        artifacts: [ARTIFACT],
        waves: [
          {
            name: 'all',
            size: { rest: true },
            gate: { successPercent: 90, failurePercent: 10, soak_s: 0, confirm: false },
          },
        ],
        maxAttempts: 3,
        attemptTimeout_s: 3600,
        offerValid_s: 3600,
        retryDelay_s: 60,
        window: null,
        startAt: null,
        endAt: null,
        offersPerMinute: null,
        maxInFlight: null,
        preconditions: [{ name: 'battery', op: 'ge', value: 50 }],
        consentTextKey: 'spring-2027',
      },
    },
  },
  { type: 'TargetingDefined', data: { campaignId: CAMPAIGN, planId, query: 'model==X', by: 'ada' } },
];

const started: readonly DomainEvent[] = [
  {
    type: 'TargetsFrozen',
    data: {
      campaignId: CAMPAIGN,
      planId,
      query: 'model==X',
      targets: 2,
      incompatible: 1,
      reasons: [{ code: 'region', vehicles: 1 }],
      waves: [2],
      shards: Array.from({ length: 64 }, (_, shard) => (shard === SHARD ? 2 : 0)),
      digest: sha('4'),
      lastEventId: null,
    },
  },
  {
    type: 'CampaignApproved',
    data: { campaignId: CAMPAIGN, planDigest: sha('5'), note: 'looks right', by: 'bob' },
  },
  { type: 'CampaignStarted', data: { campaignId: CAMPAIGN, planDigest: sha('5'), cause: null } },
];

const base = (vehicleId: string) => ({ vehicleId, wave: 1, slice: 0, attempt: 1, offer: 1 });
const reported = (vehicleId: string, seq: number) => ({
  ...base(vehicleId),
  report: { epoch: { tcu: 'T', reset: 0 }, seq, sentAt: null },
  receivedAt: TIME,
});
export const offered = (vehicleId: string): DomainEvent => ({
  type: 'UpdateOffered',
  data: {
    ...base(vehicleId),
    from: 'waiting',
    to: 'offered',
    at: TIME,
    validUntil: TIME,
    vehicleRevision: 2,
  },
});
const succeeded = (vehicleId: string): DomainEvent => ({
  type: 'UpdateSucceeded',
  data: {
    ...reported(vehicleId, 3),
    from: 'accepted',
    to: 'succeeded',
    ecus: [
      {
        artifactId: ARTIFACT,
        ecuType: 'TCM',
        position: '',
        component: 'main',
        softwareVersion: '2.0.0',
        manifestDigest: sha('3'),
        result: 'installed',
        code: '',
      },
    ],
  },
});
const accepted = (vehicleId: string): DomainEvent => ({
  type: 'UpdateAccepted',
  data: { ...reported(vehicleId, 2), from: 'offered', to: 'accepted', deadline: TIME },
});
const inventory = (vehicleId: string, version: string, source: 'plant' | 'ota'): DomainEvent => ({
  type: 'InventoryReported',
  data: { vehicleId, source, ecus: [ecu(version)], report: null },
});

async function registered(given: Given, vehicleId: string): Promise<void> {
  const description = {
    brand: 'B',
    model: 'X',
    variant: '',
    region: 'DE',
    timeZone: 'UTC',
    tags: [],
    buildDate: null,
  };
  await given.append(
    vehicleStream(vehicleId),
    { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
    { type: 'VehicleDescribed', data: { vehicleId, description } },
    inventory(vehicleId, '1.4.0', 'plant'),
  );
}

export async function givenRun(): Promise<Given> {
  const given = new Given();
  for (const event of artifactEvents) await given.append(artifactStream(ARTIFACT), event);
  for (const vehicleId of [VEHICLE, OTHER]) await registered(given, vehicleId);
  for (const event of campaignEvents) await given.append(campaignStream(CAMPAIGN), event);
  const at = { campaignId: CAMPAIGN, shard: SHARD, planId };
  const slice = {
    brand: 'B',
    model: 'X',
    variant: '',
    region: 'DE',
    timeZone: 'UTC',
    hardware: 'TCM-7 2',
    software: '1.4.0',
  };
  await given.append(
    targetsStream(CAMPAIGN, SHARD),
    { type: 'TargetsOpened', data: { ...at, lastEventId: null } },
    {
      type: 'TargetsListed',
      data: {
        ...at,
        slices: [slice],
        targets: [
          [VEHICLE, 1, 0, 2, 0],
          [OTHER, 1, 1, 2, 0],
        ],
      },
    },
    { type: 'TargetsClosed', data: { ...at, targets: 2, digest: sha('6') } },
  );
  for (const event of started) await given.append(campaignStream(CAMPAIGN), event);
  // One decision about several vehicles is one append.
  await given.append(rolloutStream(CAMPAIGN, SHARD), offered(VEHICLE), offered(OTHER));
  await given.append(rolloutStream(CAMPAIGN, SHARD), accepted(OTHER));
  await given.append(rolloutStream(CAMPAIGN, SHARD), accepted(VEHICLE));
  await given.append(vehicleStream(VEHICLE), inventory(VEHICLE, '2.0.0', 'ota'));
  await given.append(rolloutStream(CAMPAIGN, SHARD), succeeded(VEHICLE));
  return given;
}

/** Where the events of VEHICLE are in the rollout. */
export const PART = { campaignId: CAMPAIGN, spans: [[0, 4]] } as const;

export const newSigner = () =>
  createEd25519Signer(
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );

export async function openWorld() {
  const given = await givenRun();
  const signer = newSigner();
  const clock = { now: () => Date.parse('2027-02-01T00:00:00.000Z'), sleep: async () => undefined };
  const evidence = createEvidenceService({ store: given.store, signer, clock });
  return { given, signer, evidence, keys: JSON.stringify({ keys: [signer.publicKey] }) };
}
