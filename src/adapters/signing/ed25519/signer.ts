/** Signs manifests with our own Ed25519 key (RFC 8032), held in this process. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { ManifestSigner } from '../../../app/ports/artifact-store.ts';
import type { VerificationKey } from '../../../app/ports/keys.ts';

export interface Ed25519Signer extends ManifestSigner {
  readonly publicKey: VerificationKey;
}

/**
 * A signer with a private key (PKCS #8 PEM). Its key id is `fleetwave-` and 16 hex digits of the SHA-256 of
 * the public key, so that another key never goes by the same id.
 * @throws Error when it is no Ed25519 private key.
 */
export function createEd25519Signer(privateKeyPem: string): Ed25519Signer {
  const privateKey = createPrivateKey(privateKeyPem);
  if (privateKey.asymmetricKeyType !== 'ed25519')
    throw new Error(`the signing key must be Ed25519, not ${privateKey.asymmetricKeyType}`);
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const keyId = `fleetwave-${createHash('sha256').update(der).digest('hex').slice(0, 16)}`;
  return {
    keyId,
    publicKey: {
      keyId,
      alg: 'ed25519',
      owner: 'fleetwave',
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      validFrom: null,
      validUntil: null,
      revokedAt: null,
    },
    async sign(bytes) {
      return { keyId, alg: 'ed25519', value: sign(null, bytes, privateKey).toString('base64') };
    },
  };
}
