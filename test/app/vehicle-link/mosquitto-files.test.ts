import { pbkdf2Sync, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../src/app/ports/event-store.ts';
import type { KeyRing } from '../../../src/app/ports/keys.ts';
import { currentCredential, vehiclePassword } from '../../../src/app/vehicle-link/credentials.ts';
import {
  createMosquittoUsers,
  passwordLine,
  renderAcl,
} from '../../../src/app/vehicle-link/mosquitto-files.ts';
import { vehicleStream } from '../../../src/domain/shared/streams.ts';

const secret = { id: 's', key: Buffer.alloc(32, 7) };
const fleetSecrets: KeyRing = { current: secret, get: (id) => (id === 's' ? secret : null) };
const serviceUsers = [{ name: 'fleetwave', password: 'p' }];
const newUsers = () => createMosquittoUsers({ fleetSecrets, serviceUsers });

const event = (vehicleId: string, type: string, data: object, schemaVersion = 1): RecordedEvent => ({
  id: randomUUID(),
  type,
  schemaVersion,
  data: { vehicleId, ...data },
  stream: vehicleStream(vehicleId),
  revision: 0,
  position: '',
  metadata: {
    actor: { kind: 'person', id: 'ada' },
    time: '2026-01-01T00:00:00.000Z',
    correlationId: 'c',
    causationId: null,
    source: 'http',
  },
});
const issued = (vehicleId: string, generation: number, fleetSecretId = 's') =>
  event(vehicleId, 'CredentialIssued', { generation, fleetSecretId });
const revoked = (vehicleId: string, generation: number) =>
  event(vehicleId, 'CredentialRevoked', { generation, reason: 'lost' });
const decommissioned = (vehicleId: string) =>
  event(vehicleId, 'VehicleDecommissioned', { at: '2026-01-01T00:00:00.000Z', reason: 'scrapped' });

/** As Mosquitto checks it. */
function accepts(line: string, password: string): boolean {
  const [, , iterations, salt, hash] = line.trimEnd().split('$');
  const made = pbkdf2Sync(password, Buffer.from(salt ?? '', 'base64'), Number(iterations), 64, 'sha512');
  return made.toString('base64') === hash;
}

describe('a line of the password file', () => {
  it('is as mosquitto_passwd writes it', () => {
    const salt = Buffer.from('0123456789ab');
    expect(passwordLine('V1', 'secret', { salt, iterations: 101 })).toBe(
      `V1:$7$101$MDEyMzQ1Njc4OWFi$${pbkdf2Sync('secret', salt, 101, 64, 'sha512').toString('base64')}\n`,
    );
  });
});

describe('the ACL file', () => {
  it('gives services everything, vehicles their own topics, and those shut out nothing', () => {
    expect(renderAcl(['fleetwave'], ['V9'])).toBe(
      [
        'user fleetwave',
        'topic readwrite fw/v1/#',
        '',
        'user V9',
        'topic deny fw/v1/V9/#',
        '',
        'pattern write fw/v1/%u/feedback',
        'pattern write fw/v1/%u/inventory',
        'pattern write fw/v1/%u/presence',
        'pattern read fw/v1/%u/update',
        'pattern read fw/v1/%u/grant',
        'pattern read fw/v1/%u/receipt',
        '',
      ].join('\n'),
    );
  });
});

describe('users folded from the log', () => {
  it('have the password of their newest credential', () => {
    const users = newUsers();
    expect(users.apply(issued('V1', 1))).toBe(true);
    expect(users.apply(issued('V2', 3))).toBe(true);
    expect(users.apply(issued('V1', 2))).toBe(true);
    const [service = '', first = '', second = ''] = users.passwords();
    expect(accepts(service, 'p')).toBe(true);
    expect(first).toMatch(/^V1:/);
    expect(accepts(first, vehiclePassword(secret.key, 'V1', 2))).toBe(true);
    expect(accepts(first, vehiclePassword(secret.key, 'V1', 1))).toBe(false);
    expect(accepts(second, vehiclePassword(secret.key, 'V2', 3))).toBe(true);
    expect(users.count()).toEqual({ admitted: 2, shutOut: 0 });
  });

  it('without a credential have no password and no rights', () => {
    const users = newUsers();
    for (const applied of [issued('V1', 1), issued('V2', 1), decommissioned('V2'), revoked('V1', 1)])
      expect(users.apply(applied)).toBe(true);
    // Known by its certificate only.
    expect(users.apply(decommissioned('V3'))).toBe(true);
    expect([...users.passwords()].length).toBe(1);
    for (const vehicleId of ['V1', 'V2', 'V3'])
      expect(users.acl()).toContain(`user ${vehicleId}\ntopic deny fw/v1/${vehicleId}/#\n`);
    expect(users.apply(issued('V1', 2))).toBe(true);
    expect(users.acl()).not.toContain('V1');
    expect(users.count()).toEqual({ admitted: 1, shutOut: 2 });
  });

  it('are not changed by what is none of their business', () => {
    const users = newUsers();
    users.apply(issued('V1', 2));
    expect(users.apply(revoked('V1', 1))).toBe(false);
    expect(users.apply(event('V1', 'ServiceFlagged', {}))).toBe(false);
    expect(users.apply({ ...issued('V2', 1), stream: 'fleet' })).toBe(false);
  });

  it('are nobody where the fleet secret is gone, or where a newer version has written', () => {
    const users = newUsers();
    users.apply(issued('V1', 1, 'gone'));
    users.apply(issued('V2', 1));
    users.apply(event('V2', 'CredentialRevoked', { generation: 1 }, 99));
    expect([...users.passwords()].length).toBe(1);
    expect(users.acl()).toContain('user V2\n');
  });

  it('give the same files from the same log, so that nothing is exchanged without need', () => {
    const [one, two] = [newUsers(), newUsers()];
    for (const users of [one, two]) for (const i of [1, 2, 3]) users.apply(issued(`V${i}`, i));
    expect([...one.passwords()]).toEqual([...two.passwords()]);
  });

  it('never share a name with a service', () => {
    const users = newUsers();
    expect(users.apply(issued('fleetwave', 1))).toBe(false);
    expect([...users.passwords()].length).toBe(1);
  });

  it('a service whose name can’t be written down is refused', () => {
    const make = (name: string) => () =>
      createMosquittoUsers({ fleetSecrets, serviceUsers: [{ name, password: 'p' }] });
    expect(make('a:b')).toThrow('not "a:b"');
    expect(make('a\nb')).toThrow(RangeError);
  });

  it('agree with the check of the embedded broker, whatever has happened', () => {
    const happening = fc.oneof(
      fc.nat(3).map((generation) => issued('V1', generation + 1)),
      fc.nat(3).map((generation) => revoked('V1', generation + 1)),
      fc.constant(decommissioned('V1')),
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 12 }), (events) => {
        const users = createMosquittoUsers({ fleetSecrets, serviceUsers: [] });
        for (const happened of events) users.apply(happened);
        const current = currentCredential(events);
        const [line] = users.passwords();
        if (current === null) expect(line).toBeUndefined();
        else expect(accepts(line ?? '', vehiclePassword(secret.key, 'V1', current.generation))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
