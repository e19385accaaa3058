/**
 * Passwords of vehicles: derived from a fleet secret, the vehicle id and a generation, so that none is stored.
 * Whether a generation still counts is what the vehicle's stream says.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readEvent } from '../../domain/events.ts';
import { vehicleStream } from '../../domain/shared/streams.ts';
import { hmacKey } from '../hmac-key.ts';
import type { EventStore, RecordedEvent } from '../ports/event-store.ts';
import type { KeyRing } from '../ports/keys.ts';

/** The credential that a vehicle has now. */
export interface CurrentCredential {
  readonly generation: number;
  readonly fleetSecretId: string;
}

/** base64url(HMAC-SHA256(fleet secret, `{vehicleId}:{generation}`)). */
export const vehiclePassword = (fleetSecret: Uint8Array, vehicleId: string, generation: number): string =>
  createHmac('sha256', hmacKey(fleetSecret)).update(`${vehicleId}:${generation}`).digest('base64url');

const RELEVANT = new Set(['CredentialIssued', 'CredentialRevoked', 'VehicleDecommissioned']);

/** Folds a vehicle's stream to its credential; null when it has none (any more). */
export function currentCredential(events: Iterable<RecordedEvent>): CurrentCredential | null {
  let current: CurrentCredential | null = null;
  for (const { type, schemaVersion, data } of events) {
    if (!RELEVANT.has(type)) continue;
    const read = readEvent(type, schemaVersion, data);
    // Written by a newer version: what it means is not known here, so nobody gets in on it.
    if (!read.known) return null;
    const { event } = read;
    if (event.type === 'CredentialIssued')
      current = { generation: event.data.generation, fleetSecretId: event.data.fleetSecretId };
    else if (event.type === 'VehicleDecommissioned') current = null;
    else if (event.type === 'CredentialRevoked' && current?.generation === event.data.generation)
      current = null;
  }
  return current;
}

const equal = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/**
 * Checks user name and password of a vehicle against its stream as it is at that moment.
 * The function made rejects when the store can't be read.
 */
export const createCredentialCheck =
  (deps: { readonly store: Pick<EventStore, 'readStreams'>; readonly fleetSecrets: KeyRing }) =>
  async (vehicleId: string, secret: string): Promise<boolean> => {
    const [events = []] = await deps.store.readStreams([vehicleStream(vehicleId)]);
    const current = currentCredential(events);
    if (current === null) return false;
    const fleetSecret = deps.fleetSecrets.get(current.fleetSecretId);
    if (fleetSecret === null) return false;
    return equal(secret, vehiclePassword(fleetSecret.key, vehicleId, current.generation));
  };
