/**
 * Wraps content keys by a master key: AES-256-GCM with a random nonce; master key id and context are bound as
 * associated data, so that a wrapped key can't be moved to another file. Base64 of nonce ‖ ciphertext ‖ tag.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyWrapper } from '../../../app/ports/artifact-store.ts';
import type { KeyRing } from '../../../app/ports/keys.ts';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const associated = (masterKeyId: string, context: string): Buffer =>
  Buffer.from(`fleetwave content key\n${masterKeyId}\n${context}`);

export const createKeyWrapper = (ring: KeyRing): KeyWrapper => ({
  masterKeyId: ring.current.id,

  async wrap(key, context) {
    const { id, key: master } = ring.current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, master, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associated(id, context));
    const body = cipher.update(key);
    return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]).toString('base64');
  },

  async unwrap(wrapped, context, masterKeyId) {
    const master = ring.get(masterKeyId);
    if (master === null) throw new Error(`the master key ${masterKeyId} is not in the key ring`);
    const bytes = Buffer.from(wrapped, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('the wrapped key is cut short');
    const decipher = createDecipheriv(ALGORITHM, master.key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associated(masterKeyId, context));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const key = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      throw new Error('the wrapped key or what it belongs to was altered');
    }
    return key;
  },
});
