/** A campaign under way over n vehicles, written straight into a log: what a shard worker needs to offer and decide. */
import { createHash, randomUUID } from 'node:crypto';
import { toNewEvents } from '../../src/app/handle-command.ts';
import type { AppendRequest, EventStore, KeyWrapper } from '../../src/app/ports.ts';
import { artifactDecider, manifestDigestOf } from '../../src/domain/artifact/decide.ts';
import { requirements } from '../../src/domain/artifact/events.ts';
import { campaignPolicy } from '../../src/domain/campaign/policy.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { SHARD_COUNT, shardOf } from '../../src/domain/shared/shard.ts';
import {
  artifactStream,
  campaignStream,
  targetsStream,
  vehicleStream,
} from '../../src/domain/shared/streams.ts';

export const CAMPAIGN = 'spring-2026';
export const ARTIFACT = 'tcm-firmware@2.1.0';
const BY = 'bench';
const FILE = 'image.bin';
const PLAN = '01890a5d-ac96-774b-bcce-b302099a8057';

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
export const vehicleIdOf = (n: number): string => `WFW${String(n).padStart(14, '0')}`;
export const epochOf = (vehicleId: string) => ({ tcu: `T-${vehicleId}`, reset: 0 });

const slice = {
  brand: 'Nova',
  model: 'One',
  variant: '',
  region: 'DE',
  timeZone: 'Europe/Berlin',
  hardware: 'A1/3',
  software: '2.0.0',
};

async function artifactEvents(
  wrapper: KeyWrapper,
): Promise<{ events: DomainEvent[]; manifestDigest: string }> {
  const sha256 = digestOf('image');
  const fileId = randomUUID();
  const value = await wrapper.wrap(new Uint8Array(32), `${ARTIFACT}/${FILE}/${fileId}`);
  const registered: DomainEvent = {
    type: 'ArtifactRegistered',
    data: {
      artifactId: ARTIFACT,
      name: 'tcm-firmware',
      version: '2.1.0',
      versionScheme: 'semver',
      kind: 'firmware',
      target: { ecuType: 'TCM', component: 'main' },
      releaseType: 'routine',
      releaseNotes: '',
      supersedes: null,
      requirements: requirements.parse({}),
      by: BY,
    },
  };
  const stored: DomainEvent = {
    type: 'FileStored',
    data: {
      artifactId: ARTIFACT,
      name: FILE,
      size: 5,
      sha256,
      ciphertext: { sha256, size: 21 },
      fileId,
      wrappedKey: { masterKeyId: wrapper.masterKeyId, value },
      by: BY,
    },
  };
  const state = [registered, stored].reduce(artifactDecider.evolve, artifactDecider.initialState);
  if (state.stage === 'none') throw new Error('the artifact was not registered');
  const manifestDigest = manifestDigestOf(state, digestOf);
  const signatures = [{ keyId: 'bench', alg: 'ed25519' as const, value: 'AAAA' }];
  const checks = [{ name: 'tool' as const, passed: true, detail: 'bench' }];
  const validation = { checks, tool: 'bench', reportDigest: null, verdict: 'passed' as const };
  const base = { artifactId: ARTIFACT, manifestDigest, signatures, by: 'val' };
  return {
    manifestDigest,
    events: [
      registered,
      stored,
      { type: 'ArtifactValidated', data: { ...base, ...validation } },
      { type: 'ArtifactReleased', data: base },
    ],
  };
}

const vehicleEvents = (vehicleId: string): DomainEvent[] => [
  { type: 'VehicleRegistered', data: { vehicleId, vin: { clear: vehicleId }, checkDigitValid: true } },
  {
    type: 'VehicleDescribed',
    data: {
      vehicleId,
      description: {
        brand: slice.brand,
        model: slice.model,
        variant: '',
        region: slice.region,
        timeZone: slice.timeZone,
        tags: [],
        buildDate: null,
      },
    },
  },
  {
    type: 'InventoryReported',
    data: {
      vehicleId,
      source: 'plant',
      ecus: [
        {
          type: 'TCM',
          position: '',
          serial: '',
          hardware: { part: 'A1', version: '3' },
          components: [{ name: 'main', part: '', softwareVersion: slice.software }],
        },
      ],
      report: null,
    },
  },
  {
    type: 'TcuEpochOpened',
    data: { vehicleId, epoch: epochOf(vehicleId), closes: null, cause: 'first-contact' },
  },
];

function campaignEvents(shards: readonly number[]): DomainEvent[] {
  const base = { campaignId: CAMPAIGN };
  const digest = digestOf('plan');
  const targets = shards.reduce((sum, count) => sum + count, 0);
  const gate = { successPercent: 90, failurePercent: 5, soak_s: 0 };
  const policy = campaignPolicy.parse({
    artifacts: [ARTIFACT],
    waves: [{ name: 'all', size: { rest: true }, gate }],
  });
  const plan = { planId: PLAN, query: 'model==One' };
  const frozen = { targets, incompatible: 0, reasons: [], waves: [targets], shards: [...shards], digest };
  return [
    { type: 'CampaignCreated', data: { ...base, title: 'Spring', purpose: '', policy, by: BY } },
    { type: 'TargetingDefined', data: { ...base, ...plan, by: BY } },
    { type: 'TargetsFrozen', data: { ...base, ...plan, ...frozen, lastEventId: null } },
    { type: 'CampaignApproved', data: { ...base, planDigest: digest, note: '', by: 'val' } },
    { type: 'CampaignStarted', data: { ...base, planDigest: digest, cause: null } },
    { type: 'WaveReleased', data: { ...base, wave: 1, cause: null } },
  ];
}

function targetsEvents(shard: number, vehicles: readonly string[]): DomainEvent[] {
  const base = { campaignId: CAMPAIGN, shard, planId: PLAN };
  const targets = vehicles.map((id, rank): [string, number, number, number, number] => [id, 1, rank, 3, 0]);
  const listed: DomainEvent = { type: 'TargetsListed', data: { ...base, slices: [slice], targets } };
  return [
    { type: 'TargetsOpened', data: { ...base, lastEventId: null } },
    ...(targets.length > 0 ? [listed] : []),
    { type: 'TargetsClosed', data: { ...base, targets: targets.length, digest: digestOf('shard') } },
  ];
}

/** Writes it all and gives what vehicles must know to take part. */
export async function seedCampaign(
  store: EventStore,
  wrapper: KeyWrapper,
  vehicles: number,
): Promise<{ readonly vehicleIds: readonly string[]; readonly manifestDigest: string }> {
  const vehicleIds = Array.from({ length: vehicles }, (_, n) => vehicleIdOf(n));
  const byShard = Array.from({ length: SHARD_COUNT }, (): string[] => []);
  for (const id of vehicleIds) byShard[shardOf(id)]?.push(id);
  const metadata = {
    actor: { kind: 'system', id: BY },
    time: new Date().toISOString(),
    correlationId: randomUUID(),
    causationId: null,
    source: 'system',
  } as const;
  const request = (stream: string, events: readonly DomainEvent[]): AppendRequest => ({
    stream,
    expectedRevision: -1,
    events: toNewEvents(events, randomUUID),
    metadata,
  });
  const artifact = await artifactEvents(wrapper);
  const requests = [
    request(artifactStream(ARTIFACT), artifact.events),
    ...vehicleIds.map((id) => request(vehicleStream(id), vehicleEvents(id))),
    ...byShard.map((ids, shard) => request(targetsStream(CAMPAIGN, shard), targetsEvents(shard, ids))),
    request(campaignStream(CAMPAIGN), campaignEvents(byShard.map((ids) => ids.length))),
  ];
  for (let at = 0; at < requests.length; at += 1000) {
    const results = await store.append(requests.slice(at, at + 1000));
    if (results.some(({ status }) => status !== 'appended')) throw new Error('the campaign was not recorded');
  }
  return { vehicleIds, manifestDigest: artifact.manifestDigest };
}

/** What a vehicle says about its first offer from acceptance to health, in order. */
export function reportsOf(vehicleId: string, manifestDigest: string): string[] {
  const ecus = [
    {
      artifactId: ARTIFACT,
      ecuType: 'TCM',
      softwareVersion: '2.1.0',
      manifestDigest,
      result: 'installed',
    },
  ];
  const kinds = [
    { kind: 'accepted' },
    { kind: 'download-started' },
    { kind: 'download-completed' },
    { kind: 'install-started' },
    { kind: 'succeeded', ecus },
    { kind: 'healthy' },
  ];
  const common = { v: 1, epoch: epochOf(vehicleId), sentAt: '2026-03-01T10:00:00.000Z' };
  const about = { campaignId: CAMPAIGN, offer: 1, attempt: 1 };
  return kinds.map((said, i) => JSON.stringify({ ...common, seq: i + 1, ...about, ...said }));
}
