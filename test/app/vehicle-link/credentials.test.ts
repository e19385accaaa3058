import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts';
import type { EventStore } from '../../../src/app/ports/event-store.ts';
import type { KeyRing } from '../../../src/app/ports/keys.ts';
import { createCredentialCheck, vehiclePassword } from '../../../src/app/vehicle-link/credentials.ts';
import { vehicleStream } from '../../../src/domain/shared/streams.ts';

const secrets = new Map([
  ['old', { id: 'old', key: Buffer.alloc(32, 1) }],
  ['new', { id: 'new', key: Buffer.alloc(32, 2) }],
]);
const fleetSecrets: KeyRing = {
  current: { id: 'new', key: Buffer.alloc(32, 2) },
  get: (id) => secrets.get(id) ?? null,
};
const passwordOf = (secretId: string, generation: number, vehicleId = 'V1'): string =>
  vehiclePassword(secrets.get(secretId)?.key ?? Buffer.alloc(32), vehicleId, generation);

let store: EventStore;
let revision: number;
beforeEach(() => {
  store = createMemoryEventStore();
  revision = -1;
});

async function record(type: string, data: object, schemaVersion = 1): Promise<void> {
  await store.append([
    {
      stream: vehicleStream('V1'),
      expectedRevision: revision++,
      events: [{ id: randomUUID(), type, schemaVersion, data: { vehicleId: 'V1', ...data } }],
      metadata: {
        actor: { kind: 'person', id: 'ada' },
        time: '2026-01-01T00:00:00.000Z',
        correlationId: randomUUID(),
        causationId: null,
        source: 'http',
      },
    },
  ]);
}
const issue = (generation: number, fleetSecretId = 'new') =>
  record('CredentialIssued', { generation, fleetSecretId });
const check = (secret: string, vehicleId = 'V1') =>
  createCredentialCheck({ store, fleetSecrets })(vehicleId, secret);

describe('the credential of a vehicle', () => {
  it('is the password of the generation issued last', async () => {
    expect(await check(passwordOf('new', 1))).toBe(false);
    await issue(1);
    expect(await check(passwordOf('new', 1))).toBe(true);
    expect(await check(passwordOf('new', 2))).toBe(false);
    expect(await check(passwordOf('new', 1), 'V2')).toBe(false);
    expect(await check('')).toBe(false);
    await issue(2);
    expect(await check(passwordOf('new', 1))).toBe(false);
    expect(await check(passwordOf('new', 2))).toBe(true);
  });

  it('of an older fleet secret counts as long as that secret is in the ring', async () => {
    await issue(1, 'old');
    expect(await check(passwordOf('old', 1))).toBe(true);
    expect(await check(passwordOf('new', 1))).toBe(false);
    await issue(2, 'gone');
    expect(await check(passwordOf('gone', 2))).toBe(false);
  });

  it('ends when it is revoked, and only the one that was revoked', async () => {
    await issue(1);
    await issue(2);
    await record('CredentialRevoked', { generation: 1, reason: 'late' });
    expect(await check(passwordOf('new', 2))).toBe(true);
    await record('CredentialRevoked', { generation: 2, reason: 'stolen' });
    expect(await check(passwordOf('new', 2))).toBe(false);
    await issue(3);
    expect(await check(passwordOf('new', 3))).toBe(true);
  });

  it('ends when the vehicle is decommissioned', async () => {
    await issue(1);
    await record('VehicleDecommissioned', { reason: 'scrapped', at: '2026-01-01T00:00:00.000Z' });
    expect(await check(passwordOf('new', 1))).toBe(false);
  });

  it('is not believed when a newer version has written about it', async () => {
    await issue(1);
    await record('CredentialRevoked', { generation: 1, reason: '' }, 99);
    expect(await check(passwordOf('new', 1))).toBe(false);
  });
});
