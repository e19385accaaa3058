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

/** `unreadable`: a newer version has written something about it that is not known here, so nobody gets in on it. */
export type CredentialState = CurrentCredential | 'unreadable' | null;

/** What a vehicle's credential is after one more event of its stream; null = it has none (any more). */
export function afterEvent(
  current: CredentialState,
  { type, schemaVersion, data }: RecordedEvent,
): CredentialState {
  if (current === 'unreadable' || !RELEVANT.has(type)) return current;
  const read = readEvent(type, schemaVersion, data);
  if (!read.known) return 'unreadable';
  const { event } = read;
  if (event.type === 'CredentialIssued')
    return { generation: event.data.generation, fleetSecretId: event.data.fleetSecretId };
  if (event.type === 'VehicleDecommissioned') return null;
  return event.type === 'CredentialRevoked' && current?.generation === event.data.generation ? null : current;
}

/** Folds a vehicle's stream to its credential; null when it has none (any more). */
export function currentCredential(events: Iterable<RecordedEvent>): CurrentCredential | null {
  let current: CredentialState = null;
  for (const event of events) current = afterEvent(current, event);
  return current === 'unreadable' ? null : current;
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
