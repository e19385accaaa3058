/** API keys: `fwk_{keyId}_{secret}`. The id may be seen by anyone; of the whole only a SHA-256 is kept. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Without letters that are read as others. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const KEY_ID_LENGTH = 12;
const SECRET_BYTES = 32;

const FORM = /^fwk_([a-z0-9]{4,32})_([A-Za-z0-9_-]{20,100})$/;

const letters = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, KEY_ID_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');

/** A key id: random, or always the same for one seed (an Idempotency-Key), so that a repeat names the same key. */
export const newKeyId = (seed: string | null): string =>
  letters(
    seed === null ? randomBytes(KEY_ID_LENGTH) : createHash('sha256').update(`key-id:${seed}`).digest(),
  );

/** 256 random bits: nothing that could be guessed or needs a slow hash. */
export const newApiKey = (keyId: string): string =>
  `fwk_${keyId}_${randomBytes(SECRET_BYTES).toString('base64url')}`;

/** The id in a key's text, or null for anything that can't be one. */
export const keyIdOf = (key: string): string | null => FORM.exec(key)?.[1] ?? null;

export const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');

/** Compares in constant time. Both are hex of SHA-256. */
export const sameHash = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
