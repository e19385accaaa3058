/** Everything secret of one deployment, from `{data}/keys/`: made at the first start, mode 0600. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyWrapper } from '../../../app/ports/artifact-store.ts';
import type { KeyRing } from '../../../app/ports/keys.ts';
import { keyRingOf, openKeyRing } from './key-ring.ts';
import { createKeyWrapper } from './key-wrapper.ts';
import { openSecretFile } from './secret-file.ts';

export interface DeploymentKeys {
  readonly wrapper: KeyWrapper;
  /** Vehicle passwords are derived from these. */
  readonly fleetSecrets: KeyRing;
  /** Content tokens are authenticated with these. */
  readonly tokenKeys: KeyRing;
  /** Ed25519 private key, PKCS #8 as PEM. */
  readonly signingKey: string;
  /** Where public keys of outside signers are registered. */
  readonly trustedDirectory: string;
}

const newSigningKey = (): string =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

/**
 * Opens the keys of a data directory. A master key given by setting (base64 of 32 bytes) takes the place of
 * the file, and no file is made then.
 * @throws KeyFileError when a file is damaged or open to others, or the setting is not a key.
 */
export async function openKeys(options: {
  readonly directory: string;
  readonly masterKey?: { readonly base64: string; readonly setting: string };
}): Promise<DeploymentKeys> {
  const { directory, masterKey } = options;
  const trustedDirectory = join(directory, 'trusted');
  await mkdir(trustedDirectory, { recursive: true, mode: 0o700 });
  const master =
    masterKey === undefined
      ? await openKeyRing(join(directory, 'master.json'))
      : keyRingOf(masterKey.base64, masterKey.setting);
  return {
    wrapper: createKeyWrapper(master),
    fleetSecrets: await openKeyRing(join(directory, 'fleet-secrets.json')),
    tokenKeys: await openKeyRing(join(directory, 'content-tokens.json')),
    signingKey: await openSecretFile(join(directory, 'signing.pem'), newSigningKey),
    trustedDirectory,
  };
}
