/** Content-Digest (RFC 9530): `sha-256=:base64:`, maybe among others. */
import { problem } from './problem.ts';

const SHA256 = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:,|$)/;

/**
 * The declared SHA-256 as lower-case hex.
 * @throws Problem `digest-required` when there is none, or it isn't 32 bytes of base64.
 */
export function contentDigestOf(header: string | string[] | undefined): string {
  const match = SHA256.exec(header === undefined ? '' : String(header));
  if (match !== null) return Buffer.from(match[1] ?? '', 'base64').toString('hex');
  throw problem('digest-required', 'an upload must declare the SHA-256 of its bytes', {
    hint: 'Send Content-Digest: sha-256=:BASE64: (RFC 9530).',
    errors: [{ path: '/headers/content-digest', message: 'must be sha-256=:base64 of 32 bytes:' }],
  });
}
