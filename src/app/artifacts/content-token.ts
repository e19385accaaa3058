/**
 * The right to download: `base64url(payload).base64url(HMAC-SHA256)`. Each file is named by the first 16 bytes
 * of the SHA-256 of its ciphertext (128 bits), so that the token of the largest offer (128 files) stays under
 * 4 KiB and fits an HTTP header.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { vehicleId } from '../../domain/shared/ids.ts';
import { hmacKey } from '../hmac-key.ts';
import type { KeyRing } from '../ports/keys.ts';

const PREFIX_HEX = 32;
const PREFIX_BYTES = 16;

const payload = z.strictObject({
  vehicleId,
  /** Key that the token was made with. */
  kid: z.string(),
  /** Base64url of the prefixes, one after another. */
  sha256s: z.string(),
  /** Seconds since 1970 (RFC 7519's NumericDate). */
  exp: z.int(),
});

const mac = (key: Uint8Array, body: string): Buffer =>
  createHmac('sha256', hmacKey(key)).update(`fleetwave content token\n${body}`).digest();

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Makes a token for one vehicle and some ciphertexts; `expiresAt` in milliseconds since 1970. */
export function issueContentToken(
  keys: KeyRing,
  grant: { readonly vehicleId: string; readonly sha256s: readonly string[]; readonly expiresAt: number },
): string {
  const prefixes = Buffer.concat(
    grant.sha256s.map((sha256) => Buffer.from(sha256.slice(0, PREFIX_HEX), 'hex')),
  );
  const claims: z.infer<typeof payload> = {
    vehicleId: grant.vehicleId,
    kid: keys.current.id,
    sha256s: prefixes.toString('base64url'),
    exp: Math.floor(grant.expiresAt / 1000),
  };
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${body}.${mac(keys.current.key, body).toString('base64url')}`;
}

export type TokenVerdict =
  | { readonly ok: true; readonly vehicleId: string }
  | { readonly ok: false; readonly code: 'token-invalid' | 'token-expired' | 'content-not-granted' };

/** Whether a token gives the right to one ciphertext at a time (milliseconds since 1970). */
export function checkContentToken(keys: KeyRing, token: string, sha256: string, now: number): TokenVerdict {
  const invalid: TokenVerdict = { ok: false, code: 'token-invalid' };
  const [body, given, ...rest] = token.split('.');
  if (body === undefined || given === undefined || rest.length > 0) return invalid;
  const claims = readPayload(body);
  if (claims === null) return invalid;
  const key = keys.get(claims.kid);
  if (key === null) return invalid;
  const expected = mac(key.key, body);
  const presented = Buffer.from(given, 'base64url');
  if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) return invalid;
  if (claims.exp * 1000 <= now) return { ok: false, code: 'token-expired' };
  if (!names(claims.sha256s, sha256)) return { ok: false, code: 'content-not-granted' };
  return { ok: true, vehicleId: claims.vehicleId };
}

function readPayload(body: string): z.infer<typeof payload> | null {
  try {
    const parsed = payload.safeParse(JSON.parse(utf8.decode(Buffer.from(body, 'base64url'))));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function names(prefixes: string, sha256: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(sha256)) return false;
  const wanted = Buffer.from(sha256.slice(0, PREFIX_HEX), 'hex');
  const all = Buffer.from(prefixes, 'base64url');
  for (let at = 0; at + PREFIX_BYTES <= all.length; at += PREFIX_BYTES)
    if (all.subarray(at, at + PREFIX_BYTES).equals(wanted)) return true;
  return false;
}
