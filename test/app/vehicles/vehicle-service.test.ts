import { describe, expect, it, vi } from 'vitest';
import type { VehicleApi } from '../../../src/api/services.ts';
import { vinIdentity } from '../../../src/app/vehicles/identity.ts';
import { createVehicleService } from '../../../src/app/vehicles/vehicle-service.ts';
import type { ArtifactFacts } from '../../../src/domain/artifact/compatibility.ts';
import { requirements } from '../../../src/domain/artifact/events.ts';
import { createWorld, envelope, input, keyed, keyRing, pseudonyms, tcm, vinOf } from './world.ts';

const artifact = (version: string, needs: object = {}, ecuType = 'TCM'): ArtifactFacts => ({
  artifactId: `${ecuType.toLowerCase()}-main@${version}`,
  version,
  versionScheme: 'semver',
  target: { ecuType, component: 'main' },
  requirements: requirements.parse(needs),
});

describe('what the API needs', () => {
  it('is what the service gives', () => {
    const api: VehicleApi = createWorld().service;
    expect(Object.keys(api)).toContain('importRows');
  });
});

describe('putting a vehicle', () => {
  it('registers it, then describes it anew', async () => {
    const { service, typesOf } = createWorld();
    const first = await service.put(input(1), envelope);
    expect(first).toMatchObject({ vehicleId: vinOf(1), outcome: { ok: true, revision: 2 } });
    expect(await service.put(input(1), envelope)).toMatchObject({ outcome: { ok: true, events: [] } });
    await service.put(input(1, { region: 'AT' }), envelope);
    await service.put(input(1), envelope);
    expect(await typesOf(vinOf(1))).toEqual([
      'VehicleRegistered',
      'VehicleDescribed',
      'InventoryReported',
      'VehicleDescribed',
      'VehicleDescribed',
    ]);
  });

  it('reads nothing for one that is new', async () => {
    const { service, store } = createWorld();
    const read = vi.spyOn(store, 'readStream');
    expect(await service.put(input(1), envelope)).toMatchObject({ outcome: { ok: true, revision: 2 } });
    expect(read).not.toHaveBeenCalled();
    const seen = { ...envelope, expectedRevision: 0 };
    expect(await service.put(input(2), seen)).toMatchObject({
      outcome: { ok: false, rejection: { code: 'revision-mismatch' } },
    });
  });

  it('acts once under one Idempotency-Key', async () => {
    const { service, typesOf } = createWorld();
    await service.put(input(1), keyed('k1'));
    await service.put(input(1, { region: 'AT' }), keyed('k2'));
    expect(await service.put(input(1), keyed('k1'))).toMatchObject({ outcome: { ok: true, events: [] } });
    expect(await typesOf(vinOf(1))).toHaveLength(4);
  });

  it('does not change its ECUs', async () => {
    const { service } = createWorld();
    await service.put(input(1), envelope);
    expect(await service.put({ ...input(1), ecus: [tcm('9.0.0')] }, envelope)).toMatchObject({
      outcome: { ok: false, rejection: { code: 'vehicle-exists' } },
    });
    await service.execute(
      vinOf(1),
      { type: 'ReportInventory', source: 'workshop', ecus: [tcm('9.0.0')], report: null },
      envelope,
    );
    // Both what was built in and what is there now are right.
    for (const software of ['1.0.0', '9.0.0'])
      expect(await service.put({ ...input(1), ecus: [tcm(software)] }, envelope)).toMatchObject({
        outcome: { ok: true, events: [] },
      });
  });

  it('refuses what is no VIN', async () => {
    const { service } = createWorld();
    expect(await service.put({ ...input(1), vin: 'IOQ' }, envelope)).toMatchObject({
      outcome: { ok: false, rejection: { code: 'invalid-vin' } },
    });
  });
});

describe('vehicle ids', () => {
  it('are resolved from VIN or id', async () => {
    const { service } = createWorld();
    await service.put(input(1), envelope);
    expect(await service.resolve(vinOf(1))).toBe(vinOf(1));
    expect(await service.resolve(vinOf(2))).toBeNull();
    expect(await service.resolve('no such id!')).toBeNull();
  });

  it('may be pseudonyms', async () => {
    const { service, store, identity } = createWorld({ identity: pseudonyms() });
    const { vehicleId } = await service.put(input(1), envelope);
    expect(vehicleId).toBe(identity.toVehicleId(vinOf(1)));
    expect(await service.resolve(vinOf(1))).toBe(vehicleId);
    expect(await service.resolve(vehicleId)).toBe(vehicleId);
    expect(await service.vinOf(vehicleId)).toBe(vinOf(1));
    for await (const { events } of store.readAll()) expect(JSON.stringify(events)).not.toContain(vinOf(1));
  });
});

describe('available updates', () => {
  it('are the released artifacts for its ECUs, with reasons', async () => {
    const { service } = createWorld({
      released: [
        artifact('0.9.0', { regions: ['US'] }),
        artifact('2.0.0'),
        artifact('1.0.0'),
        artifact('1.0.0', {}, 'GW'),
      ],
    });
    await service.put(input(1), envelope);
    expect(await service.availableUpdates(vinOf(1))).toMatchObject([
      { artifactId: 'tcm-main@2.0.0', compatible: true, installed: [{ softwareVersion: '1.0.0' }] },
      { artifactId: 'tcm-main@0.9.0', compatible: false, reasons: [{ code: 'region' }] },
      { artifactId: 'tcm-main@1.0.0', compatible: false, satisfied: true },
    ]);
    expect(await service.availableUpdates(vinOf(2))).toEqual([]);
  });
});

describe('credentials', () => {
  it('are issued anew on demand, once per Idempotency-Key', async () => {
    const { service } = createWorld();
    await service.put(input(1), envelope);
    const first = await service.issueCredential(vinOf(1), keyed('k1'));
    const second = await service.issueCredential(vinOf(1), keyed('k2'));
    const repeated = await service.issueCredential(vinOf(1), keyed('k2'));
    expect(first.credential).toMatchObject({ username: vinOf(1), generation: 1 });
    expect(second.credential).toMatchObject({ generation: 2 });
    expect(second.credential?.password).not.toBe(first.credential?.password);
    expect(repeated).toMatchObject({ outcome: { ok: true, events: [] }, credential: second.credential });
  });

  it('of many vehicles are issued where there is none', async () => {
    const { service, typesOf } = createWorld();
    for (const n of [1, 2, 3]) await service.put(input(n), envelope);
    const { credential } = await service.issueCredential(vinOf(2), envelope);
    await service.execute(vinOf(3), { type: 'RevokeCredential', reason: 'x' }, envelope);
    const asked = [vinOf(3), vinOf(1), vinOf(2), vinOf(1)];
    const found = await service.credentials(asked, envelope);
    if (!found.ok) throw new Error('refused');
    expect(found.credentials.map((one) => one.vehicleId)).toEqual(asked);
    expect(found.credentials[2]).toEqual(credential);
    expect(await typesOf(vinOf(1))).toHaveLength(4);
    expect(await service.credentials(asked, envelope)).toEqual(found);
  });

  it('are issued under the new secret when the old one is gone', async () => {
    const { service, runtime } = createWorld({ fleetSecrets: keyRing('old') });
    await service.put(input(1), envelope);
    const before = await service.credentials([vinOf(1)], envelope);
    const renewed = (ring: ReturnType<typeof keyRing>) =>
      createVehicleService({
        runtime,
        identity: vinIdentity,
        fleetSecrets: ring,
        releasedArtifacts: async () => [],
      }).credentials([vinOf(1)], envelope);
    expect(await renewed(keyRing('new', 'old'))).toEqual(before);
    expect(await renewed(keyRing('new'))).toMatchObject({ credentials: [{ generation: 2 }] });
  });

  it('are refused for unknown and decommissioned vehicles, by name', async () => {
    const { service } = createWorld();
    await service.put(input(1), envelope);
    await service.put(input(2), envelope);
    await service.execute(vinOf(2), { type: 'DecommissionVehicle', reason: 'scrapped' }, envelope);
    expect(await service.credentials([vinOf(1), vinOf(3)], envelope)).toMatchObject({
      ok: false,
      rejection: { code: 'vehicle-not-found', details: { vehicleId: vinOf(3) } },
    });
    expect(await service.credentials([vinOf(2)], envelope)).toMatchObject({
      ok: false,
      rejection: { code: 'vehicle-decommissioned' },
    });
    expect(await service.issueCredential(vinOf(3), envelope)).toMatchObject({
      outcome: { ok: false },
      credential: null,
    });
  });

  it('are the same for two callers at once', async () => {
    const { service } = createWorld();
    await service.put(input(1), envelope);
    const [a, b] = await Promise.all([
      service.credentials([vinOf(1)], envelope),
      service.credentials([vinOf(1)], envelope),
    ]);
    expect(a).toEqual(b);
    expect(a).toMatchObject({ ok: true, credentials: [{ generation: 1 }] });
  });
});
