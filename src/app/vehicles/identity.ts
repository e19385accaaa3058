/** How a VIN becomes a vehicle id, and what of the VIN is stored (DESIGN §3 "Identity"). */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { isVin } from '../../domain/shared/vin.ts';
import type { StoredVin } from '../../domain/vehicle/state.ts';
import type { Secret } from '../ports.ts';

export interface VehicleIdentity {
  readonly mode: 'vin' | 'pseudonym';
  /** Always the same for one VIN. The VIN need not be valid; the decider checks it. */
  toVehicleId(vin: string): string;
  /** What goes into the log for it. */
  store(vin: string): StoredVin;
  /** Null when the key it was sealed with is gone: the VIN was erased. @throws Error when it was altered. */
  reveal(stored: StoredVin): string | null;
}

/** Whichever key seals a VIN is named in the log; destroying that key erases the VIN from a log that can't change. */
export interface SealingKeys {
  keyFor(vehicleId: string): Secret;
  get(keyId: string): Secret | null;
}

/** The default: the vehicle id is the VIN. */
export const vinIdentity: VehicleIdentity = {
  mode: 'vin',
  toVehicleId: (vin) => vin,
  store: (vin) => ({ clear: vin }),
  reveal: (stored) => ('clear' in stored ? stored.clear : null),
};

/** RFC 4648, capital letters: fits into topics, stream names and the syntax of vehicle ids. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PSEUDONYM_LENGTH = 26;

function base32(bytes: Uint8Array, length: number): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5 && text.length < length) {
      bits -= 5;
      text += BASE32[(held >>> bits) & 31];
    }
  }
  return text;
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const associated = (keyId: string): Buffer => Buffer.from(`fleetwave vin\n${keyId}`);

/**
 * Ids are 130 bits of HMAC-SHA256 over the VIN. `pseudonymKey` (32 bytes) must never change: every id rests on
 * it. The VIN is sealed with AES-256-GCM; base64 of nonce ‖ ciphertext ‖ tag.
 */
export function createPseudonymIdentity(pseudonymKey: Uint8Array, sealing: SealingKeys): VehicleIdentity {
  if (pseudonymKey.length < 32) throw new Error('the pseudonym key must have 32 bytes or more');
  const toVehicleId = (vin: string): string =>
    base32(
      createHmac('sha256', pseudonymKey).update(`fleetwave vehicle id\n${vin}`).digest(),
      PSEUDONYM_LENGTH,
    );
  return {
    mode: 'pseudonym',
    toVehicleId,
    store: (vin) => {
      const { id: keyId, key } = sealing.keyFor(toVehicleId(vin));
      return { sealed: seal(vin, keyId, key), keyId };
    },
    reveal: (stored) => {
      if ('clear' in stored) return stored.clear;
      const secret = sealing.get(stored.keyId);
      return secret === null ? null : unseal(stored.sealed, stored.keyId, secret.key);
    },
  };
}

function seal(vin: string, keyId: string, key: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(keyId));
  return Buffer.concat([nonce, cipher.update(vin, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64',
  );
}

function unseal(sealed: string, keyId: string, key: Uint8Array): string {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('the sealed VIN is cut short');
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associated(keyId));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  const vin = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    throw new Error(`the sealed VIN was altered, or ${keyId} is not the key it was sealed with`);
  }
  return vin.toString('utf8');
}

/** The id that a VIN or an id stands for. In pseudonymous deployments nothing else has the form of a VIN. */
export const vehicleIdOf = (identity: VehicleIdentity, vinOrId: string): string =>
  isVin(vinOrId) ? identity.toVehicleId(vinOrId) : vinOrId;

/** The same path with ids in the place of VINs: what is recorded of a request must not hold a VIN that is sealed elsewhere. */
export const pathWithIds = (identity: VehicleIdentity, path: string): string =>
  path
    .split('/')
    .map((part) => (isVin(part.toUpperCase()) ? identity.toVehicleId(part.toUpperCase()) : part))
    .join('/');
