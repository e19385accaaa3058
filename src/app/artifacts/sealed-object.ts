/**
 * Objects that lie in a store until an upload has ended: each encrypted with a key of its own, which lies wrapped at its
 * head and is bound to its name. So the store learns nothing, and an object that was altered, cut, or moved to another
 * name does not open. A key of its own for each, because two writers may race for one name with different bytes.
 *
 * Head (`HEAD_BYTES`): JSON, filled up with blanks. Then AES-256-GCM of the bytes, then its tag.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import { TAG_BYTES } from '../../protocol/content-format.ts';
import type { KeyWrapper } from '../ports/artifact-store.ts';
import { newContentKey } from './cipher.ts';

/** Room for the wrapped key of any key management. */
const HEAD_BYTES = 1024;
/** What goes through the cipher at a time. */
const STEP_BYTES = 65_536;
const ALGORITHM = 'aes-256-gcm';
/** One key, one message: the nonce need not differ. */
const NONCE = new Uint8Array(12);

const head = z.object({
  v: z.literal(1),
  id: z.uuid(),
  masterKeyId: z.string(),
  key: z.base64(),
});

/** An object that is not what was sealed under its name. */
export class DamagedObjectError extends Error {
  override readonly name = 'DamagedObjectError';
}

export interface Sealed {
  /** UUID by which the writer knows its own. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Bytes of what is in a sealed object of this size; negative for what is none. */
export const contentSize = (sealedSize: number): number => sealedSize - HEAD_BYTES - TAG_BYTES;

const contextOf = (name: string, id: string): string => `staged/${name}/${id}`;

/** @param newId gives a UUID. @throws what the key wrapper throws. */
export async function seal(
  wrapper: KeyWrapper,
  newId: () => string,
  name: string,
  plain: Uint8Array,
): Promise<Sealed> {
  const { fileId: id, key } = newContentKey(newId());
  const wrapped = await wrapper.wrap(key, contextOf(name, id));
  const text = JSON.stringify({ v: 1, id, masterKeyId: wrapper.masterKeyId, key: wrapped });
  if (Buffer.byteLength(text) > HEAD_BYTES)
    throw new Error(`a wrapped key of ${wrapped.length} characters has no room in the head of an object`);
  const bytes = Buffer.allocUnsafeSlow(HEAD_BYTES + plain.length + TAG_BYTES);
  bytes.fill(' ', bytes.write(text), HEAD_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, NONCE, { authTagLength: TAG_BYTES });
  for (let at = 0; at < plain.length; at += STEP_BYTES)
    bytes.set(cipher.update(plain.subarray(at, at + STEP_BYTES)), HEAD_BYTES + at);
  cipher.final();
  bytes.set(cipher.getAuthTag(), HEAD_BYTES + plain.length);
  return { id, bytes };
}

function headOf(name: string, sealed: Uint8Array): z.infer<typeof head> {
  if (contentSize(sealed.length) < 0) throw new DamagedObjectError(`${name} is cut short`);
  try {
    return head.parse(JSON.parse(Buffer.from(sealed.subarray(0, HEAD_BYTES)).toString()));
  } catch {
    throw new DamagedObjectError(`${name} does not begin as a sealed object does`);
  }
}

/** @throws DamagedObjectError when it is none. */
export const sealedId = (name: string, sealed: Uint8Array): string => headOf(name, sealed).id;

/**
 * @throws DamagedObjectError when it is not what was sealed under this name; what the key wrapper throws when the
 *   master key is not there.
 */
export async function unseal(wrapper: KeyWrapper, name: string, sealed: Uint8Array): Promise<Uint8Array> {
  const { id, masterKeyId, key: wrapped } = headOf(name, sealed);
  const key = await unwrapped(wrapper, name, { id, masterKeyId, key: wrapped });
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(end));
  const plain = Buffer.allocUnsafeSlow(end - HEAD_BYTES);
  for (let at = HEAD_BYTES; at < end; at += STEP_BYTES)
    plain.set(decipher.update(sealed.subarray(at, Math.min(end, at + STEP_BYTES))), at - HEAD_BYTES);
  try {
    decipher.final();
  } catch {
    throw new DamagedObjectError(`${name} does not carry the right authentication tag`);
  }
  return plain;
}

/** What the present master key does not open was altered; an older one may only be missing here. */
async function unwrapped(
  wrapper: KeyWrapper,
  name: string,
  { id, masterKeyId, key }: Omit<z.infer<typeof head>, 'v'>,
): Promise<Uint8Array> {
  try {
    return await wrapper.unwrap(key, contextOf(name, id), masterKeyId);
  } catch (error) {
    if (masterKeyId !== wrapper.masterKeyId) throw error;
    throw new DamagedObjectError(`the key at the head of ${name} can not be unwrapped`, { cause: error });
  }
}
