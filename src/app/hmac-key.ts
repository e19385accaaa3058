/** Key objects for HMACs, made once per key: making one costs several times what the MAC of a short text does. */
import { createSecretKey, type KeyObject } from 'node:crypto';

const made = new WeakMap<Uint8Array, KeyObject>();

export function hmacKey(key: Uint8Array): KeyObject {
  let object = made.get(key);
  if (object === undefined) {
    object = createSecretKey(key);
    made.set(key, object);
  }
  return object;
}
