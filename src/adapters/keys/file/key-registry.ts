/** Public keys that signatures are checked with: ours, and those registered as `trusted/*.json`. */
import { createPublicKey } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { KeyRegistry, VerificationKey } from '../../../app/ports/keys.ts';
import { KeyFileError } from './secret-file.ts';

const trustedKey = z.strictObject({
  keyId: z.string().min(1).max(128),
  alg: z.literal('ed25519'),
  owner: z.string().min(1).max(200),
  publicKey: z.string().refine(isEd25519, 'must be an Ed25519 public key as PEM'),
  validFrom: z.iso.datetime().nullable().default(null),
  validUntil: z.iso.datetime().nullable().default(null),
  revokedAt: z.iso.datetime().nullable().default(null),
});

function isEd25519(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

async function readTrusted(path: string): Promise<VerificationKey> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new KeyFileError(`${path} can't be read: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = trustedKey.safeParse(json);
  if (!parsed.success) throw new KeyFileError(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/**
 * The files are read at each call: they are few, signatures are checked rarely, and a key that was revoked
 * must not be believed until the next start. A file that can't be read is an error, not one key less.
 */
export function createKeyRegistry(own: readonly VerificationKey[], trustedDirectory: string): KeyRegistry {
  return {
    async keys() {
      const names = await readdir(trustedDirectory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      const files = names.filter((name) => name.endsWith('.json')).sort();
      const trusted = await Promise.all(files.map((name) => readTrusted(join(trustedDirectory, name))));
      const all = [...own, ...trusted];
      const twice = all.find((key, index) => all.findIndex((other) => other.keyId === key.keyId) !== index);
      if (twice !== undefined)
        throw new KeyFileError(`${trustedDirectory}: the key id ${twice.keyId} is given twice`);
      return all;
    },
  };
}
