import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createEd25519Signer } from '../../../../src/adapters/signing/ed25519/signer.ts';

const pem = (type: 'ed25519' | 'ed448'): string =>
  generateKeyPairSync(type as 'ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

describe('the Ed25519 signer', () => {
  it('signs so that anyone with the public key can check it', async () => {
    const signer = createEd25519Signer(pem('ed25519'));
    const bytes = Buffer.from('a manifest');
    const signature = await signer.sign(bytes);
    expect(signature).toMatchObject({ keyId: signer.keyId, alg: 'ed25519' });
    const key = createPublicKey(signer.publicKey.publicKey);
    expect(verify(null, bytes, key, Buffer.from(signature.value, 'base64'))).toBe(true);
    expect(verify(null, Buffer.from('another'), key, Buffer.from(signature.value, 'base64'))).toBe(false);
  });

  it('has an id that belongs to its key', () => {
    const key = pem('ed25519');
    expect(createEd25519Signer(key).keyId).toBe(createEd25519Signer(key).keyId);
    expect(createEd25519Signer(key).keyId).not.toBe(createEd25519Signer(pem('ed25519')).keyId);
  });

  it('refuses other keys', () => {
    expect(() => createEd25519Signer(pem('ed448'))).toThrow('must be Ed25519');
    expect(() => createEd25519Signer('nothing')).toThrow();
  });
});
