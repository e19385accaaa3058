/** What readers see of artifacts, vehicles, campaigns and the fleet. */
import { describe, expect, it } from 'vitest';
import { campaignPolicy } from '../../src/domain/campaign/policy.ts';
import {
  artifactNameStream,
  artifactStream,
  campaignStream,
  rolloutStream,
  shardStream,
  vehicleStream,
} from '../../src/domain/shared/streams.ts';
import { campaigns } from '../../src/projections/campaigns.ts';
import { catalogue } from '../../src/projections/catalogue.ts';
import { fleet } from '../../src/projections/fleet.ts';
import { setAside } from '../../src/projections/set-aside.ts';
import { vehicles } from '../../src/projections/vehicles.ts';
import { vinEnds } from '../../src/projections/vin-ends.ts';
import { Given, TIME } from './fold.ts';
import { described, noRequirements, tcm } from './targeting/support.ts';

const digest = 'a'.repeat(64);

async function release(given: Given, version: string, supersedes: string | null): Promise<void> {
  const artifactId = `tcm@${version}`;
  await given.append(
    artifactStream(artifactId),
    {
      type: 'ArtifactRegistered',
      data: {
        artifactId,
        name: 'tcm',
        version,
        versionScheme: 'semver',
        kind: 'firmware',
        target: { ecuType: 'TCM', component: 'main' },
        releaseType: 'routine',
        releaseNotes: '# New',
        supersedes,
        requirements: { ...noRequirements },
        by: 'ada',
      },
    },
    {
      type: 'FileStored',
      data: {
        artifactId,
        name: 'image.bin',
        size: 3,
        sha256: digest,
        ciphertext: { sha256: digest, size: 19 },
        fileId: '00000000-0000-4000-8000-000000000001',
        wrappedKey: { masterKeyId: 'm1', value: 'c2VjcmV0' },
        by: 'ada',
      },
    },
    {
      type: 'ArtifactValidated',
      data: {
        artifactId,
        checks: [{ name: 'digests', passed: true, detail: '' }],
        tool: 'lab',
        reportDigest: null,
        verdict: 'passed',
        manifestDigest: digest,
        signatures: [],
        by: 'bob',
      },
    },
    {
      type: 'ArtifactReleased',
      data: {
        artifactId,
        manifestDigest: digest,
        signatures: [{ keyId: 'k', alg: 'ed25519', value: 'c2ln' }],
        by: 'bob',
      },
    },
  );
}

describe('artifacts', () => {
  it('show state, files and history, but no keys', async () => {
    const given = new Given();
    await release(given, '1.0.0', null);
    const document = await given.document(catalogue, 'artifacts', 'tcm@1.0.0');
    expect(document).toMatchObject({
      name: 'tcm',
      version: '1.0.0',
      state: 'released',
      revision: 3,
      registeredBy: 'ada',
      files: [{ name: 'image.bin', size: 3, sha256: digest, ciphertext: { size: 19 } }],
      validation: { verdict: 'passed', by: 'bob' },
      release: { by: 'bob' },
    });
    expect(JSON.stringify(document)).not.toContain('c2VjcmV0');
    expect(document?.['history']).toHaveLength(4);
  });

  it('are listed by name with what superseded what', async () => {
    const given = await new Given().append(artifactNameStream('tcm'), {
      type: 'ArtifactNameClaimed',
      data: { name: 'tcm', target: { ecuType: 'TCM', component: 'main' }, by: 'ada' },
    });
    await release(given, '1.0.0', null);
    await release(given, '2.0.0', 'tcm@1.0.0');
    await given.append(artifactStream('tcm@1.0.0'), {
      type: 'ArtifactWithdrawn',
      data: { artifactId: 'tcm@1.0.0', reason: 'bricks', by: 'ada' },
    });
    expect(await given.document(catalogue, 'artifact-names', 'tcm')).toMatchObject({
      versions: [
        { artifactId: 'tcm@1.0.0', state: 'withdrawn', releasedAt: TIME, supersedes: null },
        { artifactId: 'tcm@2.0.0', state: 'released', supersedes: 'tcm@1.0.0' },
      ],
    });
  });
});

async function car(given: Given, vehicleId: string, model = 'X'): Promise<void> {
  await given.append(
    vehicleStream(vehicleId),
    {
      type: 'VehicleRegistered',
      data: { vehicleId, vin: { clear: `VIN${vehicleId}` }, checkDigitValid: false },
    },
    { type: 'VehicleDescribed', data: { vehicleId, description: described({ model }) } },
    {
      type: 'InventoryReported',
      data: { vehicleId, source: 'plant', ecus: [tcm('1.0.0', 'S-1')], report: null },
    },
  );
}

describe('vehicles', () => {
  it('are as last known, with every inventory they had', async () => {
    const given = new Given();
    await car(given, 'A');
    await given.append(
      vehicleStream('A'),
      {
        type: 'EcuReplaced',
        data: {
          vehicleId: 'A',
          type: 'TCM',
          position: '',
          removedSerial: 'S-1',
          installed: tcm('2.0.0', 'S-2'),
          source: 'workshop',
        },
      },
      {
        type: 'TcuEpochOpened',
        data: { vehicleId: 'A', epoch: { tcu: 'T-1', reset: 0 }, closes: null, cause: 'first-contact' },
      },
      { type: 'CredentialIssued', data: { vehicleId: 'A', generation: 2, fleetSecretId: 'f1' } },
      { type: 'ServiceFlagged', data: { vehicleId: 'A', code: 'brakes', reason: 'worn' } },
    );
    const model = await given.fold(vehicles);
    const document = await model.get('vehicles', 'A');
    expect(document).toMatchObject({
      vin: 'VINA',
      checkDigitValid: false,
      model: 'X',
      region: 'DE',
      ecus: [tcm('2.0.0', 'S-2')],
      inventorySource: 'plant',
      epoch: { tcu: 'T-1', reset: 0 },
      credential: { generation: 2 },
      serviceFlags: ['brakes'],
      decommissioned: false,
      registeredAt: TIME,
      revision: 6,
    });
    expect(JSON.stringify(document)).not.toContain('f1');
    const history = await model.find('inventory-history', {
      where: { vehicleId: 'A' },
      sort: { field: 'id', descending: true },
      limit: 10,
    });
    expect(history.items.map(({ revision, ecus }) => [revision, ecus])).toEqual([
      [3, [tcm('2.0.0', 'S-2')]],
      [2, [tcm('1.0.0', 'S-1')]],
    ]);
  });

  it('keep a sealed VIN out', async () => {
    const given = await new Given().append(vehicleStream('P'), {
      type: 'VehicleRegistered',
      data: { vehicleId: 'P', vin: { sealed: 'c2VhbGVk', keyId: 'k' }, checkDigitValid: true },
    });
    await given.append(vehicleStream('P'), {
      type: 'VehicleDescribed',
      data: { vehicleId: 'P', description: described() },
    });
    const document = await given.document(vehicles, 'vehicles', 'P');
    expect(document).toMatchObject({ vin: null, model: 'X' });
    expect(JSON.stringify(document)).not.toContain('c2VhbGVk');
    expect(await given.document(vinEnds, 'vin-ends', 'P')).toBeNull();
  });
});

describe('campaigns', () => {
  const campaignId = 'spring';
  const planId = '00000000-0000-4000-8000-000000000001';
  const stream = campaignStream(campaignId);
  const gate = { successPercent: 90, failurePercent: 5, soak_s: 0, confirm: true };
  const policy = campaignPolicy.parse({
    artifacts: ['tcm@2.0.0'],
    waves: [
      { name: 'pilot', size: { percent: 10 }, gate },
      { name: 'all', size: { rest: true }, gate },
    ],
  });
  const counters = { targets: 1, succeeded: 1, failed: 0, excused: 0, inFlight: 0, waiting: 0 };

  it('show policy, targets, waves with their gates, and who decided what and why', async () => {
    const given = await new Given().append(
      stream,
      { type: 'CampaignCreated', data: { campaignId, title: 'Spring', purpose: '', policy, by: 'ada' } },
      { type: 'TargetingDefined', data: { campaignId, planId, query: 'model==X', by: 'ada' } },
    );
    expect(await given.document(campaigns, 'campaigns', campaignId)).toMatchObject({
      state: 'targeting-defined',
      targets: null,
    });
    await given.append(
      stream,
      {
        type: 'TargetsFrozen',
        data: {
          campaignId,
          planId,
          query: 'model==X',
          targets: 3,
          incompatible: 1,
          reasons: [{ code: 'region', vehicles: 1 }],
          waves: [1, 2],
          shards: [3],
          digest,
          lastEventId: null,
        },
      },
      { type: 'CampaignApproved', data: { campaignId, planDigest: digest, note: '', by: 'bob' } },
      { type: 'CampaignStarted', data: { campaignId, planDigest: digest, cause: null } },
      { type: 'WaveReleased', data: { campaignId, wave: 1, cause: null } },
      {
        type: 'GateDecided',
        data: {
          campaignId,
          wave: 1,
          outcome: 'awaiting-confirmation',
          reason: 'confirm',
          counters,
          soakUntil: null,
          cause: null,
        },
      },
    );
    expect(await given.document(campaigns, 'campaigns', campaignId)).toMatchObject({
      state: 'running',
      query: 'model==X',
      targets: { targets: 3, incompatible: 1, reasons: [{ code: 'region', vehicles: 1 }] },
      approval: { by: 'bob' },
      releasedWave: 1,
      waves: [
        { wave: 1, name: 'pilot', state: 'awaiting-confirmation', gate: { counters } },
        { wave: 2, name: 'all', state: 'planned', gate: null },
      ],
      revision: 6,
    });
    await given.append(
      stream,
      { type: 'WaveConfirmed', data: { campaignId, wave: 1, note: '', by: 'ada' } },
      { type: 'CampaignPaused', data: { campaignId, reason: 'too hot', code: 'operator', cause: null } },
    );
    const document = await given.document(campaigns, 'campaigns', campaignId);
    expect(document).toMatchObject({
      state: 'paused',
      reason: 'too hot',
      pause: { code: 'operator' },
      waves: [{ state: 'confirmed' }, { state: 'planned' }],
    });
    expect(document?.['decisions']).toContainEqual({
      type: 'CampaignPaused',
      at: TIME,
      by: 'ada',
      reason: 'too hot',
    });
  });
});

describe('the fleet', () => {
  it('is counted by brand, model, region and state in campaigns, without vehicles out of use', async () => {
    const given = new Given();
    await car(given, 'A');
    await car(given, 'B', 'constructor');
    await car(given, 'C');
    const move = { wave: 1, slice: 0, attempt: 1, offer: 1, from: 'waiting', to: 'downloading' } as const;
    const report = { epoch: { tcu: 'T', reset: 0 }, seq: 1, sentAt: null };
    await given.append(rolloutStream('spring', 1), {
      type: 'DownloadStarted',
      data: { vehicleId: 'A', ...move, report, receivedAt: TIME },
    });
    await given.append(
      vehicleStream('C'),
      { type: 'VehicleDescribed', data: { vehicleId: 'C', description: described({ region: 'FR' }) } },
      { type: 'VehicleDecommissioned', data: { vehicleId: 'C', reason: 'sold', at: TIME } },
    );
    const model = await given.fold(fleet);
    expect(await model.get('fleet', 'byModel')).toMatchObject({ counts: { X: 1, constructor: 1 } });
    expect(await model.get('fleet', 'byRegion')).toMatchObject({ counts: { DE: 2 } });
    expect(await model.get('fleet', 'byBrand')).toMatchObject({ counts: { Acme: 2 } });
    expect(await model.get('fleet', 'byAssignment')).toMatchObject({ counts: { downloading: 1, none: 1 } });
  });
});

it('messages that were set aside are kept whole', async () => {
  const data = {
    shard: 3,
    vehicleId: 'A',
    channel: 'feedback',
    code: 'unparseable',
    reason: 'no JSON',
    raw: 'e30=',
    report: null,
    receivedAt: TIME,
  } as const;
  const given = await new Given().append(shardStream(3), { type: 'ReportSetAside', data });
  const { items } = await (await given.fold(setAside)).find('set-aside', {
    where: { code: 'unparseable' },
    limit: 10,
  });
  expect(items).toMatchObject([data]);
});
