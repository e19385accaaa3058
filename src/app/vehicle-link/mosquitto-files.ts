/** What Mosquitto is to know of vehicles: its password and ACL files, rendered from the log. No file is touched here. */
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { parseStream } from '../../domain/shared/streams.ts';
import type { RecordedEvent } from '../ports/event-store.ts';
import type { KeyRing } from '../ports/keys.ts';
import { afterEvent, type CredentialState, vehiclePassword } from './credentials.ts';

/** A process of ours, or another one that may read and write all topics of the protocol. */
export interface ServiceUser {
  readonly name: string;
  readonly password: string;
}

const SALT_BYTES = 12;
const HASH_BYTES = 64;
/**
 * Stretching protects passwords that can be guessed; those of vehicles are 256-bit MACs, which can't. And the broker,
 * a single thread, hashes one for every connection and, at every reload, one for every connected vehicle.
 */
const VEHICLE_ITERATIONS = 1;
/** These are chosen by people: about 10 ms each. */
const SERVICE_ITERATIONS = 20_000;

/** A line of a password file of Mosquitto 2: PBKDF2 with HMAC-SHA512. @param salt 12 bytes. */
export function passwordLine(
  name: string,
  password: string,
  { salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number },
): string {
  const hash = pbkdf2Sync(password, salt, iterations, HASH_BYTES, 'sha512');
  return `${name}:$7$${iterations}$${Buffer.from(salt).toString('base64')}$${hash.toString('base64')}\n`;
}

/**
 * The salt follows from the secret and what the line is for, so that the same log and keys give the same file, which
 * then need not be exchanged. Who has the file but not the secret learns nothing from it.
 */
const saltFor = (key: Uint8Array, what: string): Buffer =>
  createHmac('sha256', key).update(`mosquitto salt ${what}`).digest().subarray(0, SALT_BYTES);

const UP = ['feedback', 'inventory', 'presence'];
const DOWN = ['update', 'grant', 'receipt'];

/**
 * Service users may do everything under `fw/v1`, a vehicle what its own topics are for; `%u` is its user name or,
 * with certificates, the CN. Those `shutOut` may do nothing, also where a certificate still lets them in.
 */
export function renderAcl(serviceUsers: readonly string[], shutOut: Iterable<string>): string {
  const services = serviceUsers.map((name) => `user ${name}\ntopic readwrite fw/v1/#\n\n`);
  const denied = [...shutOut].map((vehicleId) => `user ${vehicleId}\ntopic deny fw/v1/${vehicleId}/#\n\n`);
  const patterns = [
    ...UP.map((name) => `pattern write fw/v1/%u/${name}\n`),
    ...DOWN.map((name) => `pattern read fw/v1/%u/${name}\n`),
  ];
  return [...services, ...denied, ...patterns].join('');
}

export interface MosquittoUsers {
  /** Takes an event of a vehicle's stream. True when it changes the files. */
  apply(event: RecordedEvent): boolean;
  /** Lines of the password file. */
  passwords(): Iterable<string>;
  acl(): string;
  /** Vehicles with a password, and those shut out. */
  count(): { readonly admitted: number; readonly shutOut: number };
}

interface Row {
  credential: CredentialState;
  /** Kept, so that a change of one vehicle costs one hash; null = not computed yet. */
  line: string | null;
}

/** @throws RangeError for a service user whose name can't be written down. */
export function createMosquittoUsers(deps: {
  readonly fleetSecrets: KeyRing;
  readonly serviceUsers: readonly ServiceUser[];
}): MosquittoUsers {
  const { fleetSecrets, serviceUsers } = deps;
  const names = serviceUsers.map(({ name }) => name);
  names.forEach(checkServiceUser);
  const services = serviceUsers.map(({ name, password }) =>
    passwordLine(name, password, {
      salt: saltFor(fleetSecrets.current.key, `service ${name}`),
      iterations: SERVICE_ITERATIONS,
    }),
  );
  const rows = new Map<string, Row>();

  /** Empty when the fleet secret is gone that the password is made from. */
  function lineOf(
    vehicleId: string,
    { generation, fleetSecretId }: Exclude<CredentialState, string | null>,
  ): string {
    const secret = fleetSecrets.get(fleetSecretId);
    if (secret === null) return '';
    return passwordLine(vehicleId, vehiclePassword(secret.key, vehicleId, generation), {
      salt: saltFor(secret.key, `vehicle ${vehicleId}:${generation}`),
      iterations: VEHICLE_ITERATIONS,
    });
  }

  const isOut = (credential: CredentialState): boolean => credential === null || credential === 'unreadable';
  let out = 0;
  function* shutOut(): Iterable<string> {
    for (const [vehicleId, { credential }] of rows) if (isOut(credential)) yield vehicleId;
  }

  return {
    apply(event) {
      const stream = parseStream(event.stream);
      // A vehicle that has the name of a service gets nothing: it would have the other's rights.
      if (stream.category !== 'vehicle' || names.includes(stream.vehicleId)) return false;
      const { vehicleId } = stream;
      const row = rows.get(vehicleId);
      const before = row?.credential ?? null;
      const credential = afterEvent(before, event);
      // One that never had a password may still have a certificate.
      const leaves = row === undefined && event.type === 'VehicleDecommissioned';
      if (credential === before && !leaves) return false;
      if (row !== undefined && isOut(before)) out--;
      if (isOut(credential)) out++;
      if (row === undefined) rows.set(vehicleId, { credential, line: null });
      else Object.assign(row, { credential, line: null });
      return true;
    },
    *passwords() {
      yield* services;
      for (const [vehicleId, row] of rows) {
        if (row.credential === null || row.credential === 'unreadable') continue;
        row.line ??= lineOf(vehicleId, row.credential);
        if (row.line !== '') yield row.line;
      }
    },
    acl: () => renderAcl(names, shutOut()),
    count: () => ({ admitted: rows.size - out, shutOut: out }),
  };
}

function checkServiceUser(name: string): void {
  if (!/^[A-Za-z0-9._@-]{1,64}$/.test(name))
    throw new RangeError(`A service user of Mosquitto has letters, digits, . _ @ and -, not "${name}".`);
}
