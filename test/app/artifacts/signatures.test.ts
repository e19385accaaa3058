import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { manifestBytes, signatureProblem } from '../../../src/app/artifacts/signatures.ts';

const pair = generateKeyPairSync('ed25519');
const key = {
  keyId: 'oem',
  alg: 'ed25519',
  owner: 'Example Motors',
  publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  validFrom: '2026-01-01T00:00:00Z',
  validUntil: '2027-01-01T00:00:00Z',
  revokedAt: null,
} as const;
const bytes = manifestBytes({ b: 1, a: 'x' });
const signature = {
  keyId: 'oem',
  alg: 'ed25519',
  value: sign(null, bytes, pair.privateKey).toString('base64'),
} as const;
const at = '2026-06-01T00:00:00.000Z';

describe('a signature over a manifest', () => {
  it('is good over the canonical bytes, whatever the order of the fields', () => {
    expect(signatureProblem([key], manifestBytes({ a: 'x', b: 1 }), signature, at)).toBeNull();
    expect(signatureProblem([key], manifestBytes({ a: 'x', b: 2 }), signature, at)).toContain(
      'does not match',
    );
    expect(signatureProblem([key], bytes, { ...signature, value: 'AAAA' }, at)).toContain('does not match');
  });

  it('is bad when its key is unknown, revoked, or not valid then', () => {
    expect(signatureProblem([], bytes, signature, at)).toContain('not registered');
    expect(signatureProblem([{ ...key, revokedAt: at }], bytes, signature, at)).toContain('revoked');
    expect(
      signatureProblem([{ ...key, revokedAt: '2026-06-02T00:00:00Z' }], bytes, signature, at),
    ).toBeNull();
    expect(signatureProblem([key], bytes, signature, '2025-12-31T23:59:59.999Z')).toContain(
      'not valid before',
    );
    expect(signatureProblem([key], bytes, signature, '2027-01-01T00:00:00.000Z')).toContain('valid until');
  });
});
