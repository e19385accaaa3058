/** Key rings in files: `{"v":1,"current":"<id>","keys":{"<id>":"<base64 of 32 bytes>"}}`. */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { KeyRing, Secret } from '../../../app/ports/keys.ts';
import { KeyFileError, openSecretFile } from './secret-file.ts';

const KEY_BYTES = 32;
const ringFile = z.strictObject({
  v: z.literal(1),
  current: z.string(),
  keys: z.record(z.string(), z.base64()),
});

/** Ids come from the key itself, so that a wrong key can't go by the name of the right one. */
const idOf = (key: Uint8Array): string =>
  createHash('sha256').update('fleetwave key id\n').update(key).digest('hex').slice(0, 16);

const newRing = (): string => {
  const key = randomBytes(KEY_BYTES);
  const id = idOf(key);
  return `${JSON.stringify({ v: 1, current: id, keys: { [id]: key.toString('base64') } }, null, 2)}\n`;
};

function secretOf(base64: string, where: string): Secret {
  const key = Buffer.from(base64, 'base64');
  if (key.length !== KEY_BYTES)
    throw new KeyFileError(`${where} must be base64 of ${KEY_BYTES} bytes, not of ${key.length}`);
  return { id: idOf(key), key };
}

function ringOf(current: Secret, all: readonly Secret[]): KeyRing {
  const byId = new Map(all.map((secret) => [secret.id, secret]));
  return { current, get: (id) => byId.get(id) ?? null };
}

function parseRing(text: string, path: string): KeyRing {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new KeyFileError(`${path} is not JSON. Restore it from a backup: what it protected needs it.`);
  }
  const parsed = ringFile.safeParse(json);
  if (!parsed.success) throw new KeyFileError(`${path}: ${z.prettifyError(parsed.error)}`);
  const secrets = Object.entries(parsed.data.keys).map(([id, base64]) => {
    const secret = secretOf(base64, `${path}: key ${id}`);
    if (secret.id !== id) throw new KeyFileError(`${path}: the key named ${id} is another one: ${secret.id}`);
    return secret;
  });
  const current = secrets.find((secret) => secret.id === parsed.data.current);
  if (current === undefined) throw new KeyFileError(`${path}: there is no key ${parsed.data.current}`);
  return ringOf(current, secrets);
}

/**
 * Opens a key ring file, making one with a new random key where there is none.
 * @throws KeyFileError when it is damaged, or others can read it.
 */
export const openKeyRing = async (path: string): Promise<KeyRing> =>
  parseRing(await openSecretFile(path, newRing), path);

/**
 * A ring with the one key that a setting gives, as base64 of 32 bytes.
 * @throws KeyFileError naming the setting.
 */
export function keyRingOf(base64: string, setting: string): KeyRing {
  const secret = secretOf(base64, setting);
  return ringOf(secret, [secret]);
}
