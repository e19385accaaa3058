import { describe, expect, it } from 'vitest';
import { createPseudonymIdentity, vehicleIdOf, vinIdentity } from '../../../src/app/vehicles/identity.ts';
import { vehicleId } from '../../../src/domain/shared/ids.ts';
import { vehicleRegistered } from '../../../src/domain/vehicle/events.ts';
import { pseudonyms, vinOf } from './world.ts';

const vin = vinOf(1);

describe('vehicle ids that are VINs', () => {
  it('keep the VIN in clear', () => {
    expect(vinIdentity.toVehicleId(vin)).toBe(vin);
    expect(vinIdentity.reveal(vinIdentity.store(vin))).toBe(vin);
    expect(vehicleIdOf(vinIdentity, vin)).toBe(vin);
  });
});

describe('vehicle ids that are pseudonyms', () => {
  const identity = pseudonyms();
  const id = identity.toVehicleId(vin);

  it('are 26 capital letters and digits, always the same', () => {
    expect(id).toMatch(/^[A-Z2-7]{26}$/);
    expect(vehicleId.parse(id)).toBe(pseudonyms().toVehicleId(vin));
    expect(id).not.toBe(identity.toVehicleId(vinOf(2)));
  });

  it('use all bits of the digest', () => {
    const seen = Array.from({ length: 26 }, () => new Set<string>());
    for (let n = 0; n < 400; n++)
      for (const [at, letter] of [...identity.toVehicleId(vinOf(n))].entries()) seen[at]?.add(letter);
    for (const letters of seen) expect(letters.size).toBe(32);
  });

  it('need a key that can not be guessed', () => {
    expect(() =>
      createPseudonymIdentity(new Uint8Array(16), {
        keyFor: () => ({ id: '', key: new Uint8Array(32) }),
        get: () => null,
      }),
    ).toThrow('32 bytes');
  });

  it('are found by VIN and by id', () => {
    expect(vehicleIdOf(identity, vin)).toBe(id);
    expect(vehicleIdOf(identity, id)).toBe(id);
  });

  it('seal the VIN, each time anew', () => {
    const stored = identity.store(vin);
    expect(JSON.stringify(stored)).not.toContain(vin);
    expect(stored).not.toEqual(identity.store(vin));
    expect(vehicleRegistered.schema.shape.vin.parse(stored)).toEqual(stored);
    expect(identity.reveal(stored)).toBe(vin);
  });

  it('forget the VIN with its key, and keep the id', () => {
    const stored = identity.store(vin);
    const later = pseudonyms(new Set([`vin-${id}`]));
    expect(later.reveal(stored)).toBeNull();
    expect(later.toVehicleId(vin)).toBe(id);
  });

  it('notice a changed seal, key name or length', () => {
    const stored = identity.store(vin);
    if (!('sealed' in stored)) throw new Error('not sealed');
    const bytes = Buffer.from(stored.sealed, 'base64');
    bytes[14] = (bytes[14] ?? 0) ^ 1;
    expect(() => identity.reveal({ ...stored, sealed: bytes.toString('base64') })).toThrow('altered');
    expect(() => identity.reveal({ ...stored, keyId: 'vin-other' })).toThrow('altered');
    expect(() => identity.reveal({ ...stored, sealed: 'AAAA' })).toThrow('cut short');
  });
});
