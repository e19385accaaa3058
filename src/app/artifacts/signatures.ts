/** Whether a signature over a manifest may be believed: right bytes, known key, within its validity, not revoked. */
import { createPublicKey, verify } from 'node:crypto';
import type { Signature } from '../../domain/artifact/events.ts';
import { canonicalJson } from '../../protocol/canonical.ts';
import type { VerificationKey } from '../ports/keys.ts';

/** The bytes that signatures and digests of a manifest are made over. */
export const manifestBytes = (manifest: unknown): Uint8Array => Buffer.from(canonicalJson(manifest));

/**
 * What is wrong with a signature at an instant (ISO 8601 UTC); null when nothing is. A revoked key is never
 * believed, whenever it signed: a signature carries no time that could be trusted.
 */
export function signatureProblem(
  keys: readonly VerificationKey[],
  bytes: Uint8Array,
  signature: Signature,
  at: string,
): string | null {
  const key = keys.find((candidate) => candidate.keyId === signature.keyId);
  if (key === undefined) return `the key ${signature.keyId} is not registered`;
  const now = Date.parse(at);
  if (key.revokedAt !== null && Date.parse(key.revokedAt) <= now)
    return `the key ${key.keyId} was revoked at ${key.revokedAt}`;
  if (key.validFrom !== null && now < Date.parse(key.validFrom))
    return `the key ${key.keyId} is not valid before ${key.validFrom}`;
  if (key.validUntil !== null && now >= Date.parse(key.validUntil))
    return `the key ${key.keyId} was valid until ${key.validUntil}`;
  const good = verify(null, bytes, createPublicKey(key.publicKey), Buffer.from(signature.value, 'base64'));
  return good ? null : `the signature of ${key.keyId} does not match the manifest`;
}
